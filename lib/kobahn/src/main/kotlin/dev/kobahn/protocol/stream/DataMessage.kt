package dev.kobahn.protocol.stream

import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.frame.Frame
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer
import java.nio.charset.Charset

/** A text or binary message, complete or not (RFC 6455 section 5.6). */
public sealed class DataMessage(
    /** The kind of message. */
    public val type: MessageType,
    bytes: ByteArray,
) : StreamMessage(type.opcode) {
    private val parts = MessageAssembler()

    /** The payload in one array, or null while [parts] has its last bytes. */
    private var whole: ByteArray? = bytes

    override val data: ByteArray get() = whole ?: parts.end().also { whole = it }

    /** Whether this is a text message. */
    public val isText: Boolean get() = type == MessageType.TEXT

    /** Whether this is a binary message. */
    public val isBinary: Boolean get() = type == MessageType.BINARY

    /**
     * Whether the message is complete. A [Stream] sets this with the last frame; the program sets
     * it for its own messages.
     */
    public var completed: Boolean = false

    /** Appends the remaining bytes of [bytes], and consumes them. */
    public fun extend(bytes: ByteBuffer) {
        if (!bytes.hasRemaining()) return
        whole?.let { if (it.isNotEmpty()) append(ByteBuffer.wrap(it)) }
        whole = null
        append(bytes)
    }

    /** Appends a copy of [bytes]. */
    public fun extend(bytes: ByteArray): Unit = extend(ByteBuffer.wrap(bytes))

    /** Appends [text] in UTF-8. */
    public fun extend(text: String): Unit = extend(text.encodeToByteArray())

    private fun append(bytes: ByteBuffer) {
        parts.beginFrame(bytes.remaining().toLong())
        parts.append(bytes)
    }

    /**
     * Returns the bytes of one frame of a longer message, with all of [data]. [first] gives it the
     * opcode of the message instead of a continuation, [last] sets FIN, and [maskingKey] masks it
     * unless null.
     */
    public fun fragment(
        first: Boolean = false,
        last: Boolean = false,
        maskingKey: Int? = null,
    ): ByteArray =
        Frame(if (first) opcode else Opcode.CONTINUATION, data, maskingKey, fin = last).build()
}

/** A text message. ws4py: `TextMessage`. */
public class TextMessage : DataMessage {
    /** A message with [text]. Unpaired surrogates are sent as `?`. */
    public constructor(text: String) : super(MessageType.TEXT, text.encodeToByteArray())

    /** A message with text in UTF-8, which is not checked. The array is handed over. */
    public constructor(bytes: ByteArray) : super(MessageType.TEXT, bytes)
}

/** A binary message with [bytes], which are handed over. ws4py: `BinaryMessage`. */
public class BinaryMessage(bytes: ByteArray) : DataMessage(MessageType.BINARY, bytes) {
    /** Null: a binary message is not text. */
    override val encoding: Charset? get() = null

    override val text: String get() = error("a binary message has no text")

    override val length: Int get() = data.size

    override fun toString(): String = "$length bytes"
}
