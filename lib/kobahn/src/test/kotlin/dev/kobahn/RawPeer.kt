package dev.kobahn

import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.DataInputStream
import java.net.InetAddress
import java.net.Socket
import java.nio.ByteBuffer

/** One end of a TCP connection that speaks bytes: nothing of the library is used. Blocking. */
class RawPeer(val socket: Socket) : Closeable {
    constructor(port: Int) : this(Socket(InetAddress.getByName("localhost"), port))

    private val input = DataInputStream(socket.getInputStream().buffered())

    init {
        socket.soTimeout = PATIENCE_MILLIS
        socket.tcpNoDelay = true
    }

    fun send(bytes: ByteArray) = apply { socket.getOutputStream().write(bytes) }

    fun send(text: String) = send(text.encodeToByteArray())

    fun sendHex(hex: String) = send(hex.filterNot(Char::isWhitespace).hexToByteArray())

    /** Ends this direction. */
    fun end() = apply { socket.shutdownOutput() }

    /** Asks for a WebSocket at [path]; returns the head of the answer. */
    fun handshake(path: String = "/", vararg headers: String): String {
        send(
            "GET $path HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
                "Connection: Upgrade\r\n" +
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                headers.joinToString("") { "$it\r\n" } + "\r\n",
        )
        return readHead()
    }

    /** The lines of an HTTP head, without the empty one. */
    fun readHead(): String {
        val head = StringBuilder()
        while (!head.endsWith("\r\n\r\n")) head.append(input.readUnsignedByte().toChar())
        return head.trimEnd().toString()
    }

    fun readHex(count: Int): String = ByteArray(count).also(input::readFully).toHexString()

    /** Everything until the other end ends its direction. */
    fun readAll(): String = input.readBytes().decodeToString()

    fun countAll(): Long {
        val buffer = ByteArray(65536)
        var total = 0L
        while (true) {
            val count = input.read(buffer)
            if (count < 0) return total
            total += count
        }
    }

    /** The next frame as text such as `close 1000`, or `end`. */
    fun readFrame(): String {
        val first = input.read()
        if (first < 0) return "end"
        val second = input.readUnsignedByte()
        val length = when (val short = second and 0x7F) {
            126 -> input.readUnsignedShort()
            127 -> Math.toIntExact(input.readLong())
            else -> short
        }
        val key = ByteArray(if (second and 0x80 == 0) 0 else 4).also(input::readFully)
        val payload = ByteArray(length).also(input::readFully)
        for (i in payload.indices) {
            if (key.isNotEmpty()) {
                payload[i] =
                    (payload[i].toInt() xor key[i % 4].toInt()).toByte()
            }
        }
        return describe(first, payload)
    }

    private fun describe(first: Int, payload: ByteArray) = when (first) {
        0x81 -> "text ${payload.decodeToString()}"
        0x82 -> "binary ${payload.size}"
        0x88 -> describeClose(payload)
        0x89 -> "ping ${payload.decodeToString()}"
        0x8A -> "pong ${payload.decodeToString()}"
        else -> "frame $first"
    }

    override fun close() = socket.close()

    companion object {
        const val PATIENCE_MILLIS = 10_000

        /** A frame of a client, masked with zeros. */
        fun masked(first: Int, payload: ByteArray): ByteArray {
            val frame = ByteArrayOutputStream()
            frame.write(first)
            when {
                payload.size < 126 -> frame.write(0x80 or payload.size)

                payload.size < 65536 -> frame.write(
                    byteArrayOf(
                        0xFE.toByte(),
                        (payload.size shr 8).toByte(),
                        payload.size.toByte(),
                    ),
                )

                else -> {
                    frame.write(0xFF)
                    frame.write(
                        ByteArray(8) {
                            (payload.size.toLong() ushr (56 - 8 * it)).toByte()
                        },
                    )
                }
            }
            frame.write(ByteArray(4))
            frame.write(payload)
            return frame.toByteArray()
        }

        fun text(text: String) = masked(0x81, text.encodeToByteArray())

        val CLOSE: ByteArray = masked(0x88, byteArrayOf(3, 0xE8.toByte()))
    }
}

private fun describeClose(payload: ByteArray): String {
    if (payload.isEmpty()) return "close"
    return "close ${ByteBuffer.wrap(payload).short.toInt() and 0xFFFF}"
}
