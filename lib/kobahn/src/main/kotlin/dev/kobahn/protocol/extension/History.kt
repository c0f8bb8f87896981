package dev.kobahn.protocol.extension

import dev.kobahn.protocol.SegmentPool

/**
 * The last octets of a stream, at most [limit], in an array no longer than need be: [octets] up to
 * the index [end].
 *
 * @param segments where the array is borrowed from; null for one of its own. A history that borrows
 *   has a [limit] of at most a segment
 */
internal class History(private val limit: Int, private val segments: SegmentPool? = null) {
    var octets: ByteArray = NOTHING
        private set
    var end: Int = 0
        private set
    var size: Int = 0
        private set

    /** Whether [octets] belongs to somebody else and must not be written to. */
    private var isShared = false

    /** The stream went on with [length] octets. */
    fun append(source: ByteArray, offset: Int, length: Int) {
        val count = minOf(length, limit)
        makeRoom(count)
        System.arraycopy(source, offset + length - count, octets, end, count)
        end += count
        size += count
    }

    /** The history is now [source], which never changes: kept as it is, unless that is far too much. */
    fun replace(source: ByteArray) {
        if (source.size / MOST_SHARED > limit) return append(source, 0, source.size)
        octets = source
        isShared = true
        end = source.size
        size = minOf(end, limit)
    }

    /** Makes room for [count] octets behind [end]. */
    private fun makeRoom(count: Int) {
        val kept = minOf(size, limit - count)
        val target = when {
            isShared || octets.size < kept + count -> larger(kept + count)
            octets.size - end < count -> octets
            else -> null
        }
        if (target != null) {
            System.arraycopy(octets, end - kept, target, 0, kept)
            octets = target
            isShared = false
            end = kept
        }
        size = kept
    }

    private fun larger(least: Int): ByteArray {
        val doubled = if (isShared) 0 else 2 * octets.size
        return segments?.take() ?: ByteArray(minOf(limit, maxOf(least, doubled)))
    }

    /** Forgets everything and gives the array back. */
    fun clear() {
        if (segments != null && octets !== NOTHING) segments.recycle(octets)
        octets = NOTHING
        isShared = false
        end = 0
        size = 0
    }

    internal companion object {
        /** An array is shared that is at most this many times as long as need be. */
        const val MOST_SHARED = 4

        private val NOTHING = ByteArray(0)
    }
}
