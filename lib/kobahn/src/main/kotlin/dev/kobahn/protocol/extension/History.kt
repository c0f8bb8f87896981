package dev.kobahn.protocol.extension

import dev.kobahn.protocol.SegmentPool

/**
 * The last bytes of a stream, at most [limit], in an array no longer than necessary: in [bytes]
 * up to the index [end].
 *
 * @param segments the pool to borrow the array from, if [limit] is at most a segment; null for an
 * array of its own
 */
internal class History(private val limit: Int, private val segments: SegmentPool? = null) {
    var bytes: ByteArray = NOTHING
        private set
    var end: Int = 0
        private set
    var size: Int = 0
        private set

    /** Whether [bytes] belongs to another object and must not be written to. */
    private var isShared = false

    /** Adds the next [length] bytes of the stream. */
    fun append(source: ByteArray, offset: Int, length: Int) {
        val count = minOf(length, limit)
        makeRoom(count)
        System.arraycopy(source, offset + length - count, bytes, end, count)
        end += count
        size += count
    }

    /**
     * Replaces the history by [source], which never changes. Keeps the array itself, unless it is
     * much too long.
     */
    fun replace(source: ByteArray) {
        if (source.size / MOST_SHARED > limit) return append(source, 0, source.size)
        bytes = source
        isShared = true
        end = source.size
        size = minOf(end, limit)
    }

    /** Makes room for [count] bytes behind [end]. */
    private fun makeRoom(count: Int) {
        val kept = minOf(size, limit - count)
        val target = when {
            isShared || bytes.size < kept + count -> larger(kept + count)
            bytes.size - end < count -> bytes
            else -> null
        }
        if (target != null) {
            System.arraycopy(bytes, end - kept, target, 0, kept)
            bytes = target
            isShared = false
            end = kept
        }
        size = kept
    }

    private fun larger(least: Int): ByteArray {
        val doubled = if (isShared) 0 else 2 * bytes.size
        return segments?.take() ?: ByteArray(minOf(limit, maxOf(least, doubled)))
    }

    /** Forgets everything and gives the array back. */
    fun clear() {
        if (segments != null && bytes !== NOTHING) segments.recycle(bytes)
        bytes = NOTHING
        isShared = false
        end = 0
        size = 0
    }

    internal companion object {
        /** An array is shared if it is at most this many times too long. */
        const val MOST_SHARED = 4

        private val NOTHING = ByteArray(0)
    }
}
