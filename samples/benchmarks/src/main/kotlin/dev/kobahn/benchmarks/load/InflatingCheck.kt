package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload
import java.util.zip.Inflater

/** Inflates the messages of a connection and has them checked by [plain]. */
internal class InflatingCheck(private val plain: MessageCheck, payload: Payload) :
    MessageCheck,
    AutoCloseable {
    private val size = payload.size
    private val inflater = Inflater(true)
    private val inflated = ByteArray(payload.size + 1)
    private var compressed = false

    /** The bytes of payload that came, compressed or, as a server may choose, as they are. */
    var arrived = 0L
        private set

    /** The bytes of the messages they make. */
    var checked = 0L
        private set

    override fun begin(opcode: Int, compressed: Boolean) {
        this.compressed = compressed
        plain.begin(opcode, compressed = false)
    }

    override fun data(bytes: ByteArray, from: Int, count: Int) {
        arrived += count
        if (compressed) inflate(bytes, from, count) else plain.data(bytes, from, count)
    }

    override fun end() {
        if (compressed) inflate(TAIL, 0, TAIL.size)
        plain.end()
        checked += size
    }

    private fun inflate(bytes: ByteArray, from: Int, count: Int) {
        inflater.setInput(bytes, from, count)
        while (true) {
            val length = inflater.inflate(inflated)
            if (length == 0) break
            plain.data(inflated, 0, length)
        }
        if (inflater.finished()) inflater.reset()
    }

    override fun close() = inflater.end()

    private companion object {
        val TAIL = byteArrayOf(0, 0, -1, -1)
    }
}
