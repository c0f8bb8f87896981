package dev.kobahn.codec.snappy

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageDecoder
import java.io.IOException
import org.xerial.snappy.Snappy

/**
 * Decompresses the chunks of a framed stream, each when it is complete. Holds at most one chunk,
 * which is at most 75 KiB, and nothing between messages.
 *
 * @param noContextTakeover whether every message must be a stream of its own; else all messages are
 * one stream
 */
internal class SnappyDecoder(private val noContextTakeover: Boolean) : MessageDecoder {
    private var isIdentified = false

    /** The first [size] bytes of the arriving chunk, header included. */
    private var chunk = NOTHING
    private var size = 0

    /** The number of bytes still to arrive of a skippable chunk. */
    private var toSkip = 0

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        var from = offset
        val end = offset + length
        while (from < end) {
            if (toSkip > 0) {
                val count = minOf(toSkip, end - from)
                toSkip -= count
                from += count
            } else {
                from += take(bytes, from, end)
                endHeaderOrChunk(output)
            }
        }
    }

    override fun end(output: ByteSink) {
        if (size > 0 || toSkip > 0) throw invalid("the last chunk is cut off")
        chunk = NOTHING
        if (noContextTakeover) isIdentified = false
    }

    override fun close() {
        chunk = NOTHING
    }

    /**
     * Copies missing bytes of the header, or else of the chunk, and returns how many it copied.
     */
    private fun take(bytes: ByteArray, from: Int, end: Int): Int {
        val count = minOf(missing(), end - from)
        if (size + count > chunk.size) chunk = chunk.copyOf(grown(size + count))
        System.arraycopy(bytes, from, chunk, size, count)
        size += count
        return count
    }

    /**
     * Returns the new capacity. It follows the number of bytes that arrived, not the declared
     * length.
     */
    private fun grown(least: Int): Int {
        val most = SnappyFrame.HEADER_SIZE + SnappyFrame.MAX_DATA
        return maxOf(least, minOf(2 * chunk.size, most))
    }

    private fun missing(): Int = when {
        size < SnappyFrame.HEADER_SIZE -> SnappyFrame.HEADER_SIZE - size
        else -> SnappyFrame.HEADER_SIZE + dataSize() - size
    }

    private fun dataSize() = SnappyFrame.get(LENGTH_SIZE, chunk, 1)

    private fun chunkType() = SnappyFrame.get(1, chunk, 0)

    private fun endHeaderOrChunk(output: ByteSink) {
        if (size == SnappyFrame.HEADER_SIZE) checkHeader()
        if (size >= SnappyFrame.HEADER_SIZE && missing() == 0) {
            size = 0
            endChunk(output)
        }
    }

    private fun checkHeader() {
        val type = chunkType()
        val size = dataSize()
        if (!isIdentified && type != SnappyFrame.IDENTIFIER) {
            throw invalid("the stream's identifier is missing")
        }
        when (type) {
            SnappyFrame.COMPRESSED, SnappyFrame.UNCOMPRESSED ->
                if (size !in SnappyFrame.CHECKSUM_SIZE..SnappyFrame.MAX_DATA) {
                    throw invalid("a chunk of $size bytes")
                }

            SnappyFrame.IDENTIFIER -> if (size != IDENTIFIER_SIZE) throw invalid(BAD_IDENTIFIER)

            in SnappyFrame.FIRST_SKIPPABLE until SnappyFrame.IDENTIFIER -> skip(size)

            else -> throw invalid("a chunk of the unknown type $type")
        }
    }

    private fun skip(count: Int) {
        toSkip = count
        size = 0
    }

    private fun endChunk(output: ByteSink) {
        val content = SnappyFrame.HEADER_SIZE + SnappyFrame.CHECKSUM_SIZE
        val end = SnappyFrame.HEADER_SIZE + dataSize()
        when (chunkType()) {
            SnappyFrame.IDENTIFIER -> checkIdentifier()

            SnappyFrame.COMPRESSED -> {
                val restored = restore(content, end - content)
                emit(restored, 0, restored.size, output)
            }

            else -> emit(chunk, content, end - content, output)
        }
    }

    private fun checkIdentifier() {
        val identifier = SnappyFrame.STREAM_IDENTIFIER
        for (index in identifier.indices) {
            if (chunk[index] != identifier[index]) throw invalid(BAD_IDENTIFIER)
        }
        isIdentified = true
    }

    private fun restore(offset: Int, length: Int): ByteArray = try {
        val size = Snappy.uncompressedLength(chunk, offset, length)
        if (size !in 0..SnappyFrame.MAX_CONTENT) throw invalid("a chunk with $size bytes in it")
        val restored = ByteArray(size)
        Snappy.uncompress(chunk, offset, length, restored, 0)
        restored
    } catch (e: ProtocolException) {
        throw e
    } catch (e: IOException) {
        throw invalid(e.message, e)
    }

    private fun emit(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        if (length > SnappyFrame.MAX_CONTENT) throw invalid("a chunk with $length bytes in it")
        val sent = SnappyFrame.get(SnappyFrame.CHECKSUM_SIZE, chunk, SnappyFrame.HEADER_SIZE)
        if (SnappyFrame.checksum(bytes, offset, length) != sent) {
            throw invalid("the checksum of a chunk does not fit")
        }
        output.write(bytes, offset, length)
    }

    private fun invalid(detail: String?, cause: IOException? = null) =
        ProtocolException(Violation.CODED_DATA_INVALID, "Snappy: $detail", cause)

    private companion object {
        const val LENGTH_SIZE = 3
        const val IDENTIFIER_SIZE = 6
        const val BAD_IDENTIFIER = "that is not the stream's identifier"
        val NOTHING = ByteArray(0)
    }
}
