package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * A link of an [OctetQueue]: the octets of [octets] from [start] to [end], masked with [maskingKey]
 * while they are copied out if they are [masked].
 *
 * @property pooled whether the array is a segment that goes back to the pool with this segment
 */
internal open class OctetSegment(
    val octets: ByteArray,
    var start: Int = 0,
    var end: Int = 0,
    var pooled: Boolean = true,
    val masked: Boolean = false,
    private var maskingKey: Int = 0,
) {
    /** The segment behind this one. */
    var next: OctetSegment? = null

    /** Whether another queue refers to octets that were the head of this segment. */
    var isSplit = false

    /** Its memory beyond its octets that wait, see [OctetQueue.weight]. */
    var extra = 0L

    /** The message that the octets belong to, if it goes to many. */
    var encodings: PreparedEncodings? = null

    /** The octets as a buffer, made once for all the payloads masked in them. */
    private var view: ByteBuffer? = null

    open val isEmpty: Boolean get() = start == end

    /**
     * Whether the array serves these octets alone and is kept whole until the last of them has
     * left.
     */
    open val isReference: Boolean get() = octets.size > SegmentPool.SEGMENT_SIZE ||
        encodings != null

    /** Empties this segment of a segment, to be used again with it. */
    fun reset() {
        start = 0
        end = 0
        isSplit = false
        extra = 0
        encodings = null
    }

    fun mask(offset: Int, length: Int, key: Int) {
        val buffer = view ?: ByteBuffer.wrap(octets).also { view = it }
        Masking.mask(buffer, offset, offset + length, key)
    }

    open fun copyTo(target: ByteBuffer) {
        val count = minOf(end - start, target.remaining())
        val position = target.position()
        target.put(octets, start, count)
        if (masked) Masking.mask(target, position, position + count, maskingKey)
    }

    /** Drops at most [most] octets from the head; returns how many. */
    open fun drop(most: Int): Int {
        val count = minOf(most, end - start)
        start += count
        // A key turned by the phase masks what is left as the key itself would.
        maskingKey = Integer.rotateLeft(maskingKey, count * Byte.SIZE_BITS)
        return count
    }
}

/** [length] octets made of [octets] over and over. */
internal class RepeatedSegment(
    octets: ByteArray,
    private val length: Long,
    masked: Boolean,
    private val maskingKey: Int,
) : OctetSegment(octets, 0, 0, pooled = false, masked) {
    private var dropped = 0L

    override val isEmpty: Boolean get() = dropped == length

    override val isReference: Boolean get() = true

    override fun copyTo(target: ByteBuffer) {
        val first = target.position()
        var left = minOf(length - dropped, target.remaining().toLong()).toInt()
        var from = (dropped % octets.size).toInt()
        while (left > 0) {
            val count = minOf(left, octets.size - from)
            target.put(octets, from, count)
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
