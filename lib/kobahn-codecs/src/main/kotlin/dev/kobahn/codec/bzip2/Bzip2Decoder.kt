package dev.kobahn.codec.bzip2

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageDecoder
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream

/**
 * Decompresses messages, each of which is one bzip2 stream. The library blocks while it reads a
 * stream that is not complete, which an event loop must not do. So a compressed message is held
 * until it is complete, and then decompressed in small steps.
 *
 * @param maxMessageSize the maximum size of a message in bytes, if the output has no lower limit. A
 * message whose compressed size exceeds it is not held.
 */
internal class Bzip2Decoder(segments: SegmentPool, private val maxMessageSize: Long) :
    MessageDecoder {
    private val held = ByteQueue(segments)

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        val most = mostFor(minOf(output.room, maxMessageSize))
        if (held.size + length > most) {
            val detail = "more than $most bytes of bzip2 in one message"
            throw ProtocolException(Violation.MESSAGE_TOO_BIG, detail)
        }
        held.append(bytes, offset, length)
    }

    /**
     * Returns the maximum compressed size of [size] bytes: incompressible data grows by a hundredth
     * and 600 bytes.
     */
    private fun mostFor(size: Long) =
        if (size > Long.MAX_VALUE / 2) size else size + size / GROWTH + SMALLEST_BOUND

    override fun end(output: ByteSink) {
        val chunk = ByteArray(CHUNK)
        val input = HeldInput(held)
        val stream = checked { BZip2CompressorInputStream(input) }
        while (true) {
            val count = checked { stream.read(chunk) }
            if (count < 0) break
            output.write(chunk, 0, count)
        }
        if (!input.isAtEnd) throw invalid("bytes after its end")
    }

    override fun close() = held.clear()

    private inline fun <T> checked(read: () -> T): T = try {
        read()
    } catch (e: IOException) {
        throw invalid(e.message, e)
    } catch (e: IndexOutOfBoundsException) {
        // The library does not check all of its indices.
        throw invalid(e.message, e)
    }

    private fun invalid(detail: String?, cause: Exception? = null) =
        ProtocolException(Violation.CODED_DATA_INVALID, "bzip2: $detail", cause)

    private companion object {
        const val CHUNK = 8192
        const val GROWTH = 64
        const val SMALLEST_BOUND = 1024
    }
}

/** Reads and removes the bytes of [held]. */
private class HeldInput(private val held: ByteQueue) : InputStream() {
    private val buffer = ByteBuffer.allocate(SegmentPool.SEGMENT_SIZE).apply { limit(0) }

    val isAtEnd: Boolean get() = !buffer.hasRemaining() && held.isEmpty

    override fun read(): Int {
        if (!buffer.hasRemaining() && !refill()) return -1
        return buffer.get().toInt() and BYTE
    }

    private fun refill(): Boolean {
        buffer.clear()
        held.remove(held.copyTo(buffer))
        buffer.flip()
        return buffer.hasRemaining()
    }

    private companion object {
        const val BYTE = 0xFF
    }
}
