package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.SegmentPool

/**
 * Borrows a deflater for each message and keeps of the messages only what the next one may refer
 * to, which the deflater is primed with.
 *
 * A deflater refers back up to 32 KiB. Where less is allowed, it never has more than a window of
 * octets since its last restart: a message is cut into pieces, each flushed, and each primed with
 * the end of what is before it.
 *
 * @param mostKept how many octets are kept from one message for the next at most
 */
internal class DictionaryDeflateEncoder(
    deflaters: Deflaters,
    windowBits: Int,
    private val takesOver: Boolean,
    mostKept: Int = DeflateParameters.MAX_WINDOW,
    threshold: Int = 0,
) : DeflateEncoder(deflaters, windowBits, threshold) {
    private val window = 1 shl windowBits

    /** Null where nothing is asked of it: there is one piece, and nothing before it. */
    private val history: History? = when {
        takesOver -> History(minOf(window, mostKept))
        windowBits == DeflateParameters.MAX_WINDOW_BITS -> null
        else -> History(minOf(window, SegmentPool.SEGMENT_SIZE), deflaters.segments)
    }

    private var deflater: RawDeflater? = null

    /** How many octets the deflater may still take before it is restarted. */
    private var room = 0L

    /** How many octets the message still has, or very many if that is not known. */
    private var rest = 0L

    override fun begin(type: MessageType, length: Long): Boolean {
        rest = if (length < 0) UNLIMITED else length
        return super.begin(type, length)
    }

    override fun encode(octets: ByteArray, offset: Int, length: Int, output: OctetSink) {
        var from = offset
        val end = offset + length
        while (from < end) {
            rest = maxOf(rest, (end - from).toLong())
            val deflater = withRoom(output)
            val count = minOf(room, (end - from).toLong()).toInt()
            deflater.feed(octets, from, count, output)
            from += count
            room -= count
            rest -= count
            remember(octets, from - count, count)
        }
    }

    private fun remember(octets: ByteArray, offset: Int, length: Int) {
        if (takesOver || rest > 0) {
            history?.append(octets, offset, length)
        } else {
            // Nothing more is expected; if it comes after all, it refers to nothing.
            history?.clear()
        }
    }

    private fun withRoom(output: OctetSink): RawDeflater {
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
        if (before != null) deflater.prime(before.octets, before.end - known, known)
        room = if (window == DeflateParameters.MAX_WINDOW) UNLIMITED else window.toLong() - known
    }

    /**
     * How much the next piece should be able to refer to. The rest of a message goes into one
     * piece where it can. Of other divisions this one made the least of what was tried: what is
     * saved by referring to more is lost again to more pieces.
     */
    private fun wanted(): Long = when {
        window == DeflateParameters.MAX_WINDOW -> UNLIMITED
        rest <= window / 4L * 3 -> window - rest
        else -> window / 8L * 3
    }

    override fun flush(output: OctetSink) {
        deflater?.flush(output)
    }

    override fun end(output: OctetSink) {
        deflater?.finish(output) ?: RawDeflater.finishEmpty(output)
        giveBack()
    }

    override fun sentStandalone(octets: ByteArray) {
        if (takesOver) history?.replace(octets)
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
