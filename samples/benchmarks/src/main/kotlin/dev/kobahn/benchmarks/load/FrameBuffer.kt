package dev.kobahn.benchmarks.load

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Masked frames of a client, one behind the other, for one write. One for all connections of a
 * loop.
 */
internal class FrameBuffer(capacity: Int) {
    val bytes = ByteArray(capacity)
    private val words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    private var random = System.nanoTime() or 1

    /** The same bytes to write them from. */
    val buffer: ByteBuffer = ByteBuffer.wrap(bytes)

    var end = 0
        private set

    fun clear() {
        end = 0
    }

    /** Appends bytes that are no frame. */
    fun raw(source: ByteArray) {
        source.copyInto(bytes, end)
        end += source.size
    }

    /**
     * Appends a frame with [length] bytes of [payload]; with [masked] false under a key of zero.
     */
    fun frame(first: Int, payload: ByteArray, length: Int, masked: Boolean) {
        bytes[end++] = first.toByte()
        when {
            length < FrameReader.LENGTH_16 -> bytes[end++] = (FrameReader.MASK or length).toByte()

            length <= 0xFFFF -> {
                bytes[end++] = (FrameReader.MASK or FrameReader.LENGTH_16).toByte()
                bytes[end++] = (length ushr 8).toByte()
                bytes[end++] = length.toByte()
            }

            else -> {
                bytes[end++] = (FrameReader.MASK or FrameReader.LENGTH_64).toByte()
                words.putLong(end, java.lang.Long.reverseBytes(length.toLong()))
                end += Long.SIZE_BYTES
            }
        }
        val key = if (masked) nextKey() else 0
        words.putInt(end, key)
        end += FrameReader.KEY_SIZE
        System.arraycopy(payload, 0, bytes, end, length)
        if (masked) mask(end, end + length, key)
        end += length
    }

    private fun mask(start: Int, stop: Int, key: Int) {
        val word = (key.toLong() shl 32) or (key.toLong() and 0xFFFF_FFFFL)
        val tail = stop - (stop - start) % Long.SIZE_BYTES
        var index = start
        while (index < tail) {
            words.putLong(index, words.getLong(index) xor word)
            index += Long.SIZE_BYTES
        }
        for (at in tail until stop) {
            bytes[at] = (bytes[at].toInt() xor (key ushr ((at - tail) and 3) * 8)).toByte()
        }
    }

    private fun nextKey(): Int {
        random = random xor (random shl 13)
        random = random xor (random ushr 7)
        random = random xor (random shl 17)
        return random.toInt()
    }
}
