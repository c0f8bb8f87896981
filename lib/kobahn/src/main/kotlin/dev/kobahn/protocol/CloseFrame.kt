package dev.kobahn.protocol

/**
 * The content of a Close frame (RFC 6455 section 5.5.1): nothing, or a code with an optional
 * reason.
 */
public class CloseFrame internal constructor(
    /** The close code, null if the frame carries none. */
    public val code: Int?,
    /** The reason, empty if the frame carries none; at most 123 bytes of UTF-8. */
    public val reason: String,
) {
    override fun equals(other: Any?): Boolean =
        other is CloseFrame && other.code == code && other.reason == reason

    override fun hashCode(): Int = (code ?: 0) * HASH_FACTOR + reason.hashCode()

    /** Returns code and reason on one line, with control characters escaped. */
    override fun toString(): String = when {
        code == null -> "no code"
        reason.isEmpty() -> code.toString()
        else -> "$code $reason".onOneLine()
    }

    @JvmSynthetic
    internal fun encode(): ByteArray {
        val code = code ?: return ByteArray(0)
        val text = reason.encodeToByteArray()
        val bytes = ByteArray(CODE_SIZE + text.size)
        bytes[0] = (code ushr Byte.SIZE_BITS).toByte()
        bytes[1] = code.toByte()
        text.copyInto(bytes, CODE_SIZE)
        return bytes
    }

    internal companion object {
        private const val CODE_SIZE = 2
        private const val MAX_REASON = 123
        private const val BYTE = 0xFF
        private const val CONTINUATION_MASK = 0xC0
        private const val CONTINUATION = 0x80
        private const val HASH_FACTOR = 31

        /**
         * Makes a frame to send, with [reason] cut to 123 bytes of UTF-8 at the end of a code
         * point.
         */
        fun of(code: Int?, reason: String): CloseFrame {
            require(code == null || CloseCode.isAllowedOnWire(code)) {
                "close code is $code, must be 1000-1003, 1007-1014 or 3000-4999"
            }
            require(code != null || reason.isEmpty()) { "a close reason needs a close code" }
            return CloseFrame(code, truncate(reason))
        }

        /**
         * @throws ProtocolException if the code must not be on the wire or the reason is not UTF-8
         */
        fun parse(bytes: ByteArray): CloseFrame {
            if (bytes.isEmpty()) return CloseFrame(null, "")
            if (bytes.size == 1) throw ProtocolException(Violation.CLOSE_PAYLOAD_OF_ONE_BYTE)
            val code =
                (bytes[0].toInt() and BYTE shl Byte.SIZE_BITS) or (bytes[1].toInt() and BYTE)
            if (!CloseCode.isAllowedOnWire(code)) {
                throw ProtocolException(Violation.CLOSE_CODE_NOT_ALLOWED, code.toString())
            }
            if (bytes.size == CODE_SIZE) return CloseFrame(code, "")
            if (!Utf8Validator.isValid(bytes, CODE_SIZE)) {
                throw ProtocolException(Violation.CLOSE_REASON_NOT_UTF8)
            }
            return CloseFrame(code, bytes.decodeToString(CODE_SIZE))
        }

        private fun truncate(reason: String): String {
            val bytes = reason.encodeToByteArray()
            if (bytes.size <= MAX_REASON) return reason
            var end = MAX_REASON
            while (bytes[end].toInt() and CONTINUATION_MASK == CONTINUATION) end--
            return bytes.decodeToString(0, end)
        }
    }
}
