package dev.kobahn.soak

import dev.kobahn.RawPeer
import java.io.Closeable
import java.io.DataInputStream
import java.net.InetSocketAddress
import java.net.Socket
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.ScheduledFuture
import java.util.concurrent.TimeUnit

/**
 * A raw connection to 127.0.0.1 for one session of abuse, blocking. Whatever it waits for, it is
 * reset after [life] seconds by [timer].
 *
 * @param window the size of the receive buffer, if not the usual one
 */
internal class Abuser(
    port: Int,
    timer: ScheduledExecutorService,
    window: Int? = null,
    life: Long = LIFE,
) : Closeable {
    private val socket = Socket()
    private val end: ScheduledFuture<*>
    private val input: DataInputStream

    init {
        if (window != null) socket.receiveBufferSize = window
        end = timer.schedule(::reset, life, TimeUnit.SECONDS)
        try {
            socket.connect(InetSocketAddress("127.0.0.1", port), PATIENCE)
            socket.soTimeout = PATIENCE
            socket.tcpNoDelay = true
            input = DataInputStream(socket.getInputStream().buffered())
        } catch (failure: Throwable) {
            close()
            throw failure
        }
    }

    fun send(bytes: ByteArray) = socket.getOutputStream().write(bytes)

    fun send(text: String) = send(text.encodeToByteArray())

    /** Sends [bytes] in pieces of [size], with a pause behind each. */
    fun trickle(bytes: ByteArray, size: Int, pause: Long) {
        for (start in bytes.indices step size) {
            send(bytes.copyOfRange(start, minOf(start + size, bytes.size)))
            Thread.sleep(pause)
        }
    }

    /** Ends this direction only. */
    fun end() = socket.shutdownOutput()

    /** Ends both with RST. */
    fun reset() {
        try {
            socket.setSoLinger(true, 0)
        } finally {
            socket.close()
        }
    }

    /** Opens a WebSocket at [path]; the status of the answer. */
    fun handshake(path: String, vararg fields: String): Int {
        send(head(path, *fields))
        return readStatus()
    }

    /** Reads a head of HTTP; its status. */
    fun readStatus(): Int {
        val head = StringBuilder()
        while (!head.endsWith("\r\n\r\n")) head.append(input.readUnsignedByte().toChar())
        return head.substring(9, 12).toInt()
    }

    /** The next frame but for Pings, which are answered; null at the end. */
    fun readFrame(): Frame? {
        while (true) {
            val first = input.read()
            if (first < 0) return null
            val length = when (val short = input.readUnsignedByte()) {
                126 -> input.readUnsignedShort()
                127 -> Math.toIntExact(input.readLong())
                else -> short
            }
            val payload = ByteArray(length).also(input::readFully)
            if (first != PING) return Frame(first, payload)
            send(RawPeer.masked(PONG, payload))
        }
    }

    /** The payload of the next message, or null at the end or a Close. */
    fun readMessage(): ByteArray? {
        var whole = ByteArray(0)
        while (true) {
            val frame = readFrame() ?: return null
            when (frame.first and OPCODE) {
                CLOSE and OPCODE -> return null
                PONG and OPCODE -> continue
            }
            whole += frame.payload
            if (frame.first and FIN != 0) return whole
        }
    }

    /** Reads until the other end ends, by whatever means, or [most] bytes came; how many that were. */
    fun readSome(most: Int, pause: Long = 0): Int {
        val buffer = ByteArray(4096)
        var total = 0
        while (total < most) {
            val count = input.read(buffer, 0, minOf(buffer.size, most - total))
            if (count < 0) return total
            total += count
            if (pause > 0) Thread.sleep(pause)
        }
        return total
    }

    /** Reads to the end; throws when that does not come. */
    fun readToEnd() = readSome(Int.MAX_VALUE)

    override fun close() {
        end.cancel(false)
        socket.close()
    }

    class Frame(val first: Int, val payload: ByteArray)

    companion object {
        /** How many seconds a session has. */
        const val LIFE = 15L
        const val PATIENCE = 10_000
        private const val OPCODE = 0x0F
        private const val FIN = 0x80
        private const val CLOSE = 0x88
        private const val PING = 0x89
        private const val PONG = 0x8A

        fun head(path: String, vararg fields: String): String =
            "GET $path HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                fields.joinToString("") { "$it\r\n" } + "\r\n"
    }
}
