package dev.kobahn.codec.snappy

import org.xerial.snappy.PureJavaCrc32C
import org.xerial.snappy.Snappy

/**
 * The framing format of Snappy (`framing_format.txt` of the original): a stream identifier, then
 * chunks that each begin with a type and a length. The library's own streams block on missing input
 * and hold 256 KiB while they are open, so only the content of the chunks comes from the library.
 */
internal object SnappyFrame {
    const val COMPRESSED = 0x00
    const val UNCOMPRESSED = 0x01
    const val FIRST_SKIPPABLE = 0x80
    const val IDENTIFIER = 0xFF

    /** The size of a chunk's header: one byte of type, three of length. */
    const val HEADER_SIZE = 4

    /** The size of the checksum before the content of a data chunk. */
    const val CHECKSUM_SIZE = 4

    /** The maximum size of a chunk's content before compression. */
    const val MAX_CONTENT = 65_536

    /** The maximum size of the data in a chunk that is not skipped. */
    val MAX_DATA: Int by lazy { CHECKSUM_SIZE + Snappy.maxCompressedLength(MAX_CONTENT) }

    /** The chunk that begins a stream. */
    val STREAM_IDENTIFIER: ByteArray =
        byteArrayOf(IDENTIFIER.toByte(), 6, 0, 0) + "sNaPpY".toByteArray(Charsets.US_ASCII)

    /**
     * Returns the checksum of a chunk's content before compression, masked as the format requires.
     */
    fun checksum(bytes: ByteArray, offset: Int, length: Int): Int {
        val crc = PureJavaCrc32C()
        crc.update(bytes, offset, length)
        return Integer.rotateRight(crc.integerValue, CHECKSUM_ROTATION) + CHECKSUM_DELTA
    }

    /** Writes the low [count] bytes of [value] at [offset]. */
    fun put(value: Int, count: Int, target: ByteArray, offset: Int) {
        for (index in 0 until count) target[offset + index] = (value shr 8 * index).toByte()
    }

    /** Reads the value written by [put]. */
    fun get(count: Int, source: ByteArray, offset: Int): Int {
        var value = 0
        for (index in 0 until count) {
            value = value or (source[offset + index].toInt() and 0xFF shl 8 * index)
        }
        return value
    }

    private const val CHECKSUM_ROTATION = 15
    private const val CHECKSUM_DELTA = 0xa282ead8.toInt()
}
