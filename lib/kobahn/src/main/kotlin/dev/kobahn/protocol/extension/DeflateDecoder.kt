package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/**
 * Restores compressed messages (RFC 7692 section 7.2.2), for any window of the peer.
 *
 * A final block ends a DEFLATE stream, and another stream may follow in the same message or the
 * next (section 7.2.3.4). The inflater must then be restarted and loses its window, but later data
 * may refer to it. Peers that end messages with final blocks do so from the first message on. So
 * the decoder keeps a copy of the restored bytes until the first message has ended without a final
 * block, and afterwards only for a peer that uses them. From any other peer, a reference across its
 * first final block is a violation.
 *
 * A restart costs as much as inflating some KiB, and a stream may be as short as two bytes. One
 * restart is free for each message; further ones must be paid for with data.
 */
internal class DeflateDecoder(
    private val pool: CodecPool,
    private val takesOver: Boolean,
    private val zlib: Zlib = Zlib,
) : MessageDecoder {
    private var borrowed: RawInflater? = null

    /** The end of the restored data, kept while a restarted inflater might need it. */
    private var history: History? = History(DeflateParameters.MAX_WINDOW)
    private var hasSeenFinalBlock = false

    /** Whether there is data that the end of the message must complete. */
    private var isIncomplete = false

    /** Whether this message had a final block. */
    private var hasRestarted = false

    /** The number of final blocks that were not the first of their message. */
    private var restarts = 0L

    /** The number of received bytes. */
    private var taken = 0L

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        taken += length
        if (length > 0) withInflater { inflate(bytes, offset, length, it, output) }
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
        bytes: ByteArray,
        offset: Int,
        length: Int,
        segment: ByteArray,
        output: ByteSink,
    ) {
        val end = offset + length
        var left = length
        while (left > 0) {
            setInput(bytes, end - left, left)
            isIncomplete = true
            inflateStream(segment, output)
            val rest = remaining
            if (!finished()) return checkValid(rest == 0)
            checkValid(rest < left)
            restart()
            left = rest
        }
    }

    /** Passes on everything that the input, or the rest of a stream in it, inflates to. */
    private fun Inflater.inflateStream(segment: ByteArray, output: ByteSink) {
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
        if (before.size > 0) setDictionary(before.bytes, before.end - before.size, before.size)
    }

    private fun countRestart() {
        if (hasRestarted && ++restarts > FREE_RESTARTS + taken / BYTES_PER_RESTART) {
            throw ProtocolException(Violation.CODED_DATA_INVALID, "too many final blocks")
        }
        hasRestarted = true
    }

    override fun end(output: ByteSink) {
        if (isIncomplete) withInflater { complete(it) }
        isIncomplete = false
        hasRestarted = false
        if (!hasSeenFinalBlock) history = null
        if (!takesOver) giveBack()
    }

    /**
     * Feeds the bytes that every message omits, and then an empty block, which reveals most
     * truncated data.
     */
    private fun Inflater.complete(segment: ByteArray) {
        completeWith(END, segment)
        // The empty block completed here may itself be the final one.
        if (finished()) return restart()
        completeWith(if (takesOver) EMPTY_BLOCK else LAST_BLOCK, segment)
        checkValid(finished() != takesOver)
    }

    private fun Inflater.completeWith(bytes: ByteArray, segment: ByteArray) {
        setInput(bytes)
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

        /** At this rate restarts take no longer than plain messages with this many bytes. */
        const val BYTES_PER_RESTART = 256

        /** The rest of an empty block, which every message omits. */
        val END = bytes(0x00, 0x00, 0xFF, 0xFF)

        /** An empty block, which has no effect. */
        val EMPTY_BLOCK = bytes(0x00, 0x00, 0x00, 0xFF, 0xFF)

        /** A final empty block: a reliable end, but it ends the window too. */
        val LAST_BLOCK = bytes(0x01, 0x00, 0x00, 0xFF, 0xFF)

        fun bytes(vararg values: Int) = ByteArray(values.size) { values[it].toByte() }
    }
}
