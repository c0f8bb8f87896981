package dev.kobahn.codec.bzip2

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageEncoder
import java.io.OutputStream
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream

/**
 * Compresses messages, each to one bzip2 stream. A block is written when it is full.
 *
 * [flush] cannot write the open block. A block that ends early does not help a reader of the
 * stream, and a stream that ends early ends the message for Autobahn, whose decompressor accepts
 * one stream per message.
 *
 * @param level 1 to 9: the maximum block size in units of 100,000 bytes
 */
internal class Bzip2Encoder(private val level: Int) : MessageEncoder {
    private val output = ChunkedOutput()
    private var stream: BZip2CompressorOutputStream? = null
    private var length = 0L

    override fun begin(type: MessageType, length: Long): Boolean {
        this.length = length
        return true
    }

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        this.output.sink = output
        open().write(bytes, offset, length)
    }

    override fun flush(output: ByteSink) {
        this.output.sink = output
        this.output.drain()
    }

    override fun end(output: ByteSink) {
        this.output.sink = output
        open().finish()
        stream = null
        this.output.drain()
    }

    override val standaloneForm: Any get() = Form(level)

    override fun encodeStandalone(bytes: ByteArray, output: ByteSink) {
        val alone = ChunkedOutput()
        alone.sink = output
        val stream = newStream(alone, bytes.size.toLong())
        stream.write(bytes)
        stream.finish()
        alone.drain()
    }

    override fun close() {
        // All memory is on the heap.
        stream = null
    }

    /**
     * Returns the stream, creating it on first use: a begun message may be abandoned or sent
     * standalone.
     */
    private fun open() = stream ?: newStream(output, length).also { stream = it }

    /**
     * Returns a stream whose blocks are no larger than the message, if [length] is known: both ends
     * need memory for a whole block.
     */
    private fun newStream(output: OutputStream, length: Long): BZip2CompressorOutputStream {
        val most = if (length < 0) level else minOf(level, blockSizeFor(length))
        return BZip2CompressorOutputStream(output, most)
    }

    private fun blockSizeFor(length: Long) =
        BZip2CompressorOutputStream.chooseBlockSize(maxOf(1, length))

    private data class Form(private val level: Int)
}

/** Collects single bytes, which the library writes, into chunks for a sink. */
private class ChunkedOutput : OutputStream() {
    lateinit var sink: ByteSink
    private val chunk = ByteArray(CHUNK)
    private var size = 0

    override fun write(byte: Int) {
        if (size == CHUNK) drain()
        chunk[size++] = byte.toByte()
    }

    fun drain() {
        val count = size
        size = 0
        if (count > 0) sink.write(chunk, 0, count)
    }

    private companion object {
        const val CHUNK = 2048
    }
}
