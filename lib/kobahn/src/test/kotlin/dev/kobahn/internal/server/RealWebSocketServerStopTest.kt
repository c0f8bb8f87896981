package dev.kobahn.internal.server

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

private val DEADLINE = 200.milliseconds
private val LONG = 60.seconds
private val PATIENCE = 10.seconds

private suspend fun started(configure: WebSocketServerOptions.() -> Unit): WebSocketServer =
    webSocketServer(configure = configure).also { it.start() }

private suspend fun startedOn(
    loops: EventLoopGroup,
    configure: WebSocketServerOptions.() -> Unit,
): WebSocketServer {
    val options = WebSocketServerOptions().apply(configure)
    return RealWebSocketServer(options, null, loops).also { it.start() }
}

/** Returns a peer with an open connection. */
private fun WebSocketServer.open() = RawPeer(port).also { it.handshake() }

/** Returns a free port below those that systems give to clients, because a client would keep a server off it. */
private fun quietPort(): Int = generateSequence { Random.nextInt(20_000, 32_000) }
    .first { runCatching { listenOnce(it) }.isSuccess }

private fun listenOnce(port: Int) =
    ServerSocket(port, 1, InetAddress.getByName("localhost")).close()

class RealWebSocketServerStopTest :
    FunSpec({
        for (dispatcher in listOf(null, Dispatchers.Default)) {
            context("with handlers on ${dispatcher ?: "the loop"}") {
                test("a handler may stop its server, and waits for everything except itself") {
                    val server = CompletableDeferred<WebSocketServer>()
                    val returned = CompletableDeferred<Int>()
                    val made = started {
                        handlerDispatcher = dispatcher
                        onConnect {
                            if (incoming.receive() != Message.Text("shutdown")) awaitClosed()
                            server.await().stop(deadline = LONG)
                            returned.complete(server.await().connectionCount)
                        }
                    }
                    server.complete(made)
                    made.open().use { other ->
                        made.open().use { peer ->
                            peer.send(RawPeer.text("shutdown")).readFrame() shouldBe "close 1001"
                            other.readFrame() shouldBe "close 1001"
                            other.send(RawPeer.CLOSE).readFrame() shouldBe "end"
                            peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
                        }
                    }
                    withTimeout(PATIENCE) {
                        returned.await() shouldBe 0
                        made.join()
                        made.stop()
                    }
                    made.job.isCompleted.shouldBeTrue()
                }

                test("a handler that stops its server goes on at the deadline") {
                    val server = CompletableDeferred<WebSocketServer>()
                    val returned = CompletableDeferred<Unit>()
                    val made = started {
                        handlerDispatcher = dispatcher
                        closeHandshakeTimeout = Duration.ZERO
                        onConnect {
                            incoming.receive()
                            server.await().stop(deadline = DEADLINE)
                            returned.complete(Unit)
                            awaitCancellation()
                        }
                    }
                    server.complete(made)
                    made.open().use { peer ->
                        peer.send(RawPeer.text("shutdown")).readFrame() shouldBe "close 1001"
                        peer.readFrame() shouldBe "end"
                    }
                    withTimeout(PATIENCE) {
                        returned.await()
                        made.join()
                    }
                    made.connectionCount shouldBe 0
                }
            }
        }

        test("two handlers may stop their server at once") {
            val server = CompletableDeferred<WebSocketServer>()
            val both = CompletableDeferred<Unit>()
            val stopping = AtomicInteger()
            val returned = Channel<Unit>(2)
            val made = started {
                onConnect {
                    incoming.receive()
                    if (stopping.incrementAndGet() == 2) both.complete(Unit)
                    both.await()
                    server.await().stop(deadline = LONG)
                    returned.send(Unit)
                }
            }
            server.complete(made)
            val peers = List(2) { made.open().send(RawPeer.text("shutdown")) }
            for (peer in peers) peer.readFrame() shouldBe "close 1001"
            for (peer in peers) peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
            withTimeout(PATIENCE) {
                repeat(2) { returned.receive() }
                made.join()
            }
            peers.forEach { it.close() }
        }

        test("a coroutine of a handler may stop the server") {
            val server = CompletableDeferred<WebSocketServer>()
            val returned = CompletableDeferred<Unit>()
            val made = started {
                onConnect {
                    coroutineScope {
                        launch(Dispatchers.Default) {
                            server.await().stop(deadline = LONG)
                            returned.complete(Unit)
                        }
                        for (message in incoming) send(message)
                    }
                }
            }
            server.complete(made)
            made.open().use { peer ->
                peer.readFrame() shouldBe "close 1001"
                peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
            }
            withTimeout(PATIENCE) {
                returned.await()
                made.join()
            }
        }

        for (upgrade in listOf(true, false)) {
            test("onRequest may stop its server, which answers 503 (upgrade: $upgrade)") {
                val server = CompletableDeferred<WebSocketServer>()
                val returned = CompletableDeferred<Unit>()
                val made = started {
                    onRequest {
                        server.await().stop(deadline = LONG)
                        returned.complete(Unit)
                        HttpResponse(200)
                    }
                    onConnect {}
                }
                server.complete(made)
                RawPeer(made.port).use { peer ->
                    if (upgrade) {
                        peer.handshake() shouldStartWith "HTTP/1.1 503 "
                    } else {
                        peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        peer.readHead() shouldStartWith "HTTP/1.1 503 "
                    }
                }
                withTimeout(PATIENCE) {
                    returned.await()
                    made.join()
                }
            }
        }

        for (dispatcher in listOf(null, Dispatchers.IO)) {
            test(
                "stop returns at its deadline if a handler blocks (on ${dispatcher ?: "the loop"})",
            ) {
                val begun = CompletableDeferred<Unit>()
                val release = CountDownLatch(1)
                val server = started {
                    handlerDispatcher = dispatcher
                    onConnect {
                        accept()
                        incoming.receive()
                        begun.complete(Unit)
                        release.await()
                    }
                }
                try {
                    server.open().use { peer ->
                        peer.send(RawPeer.text("block"))
                        begun.await()
                        val time = measureTime {
                            withTimeout(PATIENCE) { server.stop(deadline = DEADLINE) }
                        }
                        time shouldBeGreaterThanOrEqualTo DEADLINE
                        time shouldBeLessThan 2.seconds
                        server.job.isCompleted.shouldBeFalse()
                    }
                } finally {
                    release.countDown()
                }
                withTimeout(PATIENCE) { server.join() }
                server.connectionCount shouldBe 0
            }
        }

        for (number in 0 until 2) {
            test(
                "stop closes the connections of other loops if one loop is blocked (by connection $number)",
            ) {
                val begun = CompletableDeferred<Unit>()
                val release = CountDownLatch(1)
                val server = startedOn(EventLoopGroup("stopping-loop", 2)) {
                    onConnect {
                        send(Thread.currentThread().name)
                        incoming.receive()
                        begun.complete(Unit)
                        release.await()
                    }
                }
                val peers = List(4) { server.open() }
                try {
                    val names = peers.map { it.readFrame() }
                    names.distinct().size shouldBe 2
                    peers[number].send(RawPeer.text("block"))
                    begun.await()
                    val stopping = async { server.stop(deadline = LONG) }
                    yield()
                    for ((peer, name) in peers.zip(names)) {
                        if (name != names[number]) peer.readFrame() shouldBe "close 1001"
                    }
                    release.countDown()
                    peers.forEach { it.close() }
                    withTimeout(PATIENCE) { stopping.await() }
                } finally {
                    release.countDown()
                    peers.forEach { it.close() }
                }
            }
        }

        test("a connection whose loop takes it over after the server has ended is closed at once") {
            val group = EventLoopGroup("late-loop", 2)
            val lease = group.acquire()
            val server = startedOn(group) { onConnect {} }
            // Loops are handed out in turn: this one does not accept connections, the next one does.
            val heldUp = lease.next()
            val release = CountDownLatch(1)
            try {
                heldUp.execute { release.await() }
                val first = RawPeer(server.port)
                RawPeer(server.port).use { late ->
                    // When the third is accepted, the second was accepted too.
                    val third = RawPeer(server.port)
                    eventually(PATIENCE) { server.connectionCount shouldBe 2 }
                    first.close()
                    third.close()
                    withTimeout(PATIENCE) { server.stop(deadline = LONG) }
                    server.job.isCompleted.shouldBeTrue()
                    release.countDown()
                    late.readAll() shouldBe ""
                    server.connectionCount shouldBe 0
                }
            } finally {
                release.countDown()
                lease.release()
            }
        }

        test("stop frees the places of connections at its deadline even if their handlers go on") {
            val release = CompletableDeferred<Unit>()
            val begun = CompletableDeferred<Unit>()
            val server = started {
                closeHandshakeTimeout = Duration.ZERO
                onConnect {
                    accept()
                    withContext(NonCancellable) {
                        begun.complete(Unit)
                        release.await()
                    }
                }
            }
            server.open().use { peer ->
                begun.await()
                withTimeout(PATIENCE) { server.stop(deadline = DEADLINE) }
                peer.readFrame() shouldBe "close 1001"
                peer.readFrame() shouldBe "end"
                eventually(PATIENCE) { server.connectionCount shouldBe 0 }
            }
            server.job.isCompleted.shouldBeFalse()
            release.complete(Unit)
            withTimeout(PATIENCE) { server.join() }
        }

        test("several stops at once all return, each by its own deadline") {
            val release = CompletableDeferred<Unit>()
            val begun = CompletableDeferred<Unit>()
            val server = started {
                onConnect {
                    accept()
                    withContext(NonCancellable) {
                        begun.complete(Unit)
                        release.await()
                    }
                }
            }
            server.open().use {
                begun.await()
                withTimeout(PATIENCE) {
                    coroutineScope {
                        List(3) { async { server.stop(deadline = DEADLINE * (it + 1)) } }.awaitAll()
                    }
                    server.stop(deadline = Duration.ZERO)
                }
                release.complete(Unit)
            }
            withTimeout(PATIENCE) { server.join() }
        }

        test(
            "a stop that a timeout cancels returns at once, and drops the open connections",
        ) {
            val release = CompletableDeferred<Unit>()
            val begun = CompletableDeferred<Unit>()
            val server = started {
                closeHandshakeTimeout = Duration.ZERO
                onConnect {
                    accept()
                    withContext(NonCancellable) {
                        begun.complete(Unit)
                        release.await()
                    }
                }
            }
            server.open().use { peer ->
                begun.await()
                val time = measureTime {
                    shouldThrow<TimeoutCancellationException> {
                        withTimeout(DEADLINE) { server.stop(deadline = LONG) }
                    }
                }
                time shouldBeLessThan 5.seconds
                peer.readFrame() shouldBe "close 1001"
                peer.readFrame() shouldBe "end"
            }
            release.complete(Unit)
            withTimeout(PATIENCE) { server.join() }
        }

        test("the deadline of stop is real time even if its caller has a virtual clock") {
            val status = CompletableDeferred<CloseStatus>()
            val server = started { onConnect { accept().also { status.complete(awaitClosed()) } } }
            server.open().use { peer ->
                val closing = CoroutineScope(Dispatchers.IO).async {
                    peer.readFrame().also { peer.send(RawPeer.CLOSE) }
                }
                runTest { server.stop(deadline = LONG) }
                closing.await() shouldBe "close 1001"
            }
            status.await().wasClean.shouldBeTrue()
        }

        test("a start and a stop at the same time both return") {
            repeat(200) {
                val server = webSocketServer { onConnect {} }
                withTimeout(PATIENCE) {
                    val starting = async(Dispatchers.Default) { runCatching { server.start() } }
                    launch(Dispatchers.Default) { server.stop() }
                    starting.await().onFailure { it.shouldBeInstanceOf<IllegalStateException>() }
                    server.join()
                }
            }
        }

        test("a start that a stop overtakes fails and leaves its port free") {
            val port = quietPort()
            repeat(50) {
                val server = webSocketServer {
                    this.port = port
                    onConnect {}
                }
                // Undispatched: usually start is looking up its host when stop is called.
                val starting = async(start = CoroutineStart.UNDISPATCHED) {
                    runCatching { server.start() }
                }
                server.stop()
                starting.await().onFailure { it.shouldBeInstanceOf<IllegalStateException>() }
                server.job.isCompleted.shouldBeTrue()
                listenOnce(port)
            }
        }

        for (number in 0 until 2) {
            test(
                "cancelling the job ends the connections of all loops if one is blocked (by $number)",
            ) {
                val begun = CompletableDeferred<Unit>()
                val release = CountDownLatch(1)
                val server = startedOn(EventLoopGroup("cancelled-loop", 2)) {
                    closeHandshakeTimeout = DEADLINE
                    dropTimeout = DEADLINE
                    onConnect {
                        withContext(NonCancellable) {
                            send(Thread.currentThread().name)
                            incoming.receive()
                            begun.complete(Unit)
                            release.await()
                        }
                    }
                }
                val peers = List(4) { server.open() }
                try {
                    val names = peers.map { it.readFrame() }
                    peers[number].send(RawPeer.text("block"))
                    begun.await()
                    server.job.cancel()
                    for ((peer, name) in peers.zip(names)) {
                        if (name != names[number]) peer.readFrame() shouldBe "end"
                    }
                } finally {
                    release.countDown()
                    peers.forEach { it.close() }
                }
                withTimeout(PATIENCE) { server.join() }
            }
        }

        test("a connection whose loop takes it over while the server stops gets 503") {
            val group = EventLoopGroup("stopping-late-loop", 2)
            val lease = group.acquire()
            val server = startedOn(group) { onConnect { accept().also { awaitClosed() } } }
            // Loops are handed out in turn: this one does not accept connections, the next one does.
            val heldUp = lease.next()
            val release = CountDownLatch(1)
            try {
                heldUp.execute { release.await() }
                val first = server.open()
                RawPeer(server.port).use { late ->
                    // When the third is accepted, the second was accepted too.
                    val third = RawPeer(server.port)
                    eventually(PATIENCE) { server.connectionCount shouldBe 2 }
                    val stopping = async(Dispatchers.Default) { server.stop(deadline = LONG) }
                    first.readFrame() shouldBe "close 1001"
                    release.countDown()
                    late.readAll() shouldStartWith "HTTP/1.1 503 "
                    first.close()
                    third.close()
                    withTimeout(PATIENCE) { stopping.await() }
                }
            } finally {
                release.countDown()
                lease.release()
            }
        }

        test("a start that fails releases its loops") {
            started { onConnect {} }.use { first ->
                shouldThrow<IOException> {
                    startedOn(EventLoopGroup("never-started", 1)) { port = first.port }
                }
                eventually(PATIENCE) {
                    Thread.getAllStackTraces().keys.none {
                        "never-started" in it.name
                    }.shouldBeTrue()
                }
            }
        }
    })
