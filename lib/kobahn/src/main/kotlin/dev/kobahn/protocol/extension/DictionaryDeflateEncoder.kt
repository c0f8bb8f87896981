package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.SegmentPool

/**
 * Borrows a deflater for each message. Between messages it keeps only a dictionary, the end of the
 * messages that the next one may refer to, and primes the deflater with it.
 *
 * A deflater refers back up to 32 KiB. If the window is smaller, the deflater must never see more
 * than a window of bytes without a restart: a message is cut into pieces, each is flushed, and
 * each is primed with the end of the bytes before it.
 *
 * @param mostKept the most bytes that are kept from one message for the next
 */
internal class DictionaryDeflateEncoder(
    deflaters: Deflaters,
    windowBits: Int,
    private val takesOver: Boolean,
    mostKept: Int = DeflateParameters.MAX_WINDOW,
    threshold: Int = 0,
) : DeflateEncoder(deflaters, windowBits, threshold) {
    private val window = 1 shl windowBits

    /** Null if nothing needs it: each message is one piece and refers to no other. */
    private val history: History? = when {
        takesOver -> History(minOf(window, mostKept))
        windowBits == DeflateParameters.MAX_WINDOW_BITS -> null
        else -> History(minOf(window, SegmentPool.SEGMENT_SIZE), deflaters.segments)
    }

    private var deflater: RawDeflater? = null

    /** The number of bytes that the deflater accepts before it must be restarted. */
    private var room = 0L

    /** The number of bytes left of the message, or [UNLIMITED] if that is not known. */
    private var rest = 0L

    override fun begin(type: MessageType, length: Long): Boolean {
        rest = if (length < 0) UNLIMITED else length
        return super.begin(type, length)
    }

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        var from = offset
        val end = offset + length
        while (from < end) {
            rest = maxOf(rest, (end - from).toLong())
            val deflater = withRoom(output)
            val count = minOf(room, (end - from).toLong()).toInt()
            deflater.feed(bytes, from, count, output)
            from += count
            room -= count
            rest -= count
            remember(bytes, from - count, count)
        }
    }

    private fun remember(bytes: ByteArray, offset: Int, length: Int) {
        if (takesOver || rest > 0) {
            history?.append(bytes, offset, length)
        } else {
            // No further bytes are expected. If some come after all, they refer to nothing.
            history?.clear()
        }
    }

    private fun withRoom(output: ByteSink): RawDeflater {
        val current = deflater
        if (current != null && room > 0) return current
        current?.flush(output)
        current?.restart()
        val next = current ?: deflaters.take()
        deflater = next
        prime(next)
        return next
    }

    private fun prime(deflater: RawDeflater) {
        val before = history
        val known = if (before == null) 0 else minOf(before.size.toLong(), wanted()).toInt()
        if (before != null) deflater.prime(before.bytes, before.end - known, known)
        room = if (window == DeflateParameters.MAX_WINDOW) UNLIMITED else window.toLong() - known
    }

    /**
     * Returns the number of bytes that the next piece should be able to refer to. The rest of a
     * message becomes one piece if possible. This division compressed best of those that were
     * tried: what longer references save is lost again to more pieces.
     */
    private fun wanted(): Long = when {
        window == DeflateParameters.MAX_WINDOW -> UNLIMITED
        rest <= window / 4L * 3 -> window - rest
        else -> window / 8L * 3
    }

    override fun flush(output: ByteSink) {
        deflater?.flush(output)
    }

    override fun end(output: ByteSink) {
        deflater?.finish(output) ?: RawDeflater.finishEmpty(output)
        giveBack()
    }

    override fun sentStandalone(bytes: ByteArray) {
        if (takesOver) history?.replace(bytes)
    }

    override fun close() {
        giveBack()
        history?.clear()
    }

    private fun giveBack() {
        deflater?.let { deflaters.give(it) }
        deflater = null
        if (!takesOver) history?.clear()
    }

    private companion object {
        const val UNLIMITED = Long.MAX_VALUE
    }
}
