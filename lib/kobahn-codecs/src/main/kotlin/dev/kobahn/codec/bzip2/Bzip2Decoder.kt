package dev.kobahn.codec.bzip2

import dev.kobahn.protocol.OctetQueue
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.OctetSink
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream

/**
 * Every message is one bzip2 stream. The library reads from a stream that waits for what is not
 * there yet, which an event loop must not: a message is held, as it is on the wire, until it is
 * complete, and comes out in small steps then.
 *
 * @param maxMessageSize the longest message in octets, if the output has no lower limit. What is
 * longer on the wire than the longest message should be is not held.
 */
internal class Bzip2Decoder(segments: SegmentPool, private val maxMessageSize: Long) :
    MessageDecoder {
    private val held = OctetQueue(segments)

    override fun decode(octets: ByteArray, offset: Int, length: Int, output: OctetSink) {
        val most = mostFor(minOf(output.room, maxMessageSize))
        if (held.size + length > most) {
            val detail = "more than $most octets of bzip2 in one message"
            throw ProtocolException(Violation.MESSAGE_TOO_BIG, detail)
        }
        held.append(octets, offset, length)
    }

    /** What bzip2 cannot make shorter grows by a hundredth, and 600 octets. */
    private fun mostFor(size: Long) =
        if (size > Long.MAX_VALUE / 2) size else size + size / GROWTH + SMALLEST_BOUND

    override fun end(output: OctetSink) {
        val chunk = ByteArray(CHUNK)
        val input = HeldInput(held)
        val stream = checked { BZip2CompressorInputStream(input) }
        while (true) {
            val count = checked { stream.read(chunk) }
            if (count < 0) break
            output.write(chunk, 0, count)
        }
        if (!input.isAtEnd) throw invalid("octets after its end")
    }

    override fun close() = held.clear()

    private inline fun <T> checked(read: () -> T): T = try {
        read()
    } catch (e: IOException) {
        throw invalid(e.message, e)
    } catch (e: IndexOutOfBoundsException) {
        // the library does not check all of its indices
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

/** Takes the octets of [held], and ends where they do. */
private class HeldInput(private val held: OctetQueue) : InputStream() {
    private val buffer = ByteBuffer.allocate(SegmentPool.SEGMENT_SIZE).apply { limit(0) }

    val isAtEnd: Boolean get() = !buffer.hasRemaining() && held.isEmpty

    override fun read(): Int {
        if (!buffer.hasRemaining() && !refill()) return -1
        return buffer.get().toInt() and OCTET
    }

    private fun refill(): Boolean {
        buffer.clear()
        held.remove(held.copyTo(buffer))
        buffer.flip()
        return buffer.hasRemaining()
    }

    private companion object {
        const val OCTET = 0xFF
    }
}
