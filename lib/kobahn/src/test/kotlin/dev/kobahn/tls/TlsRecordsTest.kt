package dev.kobahn.tls

import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.protocol.handshake.AcceptKey
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import javax.net.ssl.SSLServerSocket
import javax.net.ssl.SSLSocket
import kotlin.concurrent.thread
import kotlin.random.Random

/** The border of records may be anywhere in the frames, as that of TCP segments may. */
class TlsRecordsTest :
    FunSpec({
        timeout = 60_000

        val sizes = listOf<Pair<String, () -> Int>>(
            "1" to { 1 },
            "7" to { 7 },
            "16,367" to { 16_367 },
            "random sizes" to { Random.nextInt(1, 300) },
        )

        for ((name, size) in sizes) {
            for (version in listOf("TLSv1.3", "TLSv1.2")) {
                test("a server reads every frame from records of $name bytes, $version") {
                    tlsServer { server ->
                        val socket = jdkSocket(server.port) { enabledProtocols = arrayOf(version) }
                        RawPeer(socket).use { peer ->
                            peer.handshake() shouldStartWith "HTTP/1.1 101"
                            val bytes = VECTORS.flatMap { frame(it, masked = true) }.toByteArray()
                            val sender = thread { socket.sendInRecords(bytes, size) }
                            // The loop answers a Ping while the handler may still be echoing.
                            val (pongs, messages) =
                                List(ANSWERS.size + 1) { peer.readFrame() }.partition { it == PONG }
                            messages shouldContainExactly ANSWERS
                            pongs shouldContainExactly listOf(PONG)
                            sender.join()
                        }
                    }
                }
            }

            test("a client reads every frame from records of $name bytes") {
                jdkServer { socket ->
                    val key = socket.readHead().lines().first { it.startsWith("Sec-WebSocket-Key") }
                        .substringAfter(": ")
                    val head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: ${AcceptKey.of(key)}\r\n\r\n"
                    val frames = VECTORS.flatMap { frame(it, masked = false) }
                    socket.sendInRecords(head.encodeToByteArray() + frames.toByteArray(), size)
                    socket.inputStream.readBytes()
                }.use { server ->
                    val webSocket = tlsClient().connect("wss://localhost:${server.localPort}/")
                    val received = ArrayList<String>()
                    for (message in webSocket.incoming) {
                        received += when (message) {
                            is Message.Text -> "text ${message.text}"
                            is Message.Binary -> "binary ${message.bytes.size}"
                        }
                    }
                    received shouldContainExactly ANSWERS.dropLast(1)
                    webSocket.awaitClosed().remote!!.code shouldBe 1000
                }
            }
        }
    })

/** The first byte of each frame and its payload. */
private val VECTORS: List<Pair<Int, ByteArray>> = listOf(
    0x81 to "Hello".encodeToByteArray(),
    0x81 to ByteArray(0),
    0x01 to "Hé".encodeToByteArray().copyOf(2),
    0x89 to "ping".encodeToByteArray(),
    0x80 to "Hé!".encodeToByteArray().copyOfRange(2, 4),
    0x82 to ByteArray(125),
    0x82 to ByteArray(126),
    0x82 to ByteArray(127),
    0x82 to ByteArray(16_367),
    0x82 to ByteArray(16_384),
    0x82 to ByteArray(65_535),
    0x82 to ByteArray(65_536),
    0x8A to ByteArray(0),
    0x88 to byteArrayOf(3, 0xE8.toByte()),
)

private const val PONG = "pong ping"

private val ANSWERS = listOf(
    "text Hello", "text ", "text Hé!", "binary 125", "binary 126", "binary 127",
    "binary 16367", "binary 16384", "binary 65535", "binary 65536", "close 1000",
)

private fun frame(frame: Pair<Int, ByteArray>, masked: Boolean): List<Byte> {
    val (first, payload) = frame
    val bytes = RawPeer.masked(first, payload)
    if (masked) return bytes.toList()
    val keyAt = bytes.size - payload.size - 4
    val unmasked = bytes.copyOf(keyAt) + payload
    unmasked[1] = (unmasked[1].toInt() and 0x7F).toByte()
    return unmasked.toList()
}

/** The JDK writes one record for each call. */
private fun SSLSocket.sendInRecords(bytes: ByteArray, size: () -> Int) {
    var from = 0
    while (from < bytes.size) {
        val count = minOf(size(), bytes.size - from)
        outputStream.write(bytes, from, count)
        from += count
    }
}

private fun SSLSocket.readHead(): String {
    val head = StringBuilder()
    while (!head.endsWith("\r\n\r\n")) head.append(inputStream.read().toChar())
    return head.toString()
}

/** A server of the JDK's own TLS, which calls [serve] for its only client. */
private fun jdkServer(serve: (SSLSocket) -> Unit): SSLServerSocket {
    val server = Certificates.context().serverSocketFactory.createServerSocket(0) as SSLServerSocket
    thread(isDaemon = true) { server.accept().use { serve(it as SSLSocket) } }
    return server
}
