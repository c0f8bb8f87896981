package dev.kobahn.protocol

import java.nio.ByteBuffer

/**
 * Octets on their way out, in wire order: the protocol core appends, whoever does the I/O takes.
 *
 * Short pieces are copied together, so that many small frames leave in one write. A long payload is
 * kept by reference and must not be changed until it has been taken; when it has to be masked, it
 * is masked while it is copied out and the caller's array stays as it is.
 *
 * What was sent through the low-level door ([Protocol.sendFrame][dev.kobahn.protocol.endpoint.Protocol.sendFrame]) may have to leave in writes of its
 * own: [copyTo] then stops where such a write ends, so one call of it is meant for one write.
 *
 * Not thread-safe. [Protocol][dev.kobahn.protocol.endpoint.Protocol] and the transports guard a queue they
 * share by its own monitor (`synchronized(queue)`).
 */
public class OctetQueue
@JvmOverloads
constructor(
    private val pool: SegmentPool = SegmentPool.NONE,
) {
    // The pieces are a chain, from the one that leaves first to the one appended last.
    private var first: OctetSegment? = null
    private var last: OctetSegment? = null

    // The segment whose segment has room behind it, though payloads kept by reference may follow.
    private var open: OctetSegment? = null

    /** The boundaries that are not yet reached, in order; null before the first one. */
    private var boundaries: ArrayDeque<WriteBoundary>? = null

    /** How many octets were taken so far, and not forgotten: where the head of the queue is in the stream. */
    internal var position: Long = 0
        private set

    /** The number of octets that wait to be taken. */
    public var size: Long = 0
        private set

    private var extra = 0L
    private var sharedCount = 0

    /**
     * How much memory is kept for what waits, in octets: all of a long payload until its last octet
     * has left; of a message that goes to many the part that [reassess] found last; nothing of what
     * is made when it is taken. From any thread, which may see an older number.
     */
    internal val weight: Long get() = maxOf(0, size + extra)

    /** Whether something waits that others may keep too. */
    internal val isShared: Boolean get() = sharedCount > 0

    private var removed = 0L

    /** The number of octets ever appended. */
    internal val appended: Long get() = removed + size

    /** Where the end of the queue is in the stream, by the measure of [position]. */
    internal val endPosition: Long get() = position + size

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
            val segment = writable(1)
            val count = minOf(end - from, segment.octets.size - segment.end)
            System.arraycopy(octets, from, segment.octets, segment.end, count)
            segment.end += count
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
            addLast(OctetSegment(octets, offset, offset + length, false, masked, maskingKey))
            size += length
        }
    }

    /**
     * Appends [octets], which others may have in their queues too and nobody may change; of [encodings],
     * or so few that they do not count. Where nothing waits they are kept by reference, however
     * short: a segment would be dearer.
     */
    internal fun appendShared(octets: ByteArray, encodings: PreparedEncodings?) {
        if (!isEmpty) return append(octets)
        addLast(OctetSegment(octets, 0, octets.size, pooled = false))
        size += octets.size
        if (encodings != null) shareLast(encodings)
    }

    /** The payload appended last is one of [encodings], if it is kept by reference. */
    internal fun shareLast(encodings: PreparedEncodings) {
        val segment = last ?: return
        if (segment.pooled || segment === open || segment.encodings != null) return
        encodings.retain()
        sharedCount++
        segment.encodings = encodings
        assess(segment, encodings)
    }

    /** Looks anew at what others keep too: they may have become fewer. */
    internal fun reassess() {
        if (!isShared) return
        var segment = first
        while (segment != null) {
            segment.encodings?.let { assess(segment, it) }
            segment = segment.next
        }
    }

    private fun assess(segment: OctetSegment, encodings: PreparedEncodings) {
        val waiting = segment.end - segment.start
        charge(segment, encodings.part(segment.octets.size.toLong()) - waiting - segment.extra)
    }

    private fun charge(segment: OctetSegment, change: Long) {
        segment.extra += change
        extra += change
    }

    /**
     * Moves [count] octets from the head of [source], no more than it has, to the end of this queue,
     * masked as in [appendPayload]. Segments that are taken whole change hands without a copy.
     */
    internal fun transfer(source: OctetQueue, count: Int, maskingKey: Int, masked: Boolean) {
        var key = maskingKey
        var left = count
        while (left > 0) {
            val segment = source.first!!
            val part = minOf(left, segment.end - segment.start)
            val isWhole = part == segment.end - segment.start
            // A segment of which a part is here by reference is given back by the last part, which
            // has to come by reference too.
            if (part <= COPY_LIMIT && !segment.isSplit) {
                appendShort(segment.octets, segment.start, part, key, masked)
            } else {
                val isGiven = isWhole && segment.pooled
                val end = segment.start + part
                addLast(OctetSegment(segment.octets, segment.start, end, isGiven, masked, key))
                size += part
                if (isGiven) source.giveUp(segment) else segment.isSplit = true
            }
            source.remove(part)
            // A key turned by the phase masks a later segment as the key itself would.
            key = Integer.rotateLeft(key, part * Byte.SIZE_BITS)
            left -= part
        }
    }

    /** The segment of [segment] has a new owner. */
    private fun giveUp(segment: OctetSegment) {
        segment.pooled = false
        if (segment === open) open = null
    }

    /**
     * Appends [length] octets: [octets] over and over, the last time cut where [length] ends. They
     * are made when they are taken, so they cost no memory. Kept by reference and masked as in
     * [appendPayload].
     */
    internal fun appendRepeated(octets: ByteArray, length: Long, maskingKey: Int, masked: Boolean) {
        val segment = RepeatedSegment(octets, length, masked, maskingKey)
        addLast(segment)
        // First, for another thread that looks at the weight in between.
        charge(segment, -length)
        size += length
    }

    /** Keeps the last [count] octets apart from their neighbours, in writes of [writeSize] octets. */
    internal fun addWriteBoundary(count: Long, writeSize: Long) {
        if (count == 0L) return
        val pending = boundaries ?: ArrayDeque<WriteBoundary>().also { boundaries = it }
        val end = position + size
        pending.addLast(WriteBoundary(end - count, end, writeSize))
    }

    private fun appendShort(
        octets: ByteArray,
        offset: Int,
        length: Int,
        maskingKey: Int,
        masked: Boolean,
    ) {
        if (length == 0) return
        val segment = writable(length)
        System.arraycopy(octets, offset, segment.octets, segment.end, length)
        if (masked) segment.mask(segment.end, length, maskingKey)
        segment.end += length
        size += length
    }

    /**
     * The array to write [count] octets into, at most a segment, at the index [tailEnd]; [advance]
     * then makes them part of the queue.
     */
    internal fun reserve(count: Int): ByteArray = writable(count).octets

    /** Where the octets of the array given by [reserve] begin. */
    internal val tailEnd: Int get() = last!!.end

    internal fun advance(count: Int) {
        last!!.end += count
        size += count
    }

    /** The last segment, made if need be, with room for [count] octets, at most a segment. */
    private fun writable(count: Int): OctetSegment {
        val before = open
        if (before == null || before.octets.size - before.end < count) {
            return append(pool.takeSegment())
        }
        if (before === last) return before
        // The later segment has the segment now and gives it back: it leaves last.
        before.pooled = false
        return append(OctetSegment(before.octets, before.end, before.end, pooled = true))
    }

    private fun append(segment: OctetSegment): OctetSegment {
        addLast(segment)
        open = segment
        return segment
    }

    private fun addLast(segment: OctetSegment) {
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

    /** A payload that leaves in fragments is kept until the last of them has left. */
    private fun passOn(segment: OctetSegment) {
        var later = segment.next
        // Between two fragments there is at most a header.
        if (later?.octets !== segment.octets) later = later?.next
        if (later?.octets !== segment.octets || later.start != segment.end) return
        charge(later, segment.extra)
    }

    /**
     * Copies octets from the head of the queue into [target], as many as fit, wait and may leave in
     * one write, and returns their number. They stay in the queue until [remove] is called.
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

    /** Removes [count] octets from the head, no more than [size]. */
    public fun remove(count: Int) {
        require(count in 0..size) { "cannot remove $count of $size octets" }
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

    /** Removes everything and returns it in one array. For tests and for small amounts. */
    public fun takeAll(): ByteArray {
        val octets = ByteArray(Math.toIntExact(size))
        copyAll(ByteBuffer.wrap(octets))
        clear()
        return octets
    }

    /** Forgets everything that waits. */
    public fun clear() {
        while (first != null) removeFirst()
        removed += size
        size = 0
        boundaries = null
    }

    private fun release(segment: OctetSegment) {
        if (segment === open) open = null
        charge(segment, -segment.extra)
        segment.encodings?.let {
            sharedCount--
            it.release()
        }
        if (!segment.pooled) return
        if (segment.masked) pool.recycle(segment.octets) else pool.recycle(segment)
    }

    /** A part of the stream that leaves in writes of its own, of [size] octets each. */
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
        /** The longest payload that is copied. */
        const val COPY_LIMIT: Int = SegmentPool.SEGMENT_SIZE / 4
    }
}
