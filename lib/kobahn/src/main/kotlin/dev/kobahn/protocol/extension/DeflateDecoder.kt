package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/**
 * Restores compressed messages (RFC 7692 section 7.2.2), whatever window they were made with.
 *
 * A final block ends a DEFLATE stream, and another may follow in the same message or the next
 * (section 7.2.3.4). The inflater has to be restarted then and loses its window, which what follows
 * may refer to. A peer that ends messages so does it from the first one on: until that has come
 * without, what was restored is kept aside, and afterwards only for a peer that does. Of another
 * peer, a reference across its first final block is a violation.
 *
 * A restart costs as much as inflating some KiB, and a stream may have two octets: one for each message
 * is free, more have to be paid for with data.
 */
internal class DeflateDecoder(
    private val pool: CodecPool,
    private val takesOver: Boolean,
    private val zlib: Zlib = Zlib,
) : MessageDecoder {
    private var borrowed: RawInflater? = null

    /** The end of what was restored, while a restarted inflater might need it. */
    private var history: History? = History(DeflateParameters.MAX_WINDOW)
    private var hasSeenFinalBlock = false

    /** Whether there is data that the end of the message has to complete. */
    private var isIncomplete = false

    /** Whether a final block came in this message. */
    private var hasRestarted = false

    /** How many final blocks came that were not the first of their message. */
    private var restarts = 0L

    /** How many octets came. */
    private var taken = 0L

    override fun decode(octets: ByteArray, offset: Int, length: Int, output: OctetSink) {
        taken += length
        if (length > 0) withInflater { inflate(octets, offset, length, it, output) }
    }

    private inline fun withInflater(action: Inflater.(segment: ByteArray) -> Unit) {
        val inflater = borrowed ?: take().also { borrowed = it }
        val segment = pool.segments.take()
        try {
            inflater.zlib.action(segment)
        } catch (invalid: DataFormatException) {
            throw ProtocolException(Violation.CODED_DATA_INVALID, invalid.message, invalid)
        } finally {
            pool.segments.recycle(segment)
        }
    }

    private fun Inflater.inflate(
        octets: ByteArray,
        offset: Int,
        length: Int,
        segment: ByteArray,
        output: OctetSink,
    ) {
        val end = offset + length
        var left = length
        while (left > 0) {
            setInput(octets, end - left, left)
            isIncomplete = true
            inflateStream(segment, output)
            val rest = remaining
            if (!finished()) return checkValid(rest == 0)
            checkValid(rest < left)
            restart()
            left = rest
        }
    }

    /** Passes on all that comes of the input, or of the rest of a stream in it. */
    private fun Inflater.inflateStream(segment: ByteArray, output: OctetSink) {
        do {
            val count = inflate(segment, 0, segment.size)
            if (count > 0) {
                history?.append(segment, 0, count)
                output.write(segment, 0, count)
            }
        } while (count == segment.size)
    }

    private fun Inflater.restart() {
        countRestart()
        reset()
        isIncomplete = false
        hasSeenFinalBlock = true
        val before = history ?: History(DeflateParameters.MAX_WINDOW).also { history = it }
        if (before.size > 0) setDictionary(before.octets, before.end - before.size, before.size)
    }

    private fun countRestart() {
        if (hasRestarted && ++restarts > FREE_RESTARTS + taken / OCTETS_PER_RESTART) {
            throw ProtocolException(Violation.CODED_DATA_INVALID, "too many final blocks")
        }
        hasRestarted = true
    }

    override fun end(output: OctetSink) {
        if (isIncomplete) withInflater { complete(it) }
        isIncomplete = false
        hasRestarted = false
        if (!hasSeenFinalBlock) history = null
        if (!takesOver) giveBack()
    }

    /** Feeds what the message goes without, and an empty block, by which most that is cut off is found. */
    private fun Inflater.complete(segment: ByteArray) {
        completeWith(END, segment)
        // The empty block that was completed may itself be the final one.
        if (finished()) return restart()
        completeWith(if (takesOver) EMPTY_BLOCK else LAST_BLOCK, segment)
        checkValid(finished() != takesOver)
    }

    private fun Inflater.completeWith(octets: ByteArray, segment: ByteArray) {
        setInput(octets)
        val count = inflate(segment, 0, segment.size)
        checkValid(count == 0 && remaining == 0)
    }

    private fun checkValid(isValid: Boolean) {
        if (!isValid) throw ProtocolException(Violation.CODED_DATA_INVALID)
    }

    override fun close() {
        giveBack()
    }

    private fun take(): RawInflater =
        pool.take(RawInflater) as RawInflater? ?: RawInflater(zlib.inflater())

    private fun giveBack() {
        history?.clear()
        val inflater = borrowed ?: return
        borrowed = null
        inflater.zlib.reset()
        pool.give(RawInflater, inflater)
    }

    private class RawInflater(val zlib: Inflater) : PooledCodec {
        override fun close() {
            zlib.end()
        }

        companion object Kind
    }

    private companion object {
        const val FREE_RESTARTS = 64

        /** At this rate restarts take no longer than plain messages of that many octets. */
        const val OCTETS_PER_RESTART = 256

        /** The rest of an empty block, which every message goes without. */
        val END = octets(0x00, 0x00, 0xFF, 0xFF)

        /** An empty block, which is without effect. */
        val EMPTY_BLOCK = octets(0x00, 0x00, 0x00, 0xFF, 0xFF)

        /** A final one: for certain the end, but also of the window. */
        val LAST_BLOCK = octets(0x01, 0x00, 0x00, 0xFF, 0xFF)

        fun octets(vararg values: Int) = ByteArray(values.size) { values[it].toByte() }
    }
}
