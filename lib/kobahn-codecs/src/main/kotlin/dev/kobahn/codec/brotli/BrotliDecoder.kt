package dev.kobahn.codec.brotli

import com.aayushatharva.brotli4j.decoder.DecoderJNI
import com.aayushatharva.brotli4j.decoder.DecoderJNI.Status
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageDecoder

/**
 * Decompresses brotli as it arrives.
 *
 * Without context takeover every message must be a stream of its own. With it the messages share a
 * stream, which does not show where a message ends. A stream may end with a message, like those of
 * Autobahn; the next message then begins another stream.
 */
internal class BrotliDecoder(private val noContextTakeover: Boolean) : MessageDecoder {
    // Native memory, allocated for the first byte: up to the 16 MiB of the stream's window.
    private var stream: DecoderJNI.Wrapper? = null
    private val chunk = BrotliChunk()

    override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        var from = offset
        val end = offset + length
        while (from < end) {
            val decoder = stream ?: newStream()
            if (decoder.status == Status.DONE) throw invalid("bytes after its end")
            val count = minOf(end - from, BrotliChunk.SIZE)
            chunk.fill(decoder.inputBuffer, bytes, from, count)
            decoder.push(count)
            pull(decoder, output)
            from += count
        }
    }

    /**
     * Writes the available output. The library returns the bytes of a long reference in parts, and
     * reports `NEEDS_MORE_INPUT` after a part. Only an empty push shows whether it really does.
     */
    private fun pull(decoder: DecoderJNI.Wrapper, output: ByteSink) {
        while (true) {
            val isDry = !decoder.hasOutput()
            while (decoder.hasOutput()) chunk.copy(decoder.pull(), output)
            when (decoder.status) {
                Status.OK -> decoder.push(0)
                Status.NEEDS_MORE_INPUT -> if (isDry) return else decoder.push(0)
                Status.DONE -> return
                else -> throw invalid("it is damaged")
            }
        }
    }

    override fun end(output: ByteSink) {
        val isAtEnd = stream?.status == Status.DONE
        if (noContextTakeover && !isAtEnd) throw invalid("it ends too early")
        if (isAtEnd) close()
    }

    override fun close() {
        stream?.destroy()
        stream = null
    }

    private fun newStream() =
        DecoderJNI.Wrapper(BrotliChunk.SIZE, BrotliChunk.SIZE).also { stream = it }

    private fun invalid(detail: String) =
        ProtocolException(Violation.CODED_DATA_INVALID, "brotli: $detail")
}
