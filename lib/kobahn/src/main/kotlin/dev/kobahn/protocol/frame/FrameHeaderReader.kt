package dev.kobahn.protocol.frame

import dev.kobahn.protocol.Violation
import java.nio.ByteBuffer

/**
 * Reads the header of a frame (RFC 6455 section 5.2), in one piece or byte by byte:
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-------+-+-------------+-------------------------------+
 * |F|R|R|R| opcode|M| length      | 16 bits of length if it is 126|
 * |I|S|S|S|  (4)  |A|     (7)     | or 64 if it is 127            |
 * |N|V|V|V|       |S|             |                               |
 * | |1|2|3|       |K|             | then 32 of masking key if MASK|
 * +-+-+-+-+-------+-+-------------+-------------------------------+
 * ```
 *
 * One reader serves a whole connection: it allocates nothing and keeps what it has seen of a header
 * in its fields. The properties are those of the last header read. Not thread-safe.
 */
internal class FrameHeaderReader {
    /** The first two bytes. */
    private var start = 0
    private var seen = 0

    private val first get() = start shr Byte.SIZE_BITS
    private val second get() = start and FrameHeader.BYTE

    /** FIN, the reserved bits and the opcode at their places in the header. */
    val firstByte: Int get() = first and FrameHeader.BYTE

    /** Whether this is the last frame of its message. */
    val fin: Boolean get() = first and FrameHeader.FIN != 0

    /** The reserved bits RSV1, RSV2 and RSV3, as a number from 0 to 7. */
    val rsv: Int get() = (first and FrameHeader.RSV) shr FrameHeader.RSV_SHIFT

    /** The opcode, see [Opcode]. */
    val opcode: Int get() = first and FrameHeader.OPCODE

    /** Whether the payload is masked. */
    val masked: Boolean get() = second and FrameHeader.MASK != 0

    /** The payload's length in bytes. */
    var length: Long = 0
        private set

    /** The masking key; meaningless unless [masked]. */
    var maskingKey: Int = 0
        private set

    /**
     * The rule that the form of the length breaks: it is not the shortest, or its top bit is set.
     */
    val lengthViolation: Violation?
        get() {
            val short = second and FrameHeader.LENGTH
            if (short < FrameHeader.LENGTH_16) return null
            val least = if (short == FrameHeader.LENGTH_16) short else FrameHeader.MIN_64
            return when {
                length < 0 -> Violation.LENGTH_NEGATIVE
                length < least -> Violation.LENGTH_NOT_MINIMAL
                else -> null
            }
        }

    /** The least number of bytes still missing of the header that is being read. */
    val bytesWanted: Int
        get() = (if (seen < 2) 2 else FrameHeader.size(second)) - seen

    /**
     * Consumes bytes of [input], a buffer in network order, up to the end of the header. Returns
     * false if they did not suffice; the next call continues where this one stopped.
     */
    fun read(input: ByteBuffer): Boolean {
        if (seen > 0 || input.remaining() < FrameHeader.MAX_SIZE) return readStepwise(input)
        readWhole(input)
        return true
    }

    private fun readWhole(input: ByteBuffer) {
        start = input.getShort().toInt()
        length = when (val short = second and FrameHeader.LENGTH) {
            FrameHeader.LENGTH_16 -> input.getShort().toLong() and FrameHeader.UNSIGNED_SHORT
            FrameHeader.LENGTH_64 -> input.getLong()
            else -> short.toLong()
        }
        if (masked) maskingKey = input.getInt()
    }

    private fun readStepwise(input: ByteBuffer): Boolean {
        while (input.hasRemaining()) {
            step(input.get().toInt() and FrameHeader.BYTE)
            if (seen >= 2 && seen == FrameHeader.size(second)) {
                seen = 0
                return true
            }
        }
        return false
    }

    private fun step(byte: Int) {
        when {
            seen == 0 -> start = byte shl Byte.SIZE_BITS

            seen == 1 -> {
                start = start or byte
                val short = byte and FrameHeader.LENGTH
                length = if (short < FrameHeader.LENGTH_16) short.toLong() else 0
            }

            seen < 2 + FrameHeader.extendedLengthSize(second) ->
                length = (length shl Byte.SIZE_BITS) or byte.toLong()

            else -> maskingKey = (maskingKey shl Byte.SIZE_BITS) or byte
        }
        seen++
    }
}
