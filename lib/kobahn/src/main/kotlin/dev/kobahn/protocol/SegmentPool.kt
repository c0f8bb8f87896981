package dev.kobahn.protocol

/**
 * Octet arrays that an [OctetQueue] or a codec borrows while it holds octets and gives back when it is
 * empty, so that an idle connection owns none. Safe to use from several threads.
 *
 * @param capacity how many unused segments are kept at most; more are left to the garbage collector
 */
public class SegmentPool(private val capacity: Int) {
    private val free = ArrayDeque<ByteArray>()

    /** Segments with their pieces: a connection that sends little takes and returns one in each turn. */
    private val pieces = ArrayDeque<OctetPiece>()

    /** Returns a segment of [SEGMENT_SIZE] octets with any content. It is the caller's until [recycle]. */
    public fun take(): ByteArray =
        synchronized(free) { free.removeLastOrNull() ?: pieces.removeLastOrNull()?.octets }
            ?: ByteArray(SEGMENT_SIZE)

    internal fun takePiece(): OctetPiece =
        synchronized(free) { pieces.removeLastOrNull() } ?: OctetPiece(take())

    /** Takes a [segment] back, which the caller must not use any more. */
    public fun recycle(segment: ByteArray) {
        synchronized(free) { if (hasRoom) free.addLast(segment) }
    }

    internal fun recycle(piece: OctetPiece) {
        piece.reset()
        synchronized(free) { if (hasRoom) pieces.addLast(piece) }
    }

    private val hasRoom get() = free.size + pieces.size < capacity

    public companion object {
        /** The size of a segment in octets. */
        public const val SEGMENT_SIZE: Int = 8192

        /** Keeps nothing: for a queue that stands alone. */
        @JvmField
        public val NONE: SegmentPool = SegmentPool(0)
    }
}
