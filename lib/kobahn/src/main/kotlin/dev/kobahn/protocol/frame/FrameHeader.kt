package dev.kobahn.protocol.frame

/** The named bits and sizes of a frame header (RFC 6455 section 5.2). */
internal object FrameHeader {
    const val FIN = 0x80
    const val RSV = 0x70
    const val RSV_SHIFT = 4
    const val OPCODE = 0x0F
    const val MASK = 0x80
    const val LENGTH = 0x7F

    /** The value of the 7-bit length if 16 bits of length follow. */
    const val LENGTH_16 = 126

    /** The value of the 7-bit length if 64 bits of length follow. */
    const val LENGTH_64 = 127

    /** The shortest payload that needs 64 bits of length. */
    const val MIN_64 = 0x10000

    const val MAX_SIZE = 14
    const val BYTE = 0xFF
    const val UNSIGNED_SHORT = 0xFFFFL

    /** Returns the number of bytes of length that follow a header's [second] byte. */
    fun extendedLengthSize(second: Int): Int = when (second and LENGTH) {
        LENGTH_16 -> Short.SIZE_BYTES
        LENGTH_64 -> Long.SIZE_BYTES
        else -> 0
    }

    /** Returns the size in bytes of a header with this [second] byte. */
    fun size(second: Int): Int =
        2 + extendedLengthSize(second) + if (second and MASK != 0) Int.SIZE_BYTES else 0
}
