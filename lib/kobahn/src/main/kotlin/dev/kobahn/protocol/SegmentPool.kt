package dev.kobahn.protocol

/**
 * Arrays of octets, called segments, for queues and codecs: they borrow segments while they hold
 * octets and give them back when they are empty, so that an idle connection owns none. Thread-safe.
 *
 * @param capacity the most unused segments that the pool keeps; it leaves others to the garbage
 * collector
 */
public class SegmentPool(private val capacity: Int) {
    private val arrays = ArrayDeque<ByteArray>()

    /** Unused links of queues with their arrays: a connection that sends little needs one each turn. */
    private val segments = ArrayDeque<OctetSegment>()

    /** Returns a segment of [SEGMENT_SIZE] octets with any content. It is the caller's until [recycle]. */
    public fun take(): ByteArray =
        synchronized(arrays) { arrays.removeLastOrNull() ?: segments.removeLastOrNull()?.octets }
            ?: ByteArray(SEGMENT_SIZE)

    internal fun takeSegment(): OctetSegment =
        synchronized(arrays) { segments.removeLastOrNull() } ?: OctetSegment(take())

    /** Takes back a [segment], which the caller must not use any more. */
    public fun recycle(segment: ByteArray) {
        synchronized(arrays) { if (hasRoom) arrays.addLast(segment) }
    }

    internal fun recycle(segment: OctetSegment) {
        segment.reset()
        synchronized(arrays) { if (hasRoom) segments.addLast(segment) }
    }

    private val hasRoom get() = arrays.size + segments.size < capacity

    public companion object {
        /** The size of a segment in octets. */
        public const val SEGMENT_SIZE: Int = 8192

        /** Keeps no segments: for a queue that shares them with no other. */
        @JvmField
        public val NONE: SegmentPool = SegmentPool(0)
    }
}
