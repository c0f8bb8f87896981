package dev.kobahn

import dev.kobahn.protocol.handshake.AcceptKey
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.WebSocketUrl
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.InetAddress
import java.net.ServerSocket
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope

/** What Autobahn gets wrong and no other test shows from end to end, each by what is right. */
class KnownBugsTest :
    FunSpec({
        test("parameters behind a semicolon belong to the path, on both sides") {
            val path = CompletableDeferred<String>()
            webSocketServer { onConnect { path.complete(request.path) } }.use { server ->
                RawPeer(server.port).use { it.handshake("/a;b=1/c;d?e=2") }
            }
            path.await() shouldBe "/a;b=1/c;d"
            asked("/a;b=1/c;d?e=2").first().lines().first().trim() shouldBe
                "GET /a;b=1/c;d?e=2 HTTP/1.1"
        }

        test("an IPv6 address keeps its brackets, and 65535 is a port") {
            val url = WebSocketUrl.create("::1", 65535)
            url.toString() shouldBe "ws://[::1]:65535/"
            WebSocketUrl.parse(url.toString()).host shouldBe url.host
            val request = ConnectingRequest(host = url.host, port = url.port, resource = "/")
            val handshake = ClientHandshake(request, ByteArray(AcceptKey.KEY_BYTES))
            handshake.request.toBytes().decodeToString() shouldContain "\r\nHost: [::1]:65535\r\n"
        }

        test("no two frames and no two handshakes of a client have the same key") {
            val exchanges = List(2) { asked("/", messages = 100) }
            val keys = exchanges.map { exchange ->
                exchange.first().lines().single { it.startsWith("Sec-WebSocket-Key:") }
            }
            keys.toSet().size shouldBe 2
            exchanges.flatMap { it.drop(1) }.toSet().size shouldBe 200
        }
    })

/** The head of the request for [resource], then the masking keys of [messages] empty messages. */
private suspend fun asked(resource: String, messages: Int = 0): List<String> = coroutineScope {
    ServerSocket(0, 1, InetAddress.getByName("localhost")).use { listening ->
        listening.soTimeout = RawPeer.PATIENCE_MILLIS
        val reading = async(Dispatchers.IO) {
            RawPeer(listening.accept()).use { peer -> peer.open(messages) }
        }
        webSocketClient().connect("ws://localhost:${listening.localPort}$resource") {
            repeat(messages) { send("") }
            reading.await()
        }
    }
}

/** Opens the WebSocket that is asked for, reads, and drops it. */
private fun RawPeer.open(messages: Int): List<String> {
    val head = readHead()
    val key = head.lines().single { it.startsWith("Sec-WebSocket-Key:") }.substringAfter(':')
    send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: ${AcceptKey.of(key.trim())}\r\n\r\n",
    )
    return listOf(head) + List(messages) { readHex(6).drop(4) }
}
