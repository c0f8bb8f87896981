package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * The grammar of UTF-8 (RFC 3629 section 4) as a state machine without branches. Each byte has a
 * row of [rows], in which each state has a field of [STATE_BITS] bits that contains the next state.
 * A state is the distance by which a row is shifted to bring its field into the lowest bits. A
 * shift ignores the higher bits of its distance, so a byte costs one look-up and one shift.
 */
internal object Utf8Transitions {
    const val STATE_BITS = 6

    /** At the end of a code point. */
    const val ACCEPTED = 0

    /** After an invalid byte: no byte leads out of this state. */
    const val REJECTED = 1 * STATE_BITS

    // States in which this many continuation bytes are missing.
    private const val ONE = 2 * STATE_BITS
    private const val TWO = 3 * STATE_BITS
    private const val THREE = 4 * STATE_BITS

    // States after a lead byte that allows fewer second bytes than others.
    private const val AFTER_E0 = 5 * STATE_BITS
    private const val AFTER_ED = 6 * STATE_BITS
    private const val AFTER_F0 = 7 * STATE_BITS
    private const val AFTER_F4 = 8 * STATE_BITS

    private const val NON_ASCII = -0x7F7F7F7F7F7F7F80L

    /** The number of bytes checked together, if all are ASCII and if not. */
    private const val ASCII_BLOCK = 2 * Long.SIZE_BYTES
    private const val BLOCK = 64
    private const val LARGE = 256

    private const val STATE = (1 shl STATE_BITS) - 1
    private const val BYTES = 256

    private val rows = LongArray(BYTES).also { rows ->
        for (state in ACCEPTED..AFTER_F4 step STATE_BITS) {
            rows.allow(state, 0 until BYTES, REJECTED)
        }
        rows.allow(ACCEPTED, 0x00..0x7F, ACCEPTED)
        rows.allow(ACCEPTED, 0xC2..0xDF, ONE)
        rows.allow(ACCEPTED, 0xE0..0xEF, TWO)
        rows.allow(ACCEPTED, 0xF1..0xF3, THREE)
        rows.allow(ACCEPTED, 0xE0..0xE0, AFTER_E0)
        rows.allow(ACCEPTED, 0xED..0xED, AFTER_ED)
        rows.allow(ACCEPTED, 0xF0..0xF0, AFTER_F0)
        rows.allow(ACCEPTED, 0xF4..0xF4, AFTER_F4)
        rows.allow(ONE, 0x80..0xBF, ACCEPTED)
        rows.allow(TWO, 0x80..0xBF, ONE)
        rows.allow(THREE, 0x80..0xBF, TWO)
        rows.allow(AFTER_E0, 0xA0..0xBF, ONE)
        rows.allow(AFTER_ED, 0x80..0x9F, ONE)
        rows.allow(AFTER_F0, 0x90..0xBF, TWO)
        rows.allow(AFTER_F4, 0x80..0x8F, TWO)
    }

    private fun LongArray.allow(state: Int, bytes: IntRange, next: Int) {
        val others = (STATE.toLong() shl state).inv()
        for (byte in bytes) this[byte] = (this[byte] and others) or (next.toLong() shl state)
    }

    /** Returns the state after the lowest eight bits of [byte]. */
    fun next(state: Int, byte: Int): Int = (rows[byte and (BYTES - 1)] ushr state).toInt() and STATE

    /**
     * Returns the state that the bytes of [buffer] between the absolute indices [start] and [end]
     * lead to from [state]; [REJECTED] if one of them is invalid.
     *
     * Large ranges are divided into halves for the same reason as in [Masking].
     */
    fun feed(buffer: ByteBuffer, start: Int, end: Int, state: Int): Int {
        if (end - start <= LARGE) return feedBlocks(buffer, start, end, state)
        val middle = start + (end - start) / 2
        val after = feed(buffer, start, middle, state)
        return if (after == REJECTED) REJECTED else feed(buffer, middle, end, after)
    }

    private fun feedBlocks(buffer: ByteBuffer, start: Int, end: Int, state: Int): Int {
        var after = state
        var index = start
        while (index < end) {
            if (after == ACCEPTED) index = skipAscii(buffer, index, end)
            val count = minOf(BLOCK, end - index)
            after = pass(buffer, index, index + count, after)
            if (after == REJECTED) return REJECTED
            index += count
        }
        return after
    }

    private fun skipAscii(buffer: ByteBuffer, start: Int, end: Int): Int {
        var index = start
        while (index <= end - ASCII_BLOCK) {
            val bytes = buffer.getLong(index) or buffer.getLong(index + Long.SIZE_BYTES)
            if (bytes and NON_ASCII != 0L) break
            index += ASCII_BLOCK
        }
        return index
    }

    /**
     * Returns the number of valid bytes in [buffer] from [start] on, before the one that is
     * invalid.
     */
    fun validCount(buffer: ByteBuffer, start: Int, state: Int): Int {
        var index = start
        var after = state
        while (true) {
            after = next(after, buffer.get(index).toInt())
            if (after == REJECTED) return index - start
            index++
        }
    }

    private fun pass(buffer: ByteBuffer, start: Int, end: Int, state: Int): Int {
        var row = state.toLong()
        for (index in start until end) {
            row = rows[buffer.get(index).toInt() and (BYTES - 1)] ushr row.toInt()
        }
        return row.toInt() and STATE
    }
}
