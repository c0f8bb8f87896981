package dev.kobahn.protocol.stream

import dev.kobahn.protocol.frame.Frame
import java.nio.charset.Charset

/**
 * What goes over a [Stream]: a data message ([TextMessage], [BinaryMessage]) or one of the three
 * control messages. Unlike a `dev.kobahn.Message`, it is made piece by piece and knows its frames.
 * Not thread-safe. ws4py: `Message`.
 */
public sealed class StreamMessage(
    /** The opcode of the message's first frame. */
    public val opcode: Int,
) {
    /** The payload, as far as it has come: do not change it. To read it in between costs a copy. */
    public abstract val data: ByteArray

    /** How [data] reads as [text]: UTF-8, or null for a binary message, which does not. */
    public open val encoding: Charset? get() = Charsets.UTF_8

    /**
     * The payload as text, the reason in a Close; what is malformed reads as U+FFFD.
     *
     * @throws IllegalStateException if this is a binary message
     */
    public open val text: String get() = data.decodeToString()

    /** The length: code points of [text], or octets of a binary message. ws4py: `len(message)`. */
    public open val length: Int get() = text.let { it.codePointCount(0, it.length) }

    /** The octets of one frame with all of [data], masked with [maskingKey] unless that is null. */
    @JvmOverloads
    public fun single(maskingKey: Int? = null): ByteArray = Frame(opcode, data, maskingKey).build()

    override fun toString(): String = text
}
