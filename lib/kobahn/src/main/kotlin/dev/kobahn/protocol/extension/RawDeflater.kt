package dev.kobahn.protocol.extension

import dev.kobahn.protocol.SegmentPool
import java.util.zip.Deflater

/**
 * A deflater of zlib, about 256 KiB outside of the heap. It remembers its input for later
 * references until [restart], always with a window of 32 KiB: the JDK has no setting for less.
 */
internal class RawDeflater(private val zlib: Deflater, private val segments: SegmentPool) :
    PooledCodec {
    /** Compresses [length] bytes. The result may come out later. */
    fun feed(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        val segment = segments.take()
        try {
            var from = offset
            val end = offset + length
            while (from < end) {
                val count = minOf(end - from, STRIDE)
                zlib.setInput(bytes, from, count)
                feedInput(segment, output)
                from += count
            }
        } finally {
            zlib.setInput(NOTHING)
            segments.recycle(segment)
        }
    }

    private fun feedInput(segment: ByteArray, output: ByteSink) {
        while (!zlib.needsInput()) {
            val count = zlib.deflate(segment, 0, segment.size, Deflater.NO_FLUSH)
            if (count > 0) output.write(segment, 0, count)
        }
    }

    /** Writes everything that was fed. */
    fun flush(output: ByteSink) {
        flush(output, withheld = 0)
    }

    /** Flushes in the form that ends a message (RFC 7692 section 7.2.1). */
    fun finish(output: ByteSink) {
        val isAnything = flush(output, withheld = MARKER_SIZE)
        if (!isAnything) finishEmpty(output)
    }

    /**
     * Flushes all but the last [withheld] bytes; returns false if nothing was fed since the last
     * flush.
     */
    private fun flush(output: ByteSink, withheld: Int): Boolean {
        val segment = segments.take()
        try {
            var filled = 0
            while (true) {
                val room = segment.size - filled
                val count = zlib.deflate(segment, filled, room, Deflater.SYNC_FLUSH)
                filled += count
                val ready = filled - withheld
                if (ready > 0) output.write(segment, 0, ready)
                if (count < room) return filled > 0
                System.arraycopy(segment, ready, segment, 0, withheld)
                filled = withheld
            }
        } finally {
            segments.recycle(segment)
        }
    }

    /**
     * Lets later bytes refer to these [length] bytes. Call it only before the first [feed] since
     * [restart].
     */
    fun prime(bytes: ByteArray, offset: Int, length: Int) {
        if (length > 0) zlib.setDictionary(bytes, offset, length)
    }

    /** Forgets all earlier bytes. Bytes that were fed but not flushed are lost. */
    fun restart() {
        zlib.reset()
    }

    override fun close() {
        zlib.end()
    }

    companion object {
        /** Writes a message, or the rest of one, without bytes (section 7.2.3.6). */
        fun finishEmpty(output: ByteSink) {
            output.write(EMPTY_BLOCK, 0, EMPTY_BLOCK.size)
        }

        /** The number of bytes at the end of a flush that every message omits. */
        private const val MARKER_SIZE = 4

        /**
         * The most bytes that zlib sees at once: the garbage collector must wait meanwhile, or the
         * JDK makes a copy.
         */
        private const val STRIDE = 1 shl 16

        private val NOTHING = ByteArray(0)

        private val EMPTY_BLOCK = byteArrayOf(0)
    }
}

/** Lends deflaters of one [level], and makes new ones if none is unused. */
internal class Deflaters(val level: Int, private val pool: CodecPool, private val zlib: Zlib) {
    private val kind = DeflaterKind(level)

    val segments: SegmentPool get() = pool.segments

    fun take(): RawDeflater =
        pool.take(kind) as RawDeflater? ?: RawDeflater(zlib.deflater(level), pool.segments)

    fun give(deflater: RawDeflater) {
        deflater.restart()
        pool.give(kind, deflater)
    }
}

private data class DeflaterKind(private val level: Int)
