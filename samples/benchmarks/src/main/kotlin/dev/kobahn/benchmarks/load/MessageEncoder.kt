package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload
import java.util.zip.Deflater

/**
 * Makes the frames of one connection's messages, compressed with a context that is taken over, or
 * not.
 */
internal class MessageEncoder(
    private val payload: Payload,
    private val connection: Int,
    compressed: Boolean,
) : AutoCloseable {
    private val message = payload.unmarked()
    private val deflater = if (compressed) Deflater(Deflater.BEST_SPEED, true) else null
    private val deflated = ByteArray(if (compressed) payload.size * 2 + 64 else 0)
    private val first = FrameReader.FIN or opcodeOf(payload)

    fun encode(sequence: Long, output: FrameBuffer, masked: Boolean) {
        payload.next(message, connection, sequence)
        if (deflater == null) return output.frame(first, message, message.size, masked)
        deflater.setInput(message)
        val length = deflater.deflate(deflated, 0, deflated.size, Deflater.SYNC_FLUSH) - TAIL_SIZE
        output.frame(first or FrameReader.RSV1, deflated, length, masked)
    }

    override fun close() {
        deflater?.end()
    }

    private companion object {
        /** 00 00 FF FF, which every sync flush ends with and RFC 7692 section 7.2.1 leaves out. */
        const val TAIL_SIZE = 4
    }
}
