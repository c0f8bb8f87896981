package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * A link of an [ByteQueue]: the bytes of [bytes] from [start] to [end]. If they are [masked],
 * they are combined with [maskingKey] while they are copied out.
 *
 * @property pooled whether this link gives its array back to the pool
 */
internal open class ByteSegment(
    val bytes: ByteArray,
    var start: Int = 0,
    var end: Int = 0,
    var pooled: Boolean = true,
    val masked: Boolean = false,
    private var maskingKey: Int = 0,
) {
    /** The next link. */
    var next: ByteSegment? = null

    /** Whether another queue refers to bytes that were the head of this segment. */
    var isSplit = false

    /** The memory that this segment keeps beyond its waiting bytes, see [ByteQueue.weight]. */
    var extra = 0L

    /** The message that the bytes belong to, if it goes to many connections. */
    var encodings: PreparedEncodings? = null

    /** The bytes as a buffer, made once for all payloads that are masked in place. */
    private var view: ByteBuffer? = null

    open val isEmpty: Boolean get() = start == end

    /**
     * Whether the array serves these bytes alone and is kept whole until the last of them has
     * left.
     */
    open val isReference: Boolean get() = bytes.size > SegmentPool.SEGMENT_SIZE ||
        encodings != null

    /** Empties this segment so that it can be used again with its array. */
    fun reset() {
        start = 0
        end = 0
        isSplit = false
        extra = 0
        encodings = null
    }

    fun mask(offset: Int, length: Int, key: Int) {
        val buffer = view ?: ByteBuffer.wrap(bytes).also { view = it }
        Masking.mask(buffer, offset, offset + length, key)
    }

    open fun copyTo(target: ByteBuffer) {
        val count = minOf(end - start, target.remaining())
        val position = target.position()
        target.put(bytes, start, count)
        if (masked) Masking.mask(target, position, position + count, maskingKey)
    }

    /** Drops at most [most] bytes from the head; returns their number. */
    open fun drop(most: Int): Int {
        val count = minOf(most, end - start)
        start += count
        // A key rotated by the phase masks the rest as the key itself would.
        maskingKey = Integer.rotateLeft(maskingKey, count * Byte.SIZE_BITS)
        return count
    }
}

/** [length] bytes that repeat [bytes]. */
internal class RepeatedSegment(
    bytes: ByteArray,
    private val length: Long,
    masked: Boolean,
    private val maskingKey: Int,
) : ByteSegment(bytes, 0, 0, pooled = false, masked) {
    private var dropped = 0L

    override val isEmpty: Boolean get() = dropped == length

    override val isReference: Boolean get() = true

    override fun copyTo(target: ByteBuffer) {
        val first = target.position()
        var left = minOf(length - dropped, target.remaining().toLong()).toInt()
        var from = (dropped % bytes.size).toInt()
        while (left > 0) {
            val count = minOf(left, bytes.size - from)
            target.put(bytes, from, count)
            left -= count
            from = 0
        }
        val phase = (dropped and PHASES).toInt()
        if (masked) Masking.mask(target, first, target.position(), maskingKey, phase)
    }

    override fun drop(most: Int): Int {
        val count = minOf(most.toLong(), length - dropped).toInt()
        dropped += count
        return count
    }

    private companion object {
        const val PHASES = 3L
    }
}
