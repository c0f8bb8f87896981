package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * Checks that bytes are UTF-8 as they arrive (RFC 3629, RFC 6455 section 8.1). Overlong encodings,
 * surrogates and code points above U+10FFFF are invalid. An invalid byte is found when it arrives,
 * not at the end of its message.
 *
 * After an invalid byte the validator rejects every byte until [reset]. Not thread-safe. ws4py
 * and Autobahn: `Utf8Validator`.
 */
public class Utf8Validator {
    /** The state, see [Utf8Transitions]. */
    private var state = Utf8Transitions.ACCEPTED

    /** The number of valid bytes since the last [reset]. */
    public var totalIndex: Long = 0
        private set

    /** Whether all bytes so far are valid and end with a complete code point. */
    public val endsOnCodePoint: Boolean get() = state == Utf8Transitions.ACCEPTED

    /** Starts afresh: the next byte begins a new text. */
    public fun reset() {
        state = Utf8Transitions.ACCEPTED
        totalIndex = 0
    }

    /** Feeds all of [bytes] and returns the result so far, like ws4py's `validate`. */
    public fun validate(bytes: ByteArray): Utf8Validity {
        val valid = feed(ByteBuffer.wrap(bytes), 0, bytes.size)
        val index = if (valid == VALID) bytes.size else valid
        return Utf8Validity(valid == VALID, endsOnCodePoint, index, totalIndex)
    }

    /**
     * Feeds the lowest eight bits of [byte] and returns the next state: [ACCEPT] at the end of a
     * code point, [REJECT] after an invalid byte and until [reset], any other number inside a code
     * point.
     */
    public fun decode(byte: Int): Int {
        state = Utf8Transitions.next(state, byte)
        if (state != Utf8Transitions.REJECTED) totalIndex++
        return state / Utf8Transitions.STATE_BITS
    }

    /**
     * Feeds the bytes of [buffer] between the absolute indices [start] and [end]; position and
     * limit stay as they are. Returns -1 if they are valid, else the distance of the first invalid
     * byte from [start].
     */
    public fun feed(buffer: ByteBuffer, start: Int, end: Int): Int {
        if (state == Utf8Transitions.REJECTED) return 0
        val after = Utf8Transitions.feed(buffer, start, end, state)
        val isValid = after != Utf8Transitions.REJECTED
        val count = if (isValid) end - start else Utf8Transitions.validCount(buffer, start, state)
        state = after
        totalIndex += count
        return if (isValid) VALID else count
    }

    public companion object {
        /** The state of [decode] at the end of a code point. ws4py: `UTF8_ACCEPT`. */
        public const val ACCEPT: Int = 0

        /** The state of [decode] after an invalid byte. ws4py: `UTF8_REJECT`. */
        public const val REJECT: Int = 1

        private const val VALID = -1

        /** Whether [bytes] are complete, valid UTF-8. */
        @JvmStatic
        public fun isValid(bytes: ByteArray): Boolean = isValid(bytes, 0)

        /** Whether the bytes of [bytes] from [offset] on are complete, valid UTF-8. */
        @JvmSynthetic
        internal fun isValid(
            bytes: ByteArray,
            offset: Int,
            length: Int = bytes.size - offset,
        ): Boolean {
            val validator = Utf8Validator()
            return validator.feed(ByteBuffer.wrap(bytes), offset, offset + length) == VALID &&
                validator.endsOnCodePoint
        }
    }
}
