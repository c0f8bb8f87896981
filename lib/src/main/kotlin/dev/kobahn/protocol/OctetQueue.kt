package dev.kobahn.protocol

import dev.kobahn.protocol.frame.Masking
import java.nio.ByteBuffer

/**
 * Octets on their way out, in wire order: the protocol core appends, whoever does the I/O takes.
 *
 * Short pieces are copied together, so that many small frames leave in one write. A long payload is
 * kept by reference and must not be changed until it has been taken; when it has to be masked, it
 * is masked while it is copied out and the caller's array stays as it is.
 *
 * Not thread-safe. [Protocol][dev.kobahn.protocol.Protocol] and the transports guard a queue they
 * share by its own monitor (`synchronized(queue)`).
 */
public class OctetQueue
@JvmOverloads
constructor(
    private val pool: SegmentPool = SegmentPool.NONE,
) {
    private val pieces = ArrayDeque<Piece>()

    // The piece whose segment has room behind it, though payloads kept by reference may follow.
    private var open: Piece? = null

    /** The number of octets that wait to be taken. */
    public var size: Long = 0
        private set

    private var removed = 0L

    /** The number of octets ever appended. */
    internal val appended: Long get() = removed + size

    /** Is told how many octets of the head are about to be removed because they were written. */
    internal var onRemoval: ((Int) -> Unit)? = null

    /** Whether nothing waits. */
    public val isEmpty: Boolean get() = size == 0L

    /** Appends [length] octets of [octets] from [offset] on; the array may be reused afterwards. */
    @JvmOverloads
    public fun append(octets: ByteArray, offset: Int = 0, length: Int = octets.size - offset) {
        var from = offset
        val end = offset + length
        while (from < end) {
            val piece = writable(1)
            val count = minOf(end - from, piece.octets.size - piece.end)
            System.arraycopy(octets, from, piece.octets, piece.end, count)
            piece.end += count
            from += count
        }
        size += length
    }

    /**
     * Appends a payload, masked with [maskingKey] unless that is null. A payload longer than a
     * quarter of a segment is kept by reference.
     */
    internal fun appendPayload(
        octets: ByteArray,
        offset: Int,
        length: Int,
        maskingKey: Int,
        masked: Boolean,
    ) {
        if (length <= COPY_LIMIT) {
            appendShort(octets, offset, length, maskingKey, masked)
        } else {
            pieces.addLast(Piece(octets, offset, offset + length, false, masked, maskingKey))
            size += length
        }
    }

    private fun appendShort(
        octets: ByteArray,
        offset: Int,
        length: Int,
        maskingKey: Int,
        masked: Boolean,
    ) {
        if (length == 0) return
        val piece = writable(length)
        System.arraycopy(octets, offset, piece.octets, piece.end, length)
        if (masked) piece.mask(piece.end, length, maskingKey)
        piece.end += length
        size += length
    }

    /**
     * The array to write [count] octets into, at most a segment, at the index [tailEnd]; [advance]
     * then makes them part of the queue.
     */
    internal fun reserve(count: Int): ByteArray = writable(count).octets

    /** Where the octets of the array given by [reserve] begin. */
    internal val tailEnd: Int get() = pieces.last().end

    internal fun advance(count: Int) {
        pieces.last().end += count
        size += count
    }

    /** The last piece, made if need be, with room for [count] octets, at most a segment. */
    private fun writable(count: Int): Piece {
        val before = open
        if (before == null || before.octets.size - before.end < count) {
            return append(Piece(pool.take(), 0, 0, pooled = true))
        }
        if (before === pieces.last()) return before
        // The later piece has the segment now and gives it back: it leaves last.
        before.pooled = false
        return append(Piece(before.octets, before.end, before.end, pooled = true))
    }

    private fun append(piece: Piece): Piece {
        pieces.addLast(piece)
        open = piece
        return piece
    }

    /**
     * Copies octets from the head of the queue into [target], as many as fit or wait, and returns
     * their number. They stay in the queue until [remove] is called.
     */
    public fun copyTo(target: ByteBuffer): Int {
        val before = target.position()
        // By index, for an iterator would be garbage in every write.
        for (index in pieces.indices) {
            if (!target.hasRemaining()) break
            pieces[index].copyTo(target)
        }
        return target.position() - before
    }

    /** Removes [count] octets from the head, no more than [size]. */
    public fun remove(count: Int) {
        require(count in 0..size) { "cannot remove $count of $size octets" }
        onRemoval?.invoke(count)
        removed += count
        size -= count
        var left = count
        while (left > 0) {
            val piece = pieces.first()
            val taken = minOf(left, piece.end - piece.start)
            piece.start += taken
            left -= taken
            if (piece.start == piece.end) release(pieces.removeFirst())
        }
    }

    /** Removes everything and returns it in one array. For tests and for small amounts. */
    public fun takeAll(): ByteArray {
        val octets = ByteArray(Math.toIntExact(size))
        copyTo(ByteBuffer.wrap(octets))
        clear()
        return octets
    }

    /** Forgets everything that waits. */
    public fun clear() {
        while (pieces.isNotEmpty()) release(pieces.removeFirst())
        removed += size
        size = 0
    }

    private fun release(piece: Piece) {
        if (piece === open) open = null
        if (piece.pooled) pool.recycle(piece.octets)
    }

    private class Piece(
        val octets: ByteArray,
        var start: Int,
        var end: Int,
        var pooled: Boolean,
        private val masked: Boolean = false,
        private val maskingKey: Int = 0,
    ) {
        private val origin = start

        /** The octets as a buffer, made once for all the payloads masked in them. */
        private var view: ByteBuffer? = null

        fun mask(offset: Int, length: Int, key: Int) {
            val buffer = view ?: ByteBuffer.wrap(octets).also { view = it }
            Masking.mask(buffer, offset, offset + length, key)
        }

        fun copyTo(target: ByteBuffer) {
            val count = minOf(end - start, target.remaining())
            val position = target.position()
            target.put(octets, start, count)
            if (masked) Masking.mask(target, position, position + count, maskingKey, start - origin)
        }
    }

    private companion object {
        const val COPY_LIMIT = SegmentPool.SEGMENT_SIZE / 4
    }
}
