package dev.kobahn

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Utf8Validator

/**
 * A whole message, received or to be sent: [Text] or [Binary]. It owns its [octets]; nobody may
 * change them once it is made. Immutable otherwise, so safe to share among threads and to send to
 * many connections. Autobahn: `IncomingMessage`, `OutgoingMessage`.
 */
public sealed class Message(
    /** The payload: the octets themselves, or the UTF-8 of the text. Not a copy: do not change them. */
    public val octets: ByteArray,
) {
    /** Which of the two kinds this is. */
    public abstract val type: MessageType

    /** The length of the payload in octets. */
    public val size: Int get() = octets.size

    /**
     * A text message. It is kept as UTF-8 and decoded when [text] is first asked for, so a text
     * that is only passed on is never decoded. When received text is not validated
     * (`utf8validateIncoming = false`), malformed octets read as U+FFFD.
     */
    public class Text : Message {
        @Volatile
        private var decoded: String?

        /** A message of [text]. Surrogates without a partner are sent as `?`. */
        public constructor(text: String) : super(text.toByteArray()) {
            decoded = text
        }

        /** A message of text in UTF-8, which is not checked, see [checked]. The array is handed over. */
        public constructor(octets: ByteArray) : super(octets) {
            decoded = null
        }

        override val type: MessageType get() = MessageType.TEXT

        /** The text. */
        public val text: String get() = decoded ?: octets.decodeToString().also { decoded = it }

        override fun toString(): String = text

        /** Checks text that did not come as a [String]. */
        public companion object {
            /**
             * A message of [octets], which are handed over, for text of uncertain origin: a peer
             * closes with 1007 on text that is not UTF-8.
             *
             * @throws IllegalArgumentException if they are not UTF-8
             */
            @JvmStatic
            public fun checked(octets: ByteArray): Text {
                require(Utf8Validator.isValid(octets)) { "the octets of a text must be UTF-8" }
                return Text(octets)
            }
        }
    }

    /** A binary message of [octets], which are handed over. */
    public class Binary(octets: ByteArray) : Message(octets) {
        override val type: MessageType get() = MessageType.BINARY

        override fun toString(): String = "$size octets"
    }

    final override fun equals(other: Any?): Boolean =
        other is Message && other.type == type && other.octets.contentEquals(octets)

    final override fun hashCode(): Int = octets.contentHashCode()
}
