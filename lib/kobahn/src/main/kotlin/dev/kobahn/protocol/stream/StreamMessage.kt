package dev.kobahn.protocol.stream

import dev.kobahn.protocol.frame.Frame
import java.nio.charset.Charset

/**
 * A message of a [Stream]: a data message ([TextMessage], [BinaryMessage]) or one of the three
 * control messages. Unlike a `dev.kobahn.Message`, it may be incomplete and can encode its frames.
 * Not thread-safe. ws4py: `Message`.
 */
public sealed class StreamMessage(
    /** The opcode of the message's first frame. */
    public val opcode: Int,
) {
    /**
     * The payload received so far: do not change it. Reading it before the message is complete
     * costs a copy.
     */
    public abstract val data: ByteArray

    /** The charset of [text]: UTF-8, or null for a binary message. */
    public open val encoding: Charset? get() = Charsets.UTF_8

    /**
     * The payload as text, or the reason of a Close. Malformed UTF-8 is replaced by U+FFFD.
     *
     * @throws IllegalStateException if this is a binary message
     */
    public open val text: String get() = data.decodeToString()

    /**
     * The length in code points of [text], or in bytes of a binary message. ws4py: `len(message)`.
     */
    public open val length: Int get() = text.let { it.codePointCount(0, it.length) }

    /** Returns the bytes of one frame with all of [data], not masked. */
    public fun single(): ByteArray = single(null)

    /**
     * Returns the bytes of one frame with all of [data], masked with [maskingKey] unless that is
     * null.
     */
    public fun single(maskingKey: Int?): ByteArray = Frame(opcode, data, maskingKey).build()

    override fun toString(): String = text
}
