package dev.kobahn

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Utf8Validator

/**
 * A whole message, received or to be sent: [Text] or [Binary].
 *
 * A message owns its [bytes]: do not modify the array. Apart from that it is immutable, so threads
 * may share it, and it may be sent to many connections. Autobahn: `IncomingMessage`,
 * `OutgoingMessage`.
 */
public sealed class Message(
    /**
     * The payload: the bytes of a binary message, or the UTF-8 of a text. Not a copy: do not modify
     * it.
     */
    public val bytes: ByteArray,
) {
    /** The kind of message: text or binary. */
    public abstract val type: MessageType

    /** The length of the payload in bytes. */
    public val size: Int get() = bytes.size

    /**
     * A text message. It holds UTF-8 and decodes it on the first use of [text], so a text that is
     * only forwarded is never decoded. If received text is not validated
     * (`utf8validateIncoming = false`), malformed bytes decode to U+FFFD.
     */
    public class Text private constructor(
        bytes: ByteArray,
        @Volatile private var decoded: String?,
    ) : Message(bytes) {
        /** Creates a message of [text]. Unpaired surrogates are encoded as `?`. */
        public constructor(text: String) : this(text.toByteArray(), text)

        /**
         * Creates a message of UTF-8 in [bytes], which are not copied.
         *
         * @throws IllegalArgumentException if [bytes] is not UTF-8; see [unchecked]
         */
        public constructor(bytes: ByteArray) : this(bytes, null) {
            require(Utf8Validator.isValid(bytes)) { "the bytes of a text must be UTF-8" }
        }

        override val type: MessageType get() = MessageType.TEXT

        /** The decoded text. */
        public val text: String get() = decoded ?: bytes.decodeToString().also { decoded = it }

        override fun toString(): String = text

        /** Creates messages without a check. */
        public companion object {
            /**
             * Returns a message of [bytes], which are neither copied nor checked. Use it for text
             * that is known to be UTF-8: a peer closes the connection with 1007 if it is not.
             */
            @JvmStatic
            public fun unchecked(bytes: ByteArray): Text = Text(bytes, null)
        }
    }

    /** A binary message of [bytes], which are not copied. */
    public class Binary(bytes: ByteArray) : Message(bytes) {
        override val type: MessageType get() = MessageType.BINARY

        override fun toString(): String = "$size bytes"
    }

    final override fun equals(other: Any?): Boolean =
        other is Message && other.type == type && other.bytes.contentEquals(bytes)

    final override fun hashCode(): Int = bytes.contentHashCode()
}
