package dev.kobahn.codec.brotli

import com.aayushatharva.brotli4j.encoder.Encoder
import com.aayushatharva.brotli4j.encoder.EncoderJNI
import com.aayushatharva.brotli4j.encoder.EncoderJNI.Operation
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageEncoder
import java.io.IOException

/**
 * Compresses messages with brotli. Without context takeover every message is a brotli stream. With
 * it all messages share one stream that never ends: each is flushed, after which the peer can
 * decode all of it.
 */
internal class BrotliEncoder(private val noContextTakeover: Boolean) : MessageEncoder {
    // 1.3 MiB of native memory, allocated for the first bytes, because a begun message may be
    // abandoned.
    private var stream: BrotliOutput? = null

    override fun begin(type: MessageType, length: Long): Boolean = true

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
        open().encode(bytes, offset, length, output)

    override fun flush(output: ByteSink) = open().run(Operation.FLUSH, output)

    override fun end(output: ByteSink) {
        if (!noContextTakeover) return flush(output)
        open().run(Operation.FINISH, output)
        close()
    }

    override val standaloneForm: Any? get() = if (noContextTakeover) Form else null

    override fun encodeStandalone(bytes: ByteArray, output: ByteSink) {
        val alone = BrotliEncoder(noContextTakeover = true)
        try {
            alone.begin(MessageType.BINARY, bytes.size.toLong())
            alone.encode(bytes, 0, bytes.size, output)
            alone.end(output)
        } finally {
            alone.close()
        }
    }

    override fun close() {
        stream?.close()
        stream = null
    }

    private fun open() = stream ?: BrotliOutput().also { stream = it }

    private object Form
}

/** An encoder in native memory, which must be closed. */
private class BrotliOutput {
    private val encoder =
        EncoderJNI.Wrapper(BrotliChunk.SIZE, QUALITY, WINDOW_BITS, Encoder.Mode.GENERIC)
    private val chunk = BrotliChunk()

    fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        var from = offset
        val end = offset + length
        while (from < end) {
            val count = minOf(end - from, BrotliChunk.SIZE)
            chunk.fill(encoder.inputBuffer, bytes, from, count)
            push(Operation.PROCESS, count, output)
            from += count
        }
    }

    fun run(operation: Operation, output: ByteSink) = push(operation, 0, output)

    private fun push(operation: Operation, count: Int, output: ByteSink) {
        encoder.push(operation, count)
        while (true) {
            if (!encoder.isSuccess) throw IOException("brotli cannot encode")
            when {
                encoder.hasMoreOutput() -> chunk.copy(encoder.pull(), output)
                encoder.hasRemainingInput() -> encoder.push(operation, 0)
                else -> return
            }
        }
    }

    fun close() = encoder.destroy()

    private companion object {
        /**
         * Fast enough for messages; the quality 11 of Autobahn's library is a hundred times slower.
         */
        const val QUALITY = 5

        /** A window of 256 KiB. */
        const val WINDOW_BITS = 18
    }
}
