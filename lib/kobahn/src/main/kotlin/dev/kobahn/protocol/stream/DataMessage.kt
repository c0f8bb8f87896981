package dev.kobahn.protocol.stream

import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.frame.Frame
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer
import java.nio.charset.Charset

/** A text or a binary message, whole or as far as it has come (RFC 6455 section 5.6). */
public sealed class DataMessage(
    /** Which of the two kinds this is. */
    public val type: MessageType,
    octets: ByteArray,
) : StreamMessage(type.opcode) {
    private val parts = MessageAssembler()

    /** The payload in one array, null while its last octets are in [parts]. */
    private var whole: ByteArray? = octets

    override val data: ByteArray get() = whole ?: parts.end().also { whole = it }

    /** Whether this is a text message. */
    public val isText: Boolean get() = type == MessageType.TEXT

    /** Whether this is a binary message. */
    public val isBinary: Boolean get() = type == MessageType.BINARY

    /**
     * Whether nothing is to follow. A [Stream] sets it with the last frame; for a message of the
     * program's own it is false until the program says otherwise.
     */
    public var completed: Boolean = false

    /** Appends what [octets] has remaining, and consumes it. */
    public fun extend(octets: ByteBuffer) {
        if (!octets.hasRemaining()) return
        whole?.let { if (it.isNotEmpty()) append(ByteBuffer.wrap(it)) }
        whole = null
        append(octets)
    }

    /** Appends a copy of [octets]. */
    public fun extend(octets: ByteArray): Unit = extend(ByteBuffer.wrap(octets))

    /** Appends [text] in UTF-8. */
    public fun extend(text: String): Unit = extend(text.encodeToByteArray())

    private fun append(octets: ByteBuffer) {
        parts.beginFrame(octets.remaining().toLong())
        parts.append(octets)
    }

    /**
     * The octets of one frame of a longer message, with all of [data]: [first] gives it the opcode
     * of the message, else it is a continuation; [last] sets FIN. Masked with [maskingKey] unless
     * that is null.
     */
    @JvmOverloads
    public fun fragment(
        first: Boolean = false,
        last: Boolean = false,
        maskingKey: Int? = null,
    ): ByteArray =
        Frame(if (first) opcode else Opcode.CONTINUATION, data, maskingKey, fin = last).build()
}

/** A text message. ws4py: `TextMessage`. */
public class TextMessage : DataMessage {
    /** A message of [text]. Surrogates without a partner are sent as `?`. */
    public constructor(text: String) : super(MessageType.TEXT, text.encodeToByteArray())

    /** A message of text in UTF-8, which is not checked. The array is handed over. */
    public constructor(octets: ByteArray) : super(MessageType.TEXT, octets)
}

/** A binary message of [octets], which are handed over. ws4py: `BinaryMessage`. */
public class BinaryMessage(octets: ByteArray) : DataMessage(MessageType.BINARY, octets) {
    /** Null: octets are no text. */
    override val encoding: Charset? get() = null

    override val text: String get() = error("a binary message has no text")

    override val length: Int get() = data.size

    override fun toString(): String = "$length octets"
}
