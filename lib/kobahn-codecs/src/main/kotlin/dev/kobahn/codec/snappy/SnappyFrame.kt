package dev.kobahn.codec.snappy

import org.xerial.snappy.PureJavaCrc32C
import org.xerial.snappy.Snappy

/**
 * The framing format of Snappy (`framing_format.txt` of the original): a stream identifier, then
 * chunks that each begin with a type and a length. The library's own streams wait for input that is
 * not there yet and keep 256 KiB for as long as they are open; what they frame is the library's
 * here as well.
 */
internal object SnappyFrame {
    const val COMPRESSED = 0x00
    const val UNCOMPRESSED = 0x01
    const val FIRST_SKIPPABLE = 0x80
    const val IDENTIFIER = 0xFF

    /** Before the data of a chunk: one octet of type, three of length. */
    const val HEADER_SIZE = 4

    /** Before the content of a chunk of data. */
    const val CHECKSUM_SIZE = 4

    /** The most octets a chunk has when it is not compressed. */
    const val MAX_CONTENT = 65_536

    /** The most octets of data a chunk has that is not skipped. */
    val MAX_DATA: Int by lazy { CHECKSUM_SIZE + Snappy.maxCompressedLength(MAX_CONTENT) }

    /** The chunk that begins a stream. */
    val STREAM_IDENTIFIER: ByteArray =
        byteArrayOf(IDENTIFIER.toByte(), 6, 0, 0) + "sNaPpY".toByteArray(Charsets.US_ASCII)

    /** The checksum of a chunk's content before it is compressed, masked as the format has it. */
    fun checksum(octets: ByteArray, offset: Int, length: Int): Int {
        val crc = PureJavaCrc32C()
        crc.update(octets, offset, length)
        return Integer.rotateRight(crc.integerValue, CHECKSUM_ROTATION) + CHECKSUM_DELTA
    }

    /** Writes the low octets of [value], [count] of them, from [offset] on. */
    fun put(value: Int, count: Int, target: ByteArray, offset: Int) {
        for (index in 0 until count) target[offset + index] = (value shr 8 * index).toByte()
    }

    /** Reads what [put] wrote. */
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
