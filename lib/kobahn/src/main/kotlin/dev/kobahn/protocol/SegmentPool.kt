package dev.kobahn.protocol

/**
 * Arrays of bytes, called segments, for queues and codecs: they borrow segments while they hold
 * bytes and give them back when they are empty, so that an idle connection owns none. Thread-safe.
 *
 * @param capacity the most unused segments that the pool keeps; it leaves others to the garbage
 * collector
 */
public class SegmentPool(private val capacity: Int) {
    private val arrays = ArrayDeque<ByteArray>()

    /** Unused links of queues with their arrays: a connection that sends little needs one each turn. */
    private val segments = ArrayDeque<ByteSegment>()

    /** Returns a segment of [SEGMENT_SIZE] bytes with any content. It is the caller's until [recycle]. */
    public fun take(): ByteArray =
        synchronized(arrays) { arrays.removeLastOrNull() ?: segments.removeLastOrNull()?.bytes }
            ?: ByteArray(SEGMENT_SIZE)

    internal fun takeSegment(): ByteSegment =
        synchronized(arrays) { segments.removeLastOrNull() } ?: ByteSegment(take())

    /** Takes back a [segment], which the caller must not use any more. */
    public fun recycle(segment: ByteArray) {
        synchronized(arrays) { if (hasRoom) arrays.addLast(segment) }
    }

    internal fun recycle(segment: ByteSegment) {
        segment.reset()
        synchronized(arrays) { if (hasRoom) segments.addLast(segment) }
    }

    private val hasRoom get() = arrays.size + segments.size < capacity

    public companion object {
        /** The size of a segment in bytes. */
        public const val SEGMENT_SIZE: Int = 8192

        /** Keeps no segments: for a queue that shares them with no other. */
        @JvmField
        public val NONE: SegmentPool = SegmentPool(0)
    }
}
