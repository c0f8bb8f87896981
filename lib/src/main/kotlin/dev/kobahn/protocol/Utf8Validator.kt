package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * Checks octets for UTF-8 as they arrive (RFC 3629, RFC 6455 section 8.1): overlong forms,
 * surrogates and anything above U+10FFFF are invalid, and an octet that cannot go on is found when
 * it arrives, not when its message ends.
 *
 * After an invalid octet the validator stays rejecting until [reset]. Not thread-safe. ws4py and
 * Autobahn: `Utf8Validator`.
 */
public class Utf8Validator {
    /** How many continuation octets the code point that is open still needs. */
    private var needed = 0

    /** The range of the next continuation octet; only that of the second octet is ever narrower. */
    private var lowest = CONTINUATION_LOW
    private var highest = CONTINUATION_HIGH
    private var rejected = false

    /** How many octets were found valid since the last [reset]. */
    public var totalIndex: Long = 0
        private set

    /** Whether what was fed so far is valid and ends with a complete code point. */
    public val endsOnCodePoint: Boolean get() = needed == 0 && !rejected

    /** Forgets everything; the next octet begins a new text. */
    public fun reset() {
        needed = 0
        lowest = CONTINUATION_LOW
        highest = CONTINUATION_HIGH
        rejected = false
        totalIndex = 0
    }

    /** Feeds all of [octets] and returns what is known now, as ws4py's `validate` does. */
    public fun validate(octets: ByteArray): Utf8Validity {
        val valid = feed(ByteBuffer.wrap(octets), 0, octets.size)
        val index = if (valid == VALID) octets.size else valid
        return Utf8Validity(valid == VALID, endsOnCodePoint, index, totalIndex)
    }

    /**
     * Feeds the lowest eight bits of [octet] and returns the state they lead to: [ACCEPT] where a
     * code point ends, [REJECT] after an invalid octet and until [reset], any other number inside a
     * code point.
     */
    public fun decode(octet: Int): Int {
        if (rejected || !step(octet and OCTET)) {
            rejected = true
            return REJECT
        }
        totalIndex++
        return if (needed == 0) ACCEPT else REJECT + needed
    }

    /**
     * Feeds the octets of [buffer] between the absolute indices [start] and [end]; position and
     * limit stay as they are. Returns -1 if they are valid, else how many octets after [start] the
     * first invalid one is.
     */
    public fun feed(buffer: ByteBuffer, start: Int, end: Int): Int {
        if (rejected) return 0
        var index = start
        while (index < end) {
            if (needed == 0) {
                index = skipWhole(buffer, index, end)
                if (index == end) break
            }
            if (!step(buffer.get(index).toInt() and OCTET)) {
                rejected = true
                totalIndex += index - start
                return index - start
            }
            index++
        }
        totalIndex += end - start
        return VALID
    }

    /** Passes over complete valid code points; what it stops at is for [step] to judge. */
    private fun skipWhole(buffer: ByteBuffer, start: Int, end: Int): Int {
        var index = start
        while (index < end) {
            val octet = buffer.get(index).toInt()
            index = when {
                octet >= 0 -> skipAscii(buffer, index + 1, end)
                octet < LEAD_3 && isWhole2(buffer, index, end, octet) -> index + 2
                octet in LEAD_3 until LEAD_4 && isWhole3(buffer, index, end, octet) -> index + 3
                else -> return index
            }
        }
        return index
    }

    private fun skipAscii(buffer: ByteBuffer, start: Int, end: Int): Int {
        var index = start
        while (index + Long.SIZE_BYTES <= end && buffer.getLong(index) and NON_ASCII == 0L) {
            index += Long.SIZE_BYTES
        }
        while (index < end && buffer.get(index) >= 0) index++
        return index
    }

    private fun isWhole2(buffer: ByteBuffer, index: Int, end: Int, lead: Int): Boolean =
        index + 1 < end && lead >= LEAD_2 && isContinuation(buffer.get(index + 1).toInt())

    private fun isWhole3(buffer: ByteBuffer, index: Int, end: Int, lead: Int): Boolean {
        if (index + 2 >= end) return false
        val second = buffer.get(index + 1).toInt()
        if (!isContinuation(second) || !isContinuation(buffer.get(index + 2).toInt())) return false
        val inUpperHalf = second and OCTET >= UPPER_HALF
        return when (lead) {
            LEAD_3 -> inUpperHalf
            LEAD_SURROGATES -> !inUpperHalf
            else -> true
        }
    }

    private fun isContinuation(octet: Int) = octet < CONTINUATION_END

    private fun step(octet: Int): Boolean {
        if (needed == 0) return begin(octet)
        if (octet < lowest || octet > highest) return false
        lowest = CONTINUATION_LOW
        highest = CONTINUATION_HIGH
        needed--
        return true
    }

    /** RFC 3629 section 4: which octets may lead and what the second may then be. */
    private fun begin(lead: Int): Boolean {
        when (lead) {
            in 0x00..0x7F -> return true

            in 0xC2..0xDF -> needed = 1

            in 0xE0..0xEF -> {
                needed = 2
                if (lead == 0xE0) lowest = UPPER_HALF
                if (lead == 0xED) highest = UPPER_HALF - 1
            }

            in 0xF0..0xF4 -> {
                needed = 3
                if (lead == 0xF0) lowest = 0x90
                if (lead == 0xF4) highest = 0x8F
            }

            else -> return false
        }
        return true
    }

    public companion object {
        /** The state of [decode] at the end of a code point. ws4py: `UTF8_ACCEPT`. */
        public const val ACCEPT: Int = 0

        /** The state of [decode] after an invalid octet. ws4py: `UTF8_REJECT`. */
        public const val REJECT: Int = 1

        private const val VALID = -1
        private const val OCTET = 0xFF
        private const val NON_ASCII = -0x7F7F7F7F7F7F7F80L
        private const val CONTINUATION_LOW = 0x80
        private const val CONTINUATION_HIGH = 0xBF

        /** The second octet of E0 must be at least this, that of ED must be less (RFC 3629). */
        private const val UPPER_HALF = 0xA0

        // The following are compared with octets as signed numbers.
        private const val CONTINUATION_END = -0x40
        private const val LEAD_2 = -0x3E
        private const val LEAD_3 = -0x20
        private const val LEAD_SURROGATES = -0x13
        private const val LEAD_4 = -0x10

        /** Whether [length] octets of [octets] from [offset] on are complete, valid UTF-8. */
        @JvmStatic
        @JvmOverloads
        public fun isValid(
            octets: ByteArray,
            offset: Int = 0,
            length: Int = octets.size - offset,
        ): Boolean {
            val validator = Utf8Validator()
            return validator.feed(ByteBuffer.wrap(octets), offset, offset + length) == VALID &&
                validator.endsOnCodePoint
        }
    }
}
