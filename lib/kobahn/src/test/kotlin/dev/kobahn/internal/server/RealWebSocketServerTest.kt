package dev.kobahn.internal.server

import dev.kobahn.CloseStatus
import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.internal.transport.openSockets
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

private fun echoServer(
    configure: dev.kobahn.WebSocketServerOptions.() -> Unit = {
    },
) = webSocketServer {
    configure()
    onConnect { for (message in incoming) send(message) }
}

private fun get(url: String) = HttpClient.newHttpClient()
    .send(HttpRequest.newBuilder(URI(url)).build(), BodyHandlers.ofString())

/** A holder that never gives up its memory. */
private object Unmoved : MemoryBudget.Holder {
    override val held = 100_001L

    override fun reassess() = Unit

    override fun pause() = Unit

    override fun resume() = Unit

    override fun giveUp() = Unit
}

class RealWebSocketServerTest :
    FunSpec({
        test("a page and a WebSocket are served on one port") {
            echoServer {
                onRequest {
                    if (it.path ==
                        "/"
                    ) {
                        HttpResponse.html("<p>hello")
                    } else {
                        null
                    }
                }
            }.use { server ->
                val page = get("http://localhost:${server.port}/")
                page.statusCode() shouldBe 200
                page.body() shouldBe "<p>hello"
                get("http://localhost:${server.port}/other").statusCode() shouldBe 426
                webSocketClient().connect("ws://localhost:${server.port}/chat") {
                    send("hi")
                    incoming.receive() shouldBe Message.Text("hi")
                }
                shouldThrow<HandshakeException> {
                    webSocketClient().connect("ws://localhost:${server.port}/")
                }
                    .status shouldBe 200
            }
        }

        test("without onRequest a plain request is 426") {
            echoServer().use { get("http://localhost:${it.port}/").statusCode() shouldBe 426 }
        }

        test("an onRequest that fails is 500") {
            echoServer { onRequest { error("no page") } }.use {
                get("http://localhost:${it.port}/").statusCode() shouldBe 500
            }
        }

        test("a client that connects while memoryBudget is exceeded gets 503, and 101 afterwards") {
            echoServer { memoryBudget = 100_000 }.use { server ->
                val held = (server as RealWebSocketServer).budget!!.hold(Unmoved)
                held.update()
                RawPeer(server.port).use {
                    it.handshake() shouldStartWith "HTTP/1.1 503 "
                    server.connectionCount shouldBe 0
                }
                held.end()
                RawPeer(server.port).use { it.handshake() shouldStartWith "HTTP/1.1 101 " }
            }
        }

        test("connections over maxConnections get 503, and do not count") {
            echoServer { maxConnections = 1 }.use { server ->
                val url = "ws://localhost:${server.port}/"
                val refused = ArrayList<RawPeer>()
                webSocketClient().connect(url) {
                    repeat(3) {
                        refused.add(RawPeer(server.port))
                        refused.last().handshake() shouldStartWith "HTTP/1.1 503 "
                    }
                    server.connectionCount shouldBe 1
                }
                while (server.connectionCount > 0) kotlinx.coroutines.yield()
                webSocketClient().connect(url) { response.status shouldBe 101 }
                refused.forEach(RawPeer::close)
            }
        }

        test("an origin that is not allowed is 403") {
            echoServer { allowedOrigins = listOf("https://good.example:443") }.use { server ->
                val url = "ws://localhost:${server.port}/"
                shouldThrow<HandshakeException> {
                    webSocketClient { origin = "https://bad.example" }.connect(url)
                }
                    .status shouldBe 403
                webSocketClient { origin = "https://good.example" }.connect(url) {
                    response.status shouldBe
                        101
                }
            }
        }

        test("a head that is too large is 431") {
            echoServer { headLimits = HeadLimits(maxHeadSize = 1000) }.use { server ->
                RawPeer(server.port).use {
                    it.send("GET / HTTP/1.1\r\n" + "X-Long: ${"x".repeat(100)}\r\n".repeat(20))
                    it.readHead() shouldStartWith "HTTP/1.1 431 "
                }
            }
        }

        test("a head that does not come in time is 408") {
            echoServer { openHandshakeTimeout = 100.milliseconds }.use { server ->
                RawPeer(server.port).use {
                    it.send("GET / HTTP/1.1\r\n")
                    it.readAll() shouldStartWith "HTTP/1.1 408 "
                }
            }
        }

        test("a message over maxMessagePayloadSize is 1009, and other connections go on") {
            echoServer { maxMessagePayloadSize = 100 }.use { server ->
                RawPeer(server.port).use { large ->
                    RawPeer(server.port).use { other ->
                        large.handshake()
                        other.handshake()
                        large.send(RawPeer.masked(0x82, ByteArray(101)))
                        large.readFrame() shouldBe "close 1009"
                        other.send(RawPeer.text("fine")).readFrame() shouldBe "text fine"
                    }
                }
            }
        }

        test("a violation is answered with a Close before the transport ends") {
            echoServer().use { server ->
                RawPeer(server.port).use {
                    it.handshake()
                    it.send(RawPeer.text("before")).sendHex("83 80 00000000").end()
                    listOf(it.readFrame(), it.readFrame(), it.readFrame()) shouldContainExactly
                        listOf("text before", "close 1002", "end")
                }
            }
        }

        test(
            "the server ends the transport after a valid Close, and waits for the peer after a violation",
        ) {
            echoServer { dropTimeout = Duration.ZERO }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    peer.send(RawPeer.CLOSE).readFrame() shouldBe "close 1000"
                    peer.readFrame() shouldBe "end"
                    eventually(10.seconds) { server.connectionCount shouldBe 0 }
                }
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    val ofOneByte = RawPeer.masked(0x88, ByteArray(1))
                    peer.send(ofOneByte).readFrame() shouldBe "close 1002"
                    peer.readFrame() shouldBe "end"
                    // The system would answer further bytes with a reset.
                    repeat(10) { peer.send(RawPeer.text("still sending")) }
                    server.connectionCount shouldBe 1
                }
                eventually(10.seconds) { server.connectionCount shouldBe 0 }
            }
        }

        test(
            "stop closes with 1001, spread over the window, and refuses pending handshakes",
        ) {
            val server = echoServer()
            server.start()
            val pending = RawPeer(server.port)
            val client = webSocketClient()
            val open = List(4) { client.connect("ws://localhost:${server.port}/") }
            open.forEach {
                it.send("there")
                it.incoming.receive()
            }
            coroutineScope {
                val ends = open.map {
                    async(Dispatchers.Default) { measureTimeOf { it.awaitClosed() } }
                }
                withTimeout(10.seconds) { server.stop(window = 400.milliseconds) }
                val (statuses, times) = ends.awaitAll().unzip()
                statuses.forEach {
                    it.code shouldBe 1001
                    it.wasClean.shouldBeTrue()
                }
                times.max() shouldBeGreaterThanOrEqualTo 240.milliseconds
            }
            pending.use { it.readAll() shouldStartWith "HTTP/1.1 503 " }
            server.connectionCount shouldBe 0
            server.job.isCompleted.shouldBeTrue()
            shouldThrow<IOException> { client.connect("ws://localhost:${server.port}/") }
            client.close()
        }

        test("stop may close with another code") {
            val server = echoServer()
            server.start()
            webSocketClient().connect("ws://localhost:${server.port}/") {
                server.stop(code = 1012)
                awaitClosed().code shouldBe 1012
            }
        }

        test("stop refuses a code that must not be sent and goes on serving") {
            echoServer().use { server ->
                shouldThrow<IllegalArgumentException> { server.stop(code = 1006) }
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    response.status shouldBe
                        101
                }
            }
        }

        test("stop drops the open connections at the deadline") {
            val server = echoServer { closeHandshakeTimeout = Duration.ZERO }
            server.start()
            RawPeer(server.port).use { deaf ->
                deaf.handshake()
                val time = measureTime { server.stop(deadline = 200.milliseconds) }
                time shouldBeGreaterThanOrEqualTo 200.milliseconds
                time shouldBeLessThan 5.seconds
                deaf.readFrame() shouldBe "close 1001"
                deaf.readFrame() shouldBe "end"
            }
            withTimeout(10.seconds) { server.join() }
            server.connectionCount shouldBe 0
            server.job.isCompleted.shouldBeTrue()
        }

        test("the threads of the loops end with the last server") {
            val server = echoServer()
            server.start()
            webSocketClient().connect("ws://localhost:${server.port}/") { send("x") }
            loopThreads().isEmpty().shouldBeFalse()
            server.stop()
            withTimeout(10.seconds) { EventLoopGroup.shared.awaitStopped() }
            // A loop's thread reports its end as its last action.
            eventually(10.seconds) { loopThreads().shouldBeEmpty() }
        }

        test("a server starts once") {
            val server = echoServer()
            shouldThrow<IllegalStateException> { server.port }
            server.use { shouldThrow<IllegalStateException> { server.start() } }
            shouldThrow<IllegalStateException> { server.start() }
        }

        test("a port in use is an IOException and completes the job") {
            echoServer().use { first ->
                val second = echoServer { port = first.port }
                shouldThrow<IOException> { second.start() }
                second.job.isCompleted.shouldBeTrue()
            }
        }

        test("an unknown host completes the job") {
            val parent = Job()
            val server = webSocketServer(parent) { host = "no.such.host.invalid" }
            shouldThrow<IOException> { server.start() }
            server.job.isCompleted.shouldBeTrue()
            parent.complete()
            parent.isCompleted.shouldBeTrue()
        }

        test("cancelling the parent stops the server") {
            val parent = Job()
            val server =
                webSocketServer(parent) { onConnect { for (message in incoming) send(message) } }
            server.start()
            RawPeer(server.port).use { peer ->
                peer.handshake()
                parent.cancel()
                peer.readFrame() shouldBe "close 1001"
                peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
            }
            withTimeout(10.seconds) { server.join() }
            server.connectionCount shouldBe 0
        }

        test("a server listens on IPv6") {
            webSocketServer {
                host = "::1"
                onConnect { send(request.peer) }
            }.use { server ->
                webSocketClient().connect("ws://[::1]:${server.port}/") {
                    (incoming.receive() as Message.Text).text shouldStartWith "tcp6:"
                }
            }
        }

        test("messages of many senders stay whole") {
            echoServer().use { server ->
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    val expected = (0 until 8).flatMap { sender ->
                        List(200) { "$sender".repeat(it * 7 + 1) }
                    }
                    coroutineScope {
                        launch(Dispatchers.Default) {
                            (0 until 8).map { sender ->
                                launch { repeat(200) { send("$sender".repeat(it * 7 + 1)) } }
                            }
                        }
                        val received =
                            List(expected.size) { (incoming.receive() as Message.Text).text }
                        received.groupBy {
                            it[0]
                        }.toSortedMap().values.flatten() shouldContainExactly
                            expected
                    }
                }
            }
        }

        test("1,000 connections leave no coroutine and no socket behind") {
            val handled = AtomicInteger()
            webSocketServer {
                onConnect {
                    for (message in incoming) send(message)
                    handled.incrementAndGet()
                }
            }.use { server ->
                val client = webSocketClient()
                val url = "ws://localhost:${server.port}/"
                client.connect(url) {}
                eventually(10.seconds) { server.handlerCount shouldBe 0 }
                val children = server.job.children.count()
                val before = openSockets()
                withContext(Dispatchers.Default) {
                    repeat(10) {
                        List(100) {
                            async {
                                client.connect(url) {
                                    send("hi")
                                    incoming.receive()
                                }
                            }
                        }.awaitAll()
                    }
                }
                withTimeout(10.seconds) {
                    while (server.connectionCount > 0 ||
                        server.job.children.count() > children
                    ) {
                        kotlinx.coroutines.yield()
                    }
                }
                handled.get() shouldBe 1001
                client.job.children.count() shouldBe 0
                // The system frees a socket when its loop selects again.
                eventually(10.seconds) { openSockets() shouldBeLessThanOrEqual before }
            }
        }

        test("a client that goes away during the handshake leaves nothing behind") {
            val begun = CompletableDeferred<Unit>()
            webSocketServer {
                onConnect {
                    begun.complete(Unit)
                    awaitClosed()
                }
            }.use { server ->
                RawPeer(server.port).use { it.send("GET / HT") }
                RawPeer(server.port).use { peer ->
                    launch(Dispatchers.IO) { peer.runCatching { handshake() } }
                    begun.await()
                }
                withTimeout(10.seconds) {
                    while (server.connectionCount > 0) kotlinx.coroutines.yield()
                }
            }
        }

        test("every refusal has Connection: close") {
            echoServer { server = null }.use { server ->
                RawPeer(server.port).use {
                    it.send("POST / HTTP/1.1\r\nHost: x\r\n\r\n")
                    val answer = it.readAll()
                    answer shouldStartWith "HTTP/1.1 405 "
                    answer shouldContain "Connection: close"
                }
            }
        }
    })

private suspend fun measureTimeOf(block: suspend () -> CloseStatus): Pair<CloseStatus, Duration> {
    val status: CloseStatus
    val time = measureTime { status = block() }
    return status to time
}

private fun loopThreads() =
    Thread.getAllStackTraces().keys.map { it.name }.filter { it.startsWith("kobahn-loop") }
