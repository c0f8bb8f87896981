package dev.kobahn.codec.brotli

import com.aayushatharva.brotli4j.decoder.DecoderJNI
import com.aayushatharva.brotli4j.decoder.DecoderJNI.Status
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.OctetSink

/**
 * Restores brotli as it arrives.
 *
 * Without context takeover a message has to be a stream. With it the messages are one stream, and
 * where one of them ends is not to be seen in it; a stream may end with a message, as those of
 * Autobahn do, and the next message begins another then.
 */
internal class BrotliDecoder(private val noContextTakeover: Boolean) : MessageDecoder {
    // native memory: from the first octet on, up to the 16 MiB a stream may refer back
    private var stream: DecoderJNI.Wrapper? = null
    private val chunk = BrotliChunk()

    override fun decode(octets: ByteArray, offset: Int, length: Int, output: OctetSink) {
        var from = offset
        val end = offset + length
        while (from < end) {
            val decoder = stream ?: newStream()
            if (decoder.status == Status.DONE) throw invalid("octets after its end")
            val count = minOf(end - from, BrotliChunk.SIZE)
            chunk.fill(decoder.inputBuffer, octets, from, count)
            decoder.push(count)
            pull(decoder, output)
            from += count
        }
    }

    /**
     * What a long reference yields comes in parts, and after one of them the library says that it
     * needs more input: only being given nothing shows whether it does.
     */
    private fun pull(decoder: DecoderJNI.Wrapper, output: OctetSink) {
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

    override fun end(output: OctetSink) {
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
