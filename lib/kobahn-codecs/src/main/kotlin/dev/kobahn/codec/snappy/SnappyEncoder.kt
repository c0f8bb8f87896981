package dev.kobahn.codec.snappy

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.MessageEncoder
import org.xerial.snappy.Snappy

/**
 * Compresses each piece of a message to chunks of its own, like Autobahn, so nothing waits for a
 * [flush]. A chunk does not refer to earlier ones: messages share only the identifier of the
 * stream.
 *
 * @param noContextTakeover whether every message is a stream of its own; else all messages are one
 * stream
 */
internal class SnappyEncoder(private val noContextTakeover: Boolean) : MessageEncoder {
    private var isIdentified = false

    override fun begin(type: MessageType, length: Long): Boolean {
        if (noContextTakeover) isIdentified = false
        return true
    }

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        if (!isIdentified) identify(output)
        isIdentified = true
        writeChunks(bytes, offset, length, output)
    }

    override fun flush(output: ByteSink) {}

    override fun end(output: ByteSink) {}

    /**
     * A standalone message always begins with an identifier, which is allowed again within a
     * stream.
     */
    override val standaloneForm: Any get() = Form

    override fun encodeStandalone(bytes: ByteArray, output: ByteSink) {
        identify(output)
        writeChunks(bytes, 0, bytes.size, output)
    }

    override fun sentStandalone(bytes: ByteArray) {
        isIdentified = true
    }

    override fun close() {
        // The encoder holds no resources.
    }

    private fun identify(output: ByteSink) {
        val identifier = SnappyFrame.STREAM_IDENTIFIER
        output.write(identifier, 0, identifier.size)
    }

    private fun writeChunks(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        if (length == 0) return
        val most = Snappy.maxCompressedLength(minOf(length, SnappyFrame.MAX_CONTENT))
        val target = ByteArray(PREFIX + most)
        var from = offset
        while (from < offset + length) {
            val count = minOf(offset + length - from, SnappyFrame.MAX_CONTENT)
            writeChunk(bytes, from, count, target, output)
            from += count
        }
    }

    /** Writes one chunk. It stays uncompressed if compression saves less than an eighth. */
    private fun writeChunk(
        bytes: ByteArray,
        from: Int,
        count: Int,
        target: ByteArray,
        output: ByteSink,
    ) {
        var size = Snappy.compress(bytes, from, count, target, PREFIX)
        val isShorter = size <= count - count / MIN_GAIN
        if (!isShorter) {
            System.arraycopy(bytes, from, target, PREFIX, count)
            size = count
        }
        target[0] = (if (isShorter) SnappyFrame.COMPRESSED else SnappyFrame.UNCOMPRESSED).toByte()
        SnappyFrame.put(size + SnappyFrame.CHECKSUM_SIZE, LENGTH_SIZE, target, 1)
        val checksum = SnappyFrame.checksum(bytes, from, count)
        SnappyFrame.put(checksum, SnappyFrame.CHECKSUM_SIZE, target, SnappyFrame.HEADER_SIZE)
        output.write(target, 0, PREFIX + size)
    }

    private companion object {
        const val PREFIX = SnappyFrame.HEADER_SIZE + SnappyFrame.CHECKSUM_SIZE
        const val LENGTH_SIZE = 3
        const val MIN_GAIN = 8
    }

    /** Shared by all encoders: each of them encodes a standalone message to the same bytes. */
    private object Form
}
