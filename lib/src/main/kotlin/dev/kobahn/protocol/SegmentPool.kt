package dev.kobahn.protocol

/**
 * Octet arrays that an [OctetQueue] borrows while it holds octets and gives back when it is empty,
 * so that an idle connection owns none. Safe to use from several threads.
 *
 * @param capacity how many unused segments are kept at most; more are left to the garbage collector
 */
public class SegmentPool(private val capacity: Int) {
    private val free = ArrayDeque<ByteArray>()

    internal fun take(): ByteArray =
        synchronized(free) { free.removeLastOrNull() } ?: ByteArray(SEGMENT_SIZE)

    internal fun recycle(segment: ByteArray) {
        synchronized(free) { if (free.size < capacity) free.addLast(segment) }
    }

    public companion object {
        /** The size of a segment in octets. */
        public const val SEGMENT_SIZE: Int = 8192

        /** Keeps nothing: for a queue that stands alone. */
        @JvmField
        public val NONE: SegmentPool = SegmentPool(0)
    }
}
