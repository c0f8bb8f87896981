package dev.kobahn.hosting

import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.ServerConnectionOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.webSocketClient
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.net.Socket
import java.net.SocketException
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** A server of other people that runs, with a Kobahn server in it. */
interface Host {
    val port: Int

    /** The number of Kobahn's connections. */
    val connections: Int

    /** Stops Kobahn's server gracefully, as the host does when it stops. */
    suspend fun stop()

    /** Ends the host. */
    suspend fun close()
}

/** Starts a [Host] that serves WebSockets at `/ws/{name}`. */
fun interface HostStarter {
    suspend fun start(
        options: ServerConnectionOptions.() -> Unit,
        handler: suspend ServerWebSocket.() -> Unit,
    ): Host
}

/**
 * The rules for every host: a client notices no difference to a server of Kobahn's own.
 *
 * @param keepsEarlyFrames whether the host keeps frames that a hasty client sends before it has
 * the 101, against RFC 6455 section 4.1
 */
abstract class HostContract(private val starter: HostStarter, keepsEarlyFrames: Boolean = true) :
    FunSpec() {
    private val echo: suspend ServerWebSocket.() -> Unit = {
        for (message in incoming) send(message)
    }

    private suspend fun serve(
        handler: suspend ServerWebSocket.() -> Unit,
        options: ServerConnectionOptions.() -> Unit = {},
        test: suspend (Host) -> Unit,
    ) {
        val host = starter.start(options, handler)
        try {
            withContext(Dispatchers.IO) { test(host) }
        } finally {
            host.stop()
            host.close()
        }
    }

    private val Host.url get() = "ws://127.0.0.1:$port/ws/echo"

    private suspend fun <T> Host.peer(block: suspend (RawPeer) -> T): T =
        RawPeer(Socket("127.0.0.1", port)).use { block(it) }

    private fun RawPeer.open() {
        handshake("/ws/echo") shouldStartWith "HTTP/1.1 101"
    }

    init {
        timeout = 60_000

        test("messages of all sizes come back") {
            serve(echo, { maxMessagePayloadSize = 8 shl 20 }) { host ->
                webSocketClient { maxMessagePayloadSize = 8 shl 20 }.connect(host.url) {
                    for (size in listOf(0, 1, 125, 126, 65_535, 65_536, 65_537, 5 shl 20)) {
                        val bytes = Random(size).nextBytes(size)
                        send(bytes)
                        incoming.receive().bytes.contentEquals(bytes) shouldBe true
                    }
                    send("käse")
                    (incoming.receive() as Message.Text).text shouldBe "käse"
                }
            }
        }

        test("many messages on their way at once keep their order") {
            serve(echo) { host ->
                webSocketClient().connect(host.url) {
                    launch { repeat(MANY) { send("message $it") } }
                    repeat(MANY) {
                        (incoming.receive() as Message.Text).text shouldBe "message $it"
                    }
                }
            }
        }

        test("many connections are served at once") {
            serve(echo) { host ->
                val client = webSocketClient()
                val sockets = List(50) { client.connect(host.url) }
                sockets.forEachIndexed { index, socket -> socket.send("socket $index") }
                sockets.forEachIndexed { index, socket ->
                    (socket.incoming.receive() as Message.Text).text shouldBe "socket $index"
                }
                host.connections shouldBe 50
                client.close()
                eventually(10.seconds) { host.connections shouldBe 0 }
            }
        }

        test("permessage-deflate is agreed on and works both ways") {
            serve(echo, { perMessageDeflate() }) { host ->
                webSocketClient { perMessageDeflate() }.connect(host.url) {
                    extensions.map { it.name } shouldContainExactly listOf("permessage-deflate")
                    val text = "compressible ".repeat(10_000)
                    repeat(3) {
                        send(text)
                        (incoming.receive() as Message.Text).text shouldBe text
                    }
                }
            }
        }

        test("the subprotocol and the header fields of the handler reach the client") {
            serve(
                {
                    accept(headers = headersOf("X-Node" to "7"))
                    for (message in incoming) send(message)
                },
                { subprotocols = listOf("chat.v2", "chat.v1") },
            ) { host ->
                webSocketClient { subprotocols = listOf("chat.v1", "chat.v2") }.connect(host.url) {
                    subprotocol shouldBe "chat.v2"
                    response.headers["X-Node"] shouldBe "7"
                }
            }
        }

        test("the handler knows the request, the parameters of the path and the peer") {
            val known = CompletableDeferred<List<Any?>>()
            serve({
                known.complete(
                    listOf(
                        request.path,
                        request.param("q"),
                        pathParameters["name"],
                        request.remoteAddress,
                        transportDetails.remoteAddress,
                        transportDetails.isSecure,
                    ),
                )
            }) { host ->
                webSocketClient().connect("${host.url}?q=1") { awaitClosed() }
                known.await() shouldContainExactly
                    listOf("/ws/echo", "1", "echo", "127.0.0.1", "127.0.0.1", false)
            }
        }

        test("deny reaches the client as an HTTP answer") {
            serve({ deny(409, "Full", headersOf("X-Room" to "9"), "no place") }) { host ->
                val failure = shouldThrow<HandshakeException> {
                    webSocketClient().connect(host.url) { }
                }
                failure.status shouldBe 409
                failure.headers["X-Room"] shouldBe "9"
                failure.body.decodeToString() shouldBe "no place"
                eventually(5.seconds) { host.connections shouldBe 0 }
            }
        }

        test("a handler that fails is answered with 500, and with 1011 once it has accepted") {
            var accepts = false
            serve({
                if (accepts) accept()
                error("meant to fail")
            }) { host ->
                shouldThrow<HandshakeException> { webSocketClient().connect(host.url) { } }
                    .status shouldBe 500
                accepts = true
                host.peer { peer ->
                    peer.open()
                    peer.readFrame() shouldBe "close 1011"
                }
            }
        }

        test("a page of another origin gets 403") {
            serve(echo) { host ->
                host.peer {
                    it.handshake("/ws/echo", "Origin: https://evil.example") shouldStartWith
                        "HTTP/1.1 403"
                }
            }
        }

        test("an unknown version gets 426 with the known ones, and a bad key 400") {
            serve(echo) { host ->
                fun request(version: Int, key: String) = "GET /ws/echo HTTP/1.1\r\n" +
                    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                    "Sec-WebSocket-Version: $version\r\nSec-WebSocket-Key: $key\r\n\r\n"
                host.peer {
                    val head = it.send(request(7, "dGhlIHNhbXBsZSBub25jZQ==")).readHead()
                    head shouldStartWith "HTTP/1.1 426"
                    head.lowercase() shouldContain "sec-websocket-version: 13, 8"
                }
                host.peer {
                    it.send(request(13, "short")).readHead() shouldStartWith "HTTP/1.1 400"
                }
            }
        }

        test("the client's close is clean on both sides") {
            val status = CompletableDeferred<CloseStatus>()
            serve({
                accept()
                status.complete(awaitClosed())
            }) { host ->
                val socket = webSocketClient().connect(host.url)
                socket.close(4000, "bye").wasClean shouldBe true
                val seen = status.await()
                seen.code shouldBe 4000
                seen.reason shouldBe "bye"
                seen.wasClean shouldBe true
            }
        }

        test("the handler's close is clean on both sides, and ends the transport") {
            val status = CompletableDeferred<CloseStatus>()
            serve({ status.complete(close(4001, "enough")) }) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.readFrame() shouldBe "close 4001"
                    // Autobahn's clients wait a second for the server to end the transport.
                    peer.socket.soTimeout = 1000
                    peer.send(RawPeer.masked(0x88, byteArrayOf(0x0F, 0xA1.toByte())))
                    peer.readFrame() shouldBe "end"
                }
                status.await().wasClean shouldBe true
            }
        }

        test("a handler that returns closes with 1000") {
            serve({ send("done") }) { host ->
                webSocketClient().connect(host.url) {
                    incoming.toList().map { (it as Message.Text).text } shouldContainExactly
                        listOf("done")
                    awaitClosed().code shouldBe 1000
                }
            }
        }

        test("a frame that breaks the rules is answered with 1002, and the transport ends") {
            serve(echo) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.sendHex("81 01 61")
                    peer.readFrame() shouldBe "close 1002"
                    peer.end().readFrame() shouldBe "end"
                }
            }
        }

        test("a message over the limit is answered with 1009") {
            serve(echo, { maxMessagePayloadSize = 1000 }) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.send(RawPeer.masked(0x82, ByteArray(1001)))
                    peer.readFrame() shouldBe "close 1009"
                }
            }
        }

        test("frames may come byte by byte") {
            serve(echo) { host ->
                host.peer { peer ->
                    peer.open()
                    for (byte in RawPeer.text("slow")) peer.send(byteArrayOf(byte))
                    peer.readFrame() shouldBe "text slow"
                }
            }
        }

        test("frames that come together with the request are not lost").config(keepsEarlyFrames) {
            serve(echo) { host ->
                host.peer { peer ->
                    peer.send(REQUEST.encodeToByteArray() + RawPeer.text("early") + RawPeer.CLOSE)
                    peer.readHead() shouldStartWith "HTTP/1.1 101"
                    peer.readFrame() shouldBe "text early"
                    peer.readFrame() shouldBe "close 1000"
                }
            }
        }

        test("a handler that does not receive holds the peer back, and nothing is lost") {
            val go = CompletableDeferred<Unit>()
            val received = CompletableDeferred<Int>()
            serve({
                accept()
                go.await()
                var count = 0
                for (message in incoming) if (++count == CHUNKS) received.complete(count)
            }, { maxIncomingQueueSize = 256 * 1024 }) { host ->
                host.peer { peer ->
                    peer.open()
                    val sent = AtomicLong()
                    val sending = launch(Dispatchers.IO) {
                        val frame = RawPeer.masked(0x82, ByteArray(CHUNK))
                        repeat(CHUNKS) {
                            peer.send(frame)
                            sent.incrementAndGet()
                        }
                    }
                    sent.awaitStall() shouldBeLessThan CHUNKS / 2L
                    go.complete(Unit)
                    sending.join()
                    withTimeout(30.seconds) { received.await() } shouldBe CHUNKS
                }
            }
        }

        test("a peer that does not read holds the handler back, and nothing is lost") {
            val sent = AtomicLong()
            serve({
                val chunk = ByteArray(CHUNK)
                repeat(CHUNKS) {
                    send(chunk)
                    sent.incrementAndGet()
                }
            }, { maxOutgoingQueueSize = 256 * 1024 }) { host ->
                host.peer { peer ->
                    peer.open()
                    sent.awaitStall() shouldBeLessThan CHUNKS / 2L
                    repeat(CHUNKS) { peer.readFrame() shouldBe "binary $CHUNK" }
                    peer.readFrame() shouldBe "close 1000"
                }
            }
        }

        test("a peer that ends its direction without a Close is an unclean end") {
            val status = CompletableDeferred<CloseStatus>()
            serve({
                accept()
                status.complete(awaitClosed())
            }) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.end().readFrame() shouldBe "end"
                }
                status.await().code shouldBe 1006
            }
        }

        test("a peer that vanishes ends the handler") {
            val failure = CompletableDeferred<Throwable?>()
            serve({
                try {
                    accept()
                    while (true) {
                        send("tick")
                        delay(20.milliseconds)
                    }
                } catch (closed: ConnectionClosedException) {
                    failure.complete(closed)
                }
            }) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.readFrame() shouldBe "text tick"
                    peer.socket.setSoLinger(true, 0)
                }
                (failure.await() as ConnectionClosedException).status.code shouldBe 1006
                eventually(10.seconds) { host.connections shouldBe 0 }
            }
        }

        test("drop ends the transport at once") {
            serve({
                incoming.receive()
                drop()
            }) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.send(RawPeer.text("go"))
                    shouldEnd(peer)
                }
            }
        }

        test("a silent peer is pinged, and dropped if it does not answer") {
            serve({
                accept()
                awaitClosed()
            }, {
                autoPingInterval = 50.milliseconds
                autoPingTimeout = 200.milliseconds
            }) { host ->
                host.peer { peer ->
                    peer.open()
                    peer.readFrame() shouldStartWith "ping"
                    eventually(10.seconds) { host.connections shouldBe 0 }
                }
            }
        }

        test("stopping closes open connections with 1001") {
            serve(echo) { host ->
                val socket = webSocketClient().connect(host.url)
                socket.send("before")
                socket.incoming.receive()
                val stopping = launch { host.stop() }
                val status = socket.awaitClosed()
                status.code shouldBe 1001
                status.wasClean shouldBe true
                stopping.join()
                host.connections shouldBe 0
            }
        }
    }
}

private fun shouldEnd(peer: RawPeer) {
    val frame = try {
        peer.readFrame()
    } catch (_: SocketException) {
        "end"
    }
    frame shouldBe "end"
}

/** Waits until this stands still, and returns it. */
private suspend fun AtomicLong.awaitStall(): Long {
    var before = -1L
    while (true) {
        val now = get()
        if (now == before && now > 0) return now
        before = now
        delay(STALL)
    }
}

private const val MANY = 2000
private const val CHUNK = 64 * 1024

/** Together far more than the buffers of the system and of a host hold. */
private const val CHUNKS = 1000
private val STALL = 500.milliseconds

private const val REQUEST = "GET /ws/echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
