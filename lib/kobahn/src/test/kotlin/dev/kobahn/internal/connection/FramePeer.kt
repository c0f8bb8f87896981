package dev.kobahn.internal.connection

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer

/** The other end of a transport: sends frames and notes what comes, as text such as `close 1000`. */
internal class FramePeer(private val transport: MemoryTransport, private val masks: Boolean) :
    TransportListener {
    private val bytes = ByteArrayOutputStream()

    /** Whether the other side ended its direction. */
    var inputEnded = false
        private set

    /** Whether the transport is gone. */
    var closed = false
        private set

    /** Whether the other side's end of the transport is to be answered with ours. */
    var endsToo = true

    fun start() = transport.start(this)

    fun send(vararg frames: ByteArray) {
        synchronized(transport.output) { frames.forEach { transport.output.append(it) } }
        transport.flush()
    }

    fun text(text: String) = frame(0x81, text.encodeToByteArray())

    fun close(code: Int? = null, reason: String = "") = frame(
        0x88,
        if (code == null) ByteArray(0) else code.toBytes() + reason.encodeToByteArray(),
    )

    fun ping(payload: String) = frame(0x89, payload.encodeToByteArray())

    fun pong(payload: ByteArray) = frame(0x8A, payload)

    /** A frame with its first byte as given, masked with zeros if this end has to mask. */
    fun frame(first: Int, payload: ByteArray): ByteArray {
        val mask = if (masks) 0x80 else 0
        val head = ByteArrayOutputStream()
        head.write(first)
        when {
            payload.size < 126 -> head.write(mask or payload.size)

            payload.size < 65536 -> {
                head.write(mask or 126)
                head.write(payload.size.toBytes())
            }

            else -> {
                head.write(mask or 127)
                head.write(ByteBuffer.allocate(8).putLong(payload.size.toLong()).array())
            }
        }
        if (masks) head.write(ByteArray(4))
        return head.toByteArray() + payload
    }

    private fun Int.toBytes() = byteArrayOf((this ushr 8).toByte(), toByte())

    fun stopReading() = transport.pauseReading()

    fun readOn() = transport.resumeReading()

    /** Takes what is on the way, once, although it does not read. */
    fun readOnce() = transport.readOnce()

    fun end() = transport.shutdownOutput()

    fun vanish(cause: IOException) = transport.vanish(cause)

    /** The payloads of the Pings that came and were not asked for before. */
    fun pings(): List<ByteArray> = parse().filter { it.first == 0x89 }.map { it.second }

    /** What came so far. */
    val frames: List<String>
        get() = parse().map { (first, payload) ->
            when (first) {
                0x81 -> "text ${payload.decodeToString()}"
                0x82 -> "binary ${payload.size}"
                0x88 -> "close ${closeText(payload)}".trim()
                0x89 -> "ping"
                0x8A -> "pong ${payload.decodeToString()}"
                else -> "frame ${first.toString(16)}"
            }
        }

    /** What came so far, each frame as its first byte and its payload in hex. */
    val rawFrames: List<String>
        get() = parse().map { (first, payload) ->
            (listOf(first.toByte()) + payload.toList()).joinToString(" ") { "%02x".format(it) }
        }

    /** The length of every frame that came so far. */
    val sizes: List<Int> get() = parse().map { it.second.size }

    /** The payloads of everything that came so far. */
    fun payload(): ByteArray = ByteArrayOutputStream().also { all ->
        parse().forEach { all.write(it.second) }
    }.toByteArray()

    /** How many bytes are still to be sent. */
    fun waiting(): Int = synchronized(transport.output) { transport.output.size.toInt() }

    private fun closeText(payload: ByteArray): String {
        if (payload.isEmpty()) return ""
        return (ByteBuffer.wrap(payload).getShort().toInt() and 0xFFFF).toString()
    }

    private fun parse(): List<Pair<Int, ByteArray>> {
        val input = ByteBuffer.wrap(bytes.toByteArray())
        val frames = ArrayList<Pair<Int, ByteArray>>()
        while (input.hasRemaining()) {
            val first = input.get().toInt() and 0xFF
            val second = input.get().toInt() and 0xFF
            val length = when (val short = second and 0x7F) {
                126 -> input.getShort().toInt() and 0xFFFF
                127 -> input.getLong().toInt()
                else -> short
            }
            // The keys of the other end are zeros.
            if (second and 0x80 != 0) input.getInt()
            if (length > input.remaining()) break
            frames.add(first to ByteArray(length).also(input::get))
        }
        return frames
    }

    override fun onBytes(input: ByteBuffer) {
        val arrived = ByteArray(input.remaining())
        input.get(arrived)
        bytes.write(arrived)
    }

    override fun onInputEnd() {
        inputEnded = true
        if (endsToo) transport.shutdownOutput()
    }

    override fun onWritten(waiting: Long) = Unit

    override fun onClosed(cause: IOException?) {
        closed = true
    }
}
