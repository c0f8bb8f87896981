package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * Bytes to be written, in wire order: the protocol appends them and the program's I/O takes them.
 *
 * Short payloads are copied together, so that many small frames leave in one write. Long payloads
 * are kept by reference and must not change until they are taken. A long payload to be masked is
 * masked while it is copied out, so the caller's array stays as it is.
 *
 * A [RawFrame] may have to leave in writes of its own: [copyTo] stops at the end of such a write,
 * so use one call of it for one write.
 *
 * Not thread-safe. A [Protocol][dev.kobahn.protocol.endpoint.Protocol] and a transport that share a
 * queue guard it by its own monitor (`synchronized(queue)`).
 */
public class ByteQueue(private val pool: SegmentPool) {
    /** A queue that shares its segments with no other. */
    public constructor() : this(SegmentPool.NONE)

    // The segments are a chain, from the one that leaves first to the one appended last.
    private var first: ByteSegment? = null
    private var last: ByteSegment? = null

    // The segment whose array has room behind it, even if payloads kept by reference follow it.
    private var open: ByteSegment? = null

    /** The boundaries that are not yet reached, in order; null before the first one. */
    private var boundaries: ArrayDeque<WriteBoundary>? = null

    /**
     * The number of bytes taken so far, not counting forgotten ones: the head's place in the
     * stream.
     */
    internal var position: Long = 0
        private set

    /** The number of bytes that wait to be taken. */
    public var size: Long = 0
        private set

    private var extra = 0L
    private var sharedCount = 0

    /**
     * The memory in bytes that the waiting bytes keep: all of a long payload until its last byte
     * has left; of a message to many connections the share as of the last [reassess]; nothing for
     * bytes that are made when they are taken. Any thread may read it and may see an older number.
     */
    internal val weight: Long get() = maxOf(0, size + extra)

    /** Whether a waiting payload may be kept by other queues too. */
    internal val isShared: Boolean get() = sharedCount > 0

    private var removed = 0L

    /** The number of bytes ever appended. */
    internal val appended: Long get() = removed + size

    /** The place of the queue's end in the stream, counted like [position]. */
    internal val endPosition: Long get() = position + size

    /**
     * Called with the number of bytes that are about to be removed from the head, after their
     * write.
     */
    internal var onRemoval: ((Int) -> Unit)? = null

    /** Whether no bytes wait. */
    public val isEmpty: Boolean get() = size == 0L

    /** Appends [bytes]. The array may be reused afterwards. */
    public fun append(bytes: ByteArray): Unit = append(bytes, 0, bytes.size)

    /**
     * Appends [length] bytes of [bytes] from [offset] on. The array may be reused afterwards.
     */
    public fun append(bytes: ByteArray, offset: Int, length: Int) {
        var from = offset
        val end = offset + length
        while (from < end) {
            val segment = writable(1)
            val count = minOf(end - from, segment.bytes.size - segment.end)
            System.arraycopy(bytes, from, segment.bytes, segment.end, count)
            segment.end += count
            from += count
        }
        size += length
    }

    /**
     * Appends a payload, combined with [maskingKey] if it is [masked]. A payload longer than a
     * quarter of a segment is kept by reference.
     */
    internal fun appendPayload(
        bytes: ByteArray,
        offset: Int,
        length: Int,
        maskingKey: Int,
        masked: Boolean,
    ) {
        if (length <= COPY_LIMIT) {
            appendShort(bytes, offset, length, maskingKey, masked)
        } else {
            addLast(ByteSegment(bytes, offset, offset + length, false, masked, maskingKey))
            size += length
        }
    }

    /**
     * Appends [bytes] that other queues may keep too and nobody may change. They belong to
     * [encodings], or are too few to count. An empty queue keeps even short ones by reference,
     * because a segment would cost more.
     */
    internal fun appendShared(bytes: ByteArray, encodings: PreparedEncodings?) {
        if (!isEmpty) return append(bytes)
        addLast(ByteSegment(bytes, 0, bytes.size, pooled = false))
        size += bytes.size
        if (encodings != null) shareLast(encodings)
    }

    /** Marks the payload appended last, if it is kept by reference, as one of [encodings]. */
    internal fun shareLast(encodings: PreparedEncodings) {
        val segment = last ?: return
        if (segment.pooled || segment === open || segment.encodings != null) return
        encodings.retain()
        sharedCount++
        segment.encodings = encodings
        assess(segment, encodings)
    }

    /**
     * Recomputes the shares of payloads that other queues keep too: these queues may have become
     * fewer.
     */
    internal fun reassess() {
        if (!isShared) return
        var segment = first
        while (segment != null) {
            segment.encodings?.let { assess(segment, it) }
            segment = segment.next
        }
    }

    private fun assess(segment: ByteSegment, encodings: PreparedEncodings) {
        val waiting = segment.end - segment.start
        charge(segment, encodings.part(segment.bytes.size.toLong()) - waiting - segment.extra)
    }

    private fun charge(segment: ByteSegment, change: Long) {
        segment.extra += change
        extra += change
    }

    /**
     * Moves [count] bytes, which [source] must have, from its head to the end of this queue,
     * masked like in [appendPayload]. Arrays that are taken whole change their owner without a
     * copy.
     */
    internal fun transfer(source: ByteQueue, count: Int, maskingKey: Int, masked: Boolean) {
        var key = maskingKey
        var left = count
        while (left > 0) {
            val segment = source.first!!
            val part = minOf(left, segment.end - segment.start)
            val isWhole = part == segment.end - segment.start
            // If this queue refers to a part of an array, the last part of it gives the array back,
            // so the last part must be moved by reference too.
            if (part <= COPY_LIMIT && !segment.isSplit) {
                appendShort(segment.bytes, segment.start, part, key, masked)
            } else {
                val isGiven = isWhole && segment.pooled
                val end = segment.start + part
                addLast(ByteSegment(segment.bytes, segment.start, end, isGiven, masked, key))
                size += part
                if (isGiven) source.giveUp(segment) else segment.isSplit = true
            }
            source.remove(part)
            // A key rotated by the phase masks the next part as the key itself would.
            key = Integer.rotateLeft(key, part * Byte.SIZE_BITS)
            left -= part
        }
    }

    /** The array of [segment] has a new owner. */
    private fun giveUp(segment: ByteSegment) {
        segment.pooled = false
        if (segment === open) open = null
    }

    /**
     * Appends [length] bytes that repeat [bytes], with the last repetition cut. They are made
     * when they are taken and cost no memory. [bytes] are kept by reference and masked like in
     * [appendPayload].
     */
    internal fun appendRepeated(bytes: ByteArray, length: Long, maskingKey: Int, masked: Boolean) {
        val segment = RepeatedSegment(bytes, length, masked, maskingKey)
        addLast(segment)
        // Before the size grows, because another thread may read the weight in between.
        charge(segment, -length)
        size += length
    }

    /** Keeps the last [count] bytes apart from their neighbours, in writes of [writeSize] bytes. */
    internal fun addWriteBoundary(count: Long, writeSize: Long) {
        if (count == 0L) return
        val pending = boundaries ?: ArrayDeque<WriteBoundary>().also { boundaries = it }
        val end = position + size
        pending.addLast(WriteBoundary(end - count, end, writeSize))
    }

    private fun appendShort(
        bytes: ByteArray,
        offset: Int,
        length: Int,
        maskingKey: Int,
        masked: Boolean,
    ) {
        if (length == 0) return
        val segment = writable(length)
        System.arraycopy(bytes, offset, segment.bytes, segment.end, length)
        if (masked) segment.mask(segment.end, length, maskingKey)
        segment.end += length
        size += length
    }

    /**
     * Returns an array with room for [count] bytes, at most a segment, at the index [tailEnd].
     * After writing them, [advance] makes them part of the queue.
     */
    internal fun reserve(count: Int): ByteArray = writable(count).bytes

    /** The index of the room in the array that [reserve] returned. */
    internal val tailEnd: Int get() = last!!.end

    internal fun advance(count: Int) {
        last!!.end += count
        size += count
    }

    /** Returns the last segment, or a new one, with room for [count] bytes, at most a segment. */
    private fun writable(count: Int): ByteSegment {
        val before = open
        if (before == null || before.bytes.size - before.end < count) {
            return append(pool.takeSegment())
        }
        if (before === last) return before
        // The later segment leaves last, so it becomes the one that gives the array back.
        before.pooled = false
        return append(ByteSegment(before.bytes, before.end, before.end, pooled = true))
    }

    private fun append(segment: ByteSegment): ByteSegment {
        addLast(segment)
        open = segment
        return segment
    }

    private fun addLast(segment: ByteSegment) {
        val before = last
        if (before == null) first = segment else before.next = segment
        last = segment
    }

    private fun removeFirst() {
        val segment = first!!
        first = segment.next
        if (first == null) last = null
        if (segment.isReference && segment.encodings == null) passOn(segment)
        segment.next = null
        release(segment)
    }

    /** A payload that leaves in fragments is kept until its last fragment has left. */
    private fun passOn(segment: ByteSegment) {
        var later = segment.next
        // Between two fragments there is at most a header.
        if (later?.bytes !== segment.bytes) later = later?.next
        if (later?.bytes !== segment.bytes || later.start != segment.end) return
        charge(later, segment.extra)
    }

    /**
     * Copies bytes from the head of the queue into [target] and returns their number: as many as
     * wait, as fit, and as may leave in one write. They stay in the queue until [remove] is called.
     */
    public fun copyTo(target: ByteBuffer): Int {
        val next = boundaries?.firstOrNull() ?: return copyAll(target)
        val most = next.nextEnd(position) - position
        if (most >= target.remaining()) return copyAll(target)
        val limit = target.limit()
        target.limit(target.position() + most.toInt())
        return copyAll(target).also { target.limit(limit) }
    }

    private fun copyAll(target: ByteBuffer): Int {
        val before = target.position()
        var segment = first
        while (segment != null && target.hasRemaining()) {
            segment.copyTo(target)
            segment = segment.next
        }
        return target.position() - before
    }

    /** Removes [count] bytes, at most [size], from the head. */
    public fun remove(count: Int) {
        require(count in 0..size) { "cannot remove $count of $size bytes" }
        onRemoval?.invoke(count)
        removed += count
        size -= count
        position += count
        if (boundaries != null) forgetBoundaries()
        var left = count
        while (left > 0) {
            val segment = first!!
            val dropped = segment.drop(left)
            if (segment.isReference) charge(segment, dropped.toLong())
            left -= dropped
            if (segment.isEmpty) removeFirst()
        }
    }

    private fun forgetBoundaries() {
        val pending = boundaries ?: return
        while (pending.isNotEmpty() && pending.first().end - position <= 0) {
            pending.removeFirst()
        }
    }

    /** Removes all bytes and returns them in one array. Meant for tests and for small amounts. */
    public fun takeAll(): ByteArray {
        val bytes = ByteArray(Math.toIntExact(size))
        copyAll(ByteBuffer.wrap(bytes))
        clear()
        return bytes
    }

    /** Discards all waiting bytes. */
    public fun clear() {
        while (first != null) removeFirst()
        removed += size
        size = 0
        boundaries = null
    }

    private fun release(segment: ByteSegment) {
        if (segment === open) open = null
        charge(segment, -segment.extra)
        segment.encodings?.let {
            sharedCount--
            it.release()
        }
        if (!segment.pooled) return
        if (segment.masked) pool.recycle(segment.bytes) else pool.recycle(segment)
    }

    /** A part of the stream that leaves in writes of its own, of [size] bytes each. */
    private class WriteBoundary(private val start: Long, val end: Long, private val size: Long) {
        /** Returns the end of a write that begins at [position], which is not behind this part. */
        fun nextEnd(position: Long): Long {
            val inside = position - start
            if (inside < 0) return start
            val rest = end - position
            return position + minOf(rest, size - inside % size)
        }
    }

    internal companion object {
        /** Longer payloads are kept by reference. */
        const val COPY_LIMIT: Int = SegmentPool.SEGMENT_SIZE / 4
    }
}
