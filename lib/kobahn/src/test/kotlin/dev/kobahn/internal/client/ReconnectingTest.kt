package dev.kobahn.internal.client

import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.PayloadExceededException
import dev.kobahn.RawPeer
import dev.kobahn.RawServer
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.open
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.reconnect.NotConnectedException
import dev.kobahn.reconnect.ReconnectOptions
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.Unsent
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/** Connections that are made anew as one, with servers that come and go. */
class ReconnectingTest :
    FunSpec({
        test("the messages of all connections come out of one channel") {
            servedInTurn(
                { it.open().sendHex("81 01 61 81 01 62").drop() },
                { it.open().sendHex("81 01 63 88 02 03E8").readFrame() },
            ) { url ->
                val webSocket = quickClient().reconnecting(this, url)
                webSocket.incoming.toList().map { (it as Message.Text).text } shouldContainExactly
                    listOf("a", "b", "c")
                webSocket.awaitEnd().cause.shouldBeNull()
            }
        }

        test("the hook runs first with each connection, and may receive") {
            val received = ArrayList<String>()
            val subscribe: (RawPeer) -> Unit = {
                it.open()
                received.add(it.readFrame())
                it.sendHex("81 02 6f6b")
                received.add(it.readFrame())
            }
            servedInTurn(
                {
                    subscribe(it)
                    it.drop()
                },
                {
                    subscribe(it)
                    it.sendHex("88 02 03E8").readFrame()
                },
            ) { url ->
                var openings = 0
                val webSocket = quickClient().reconnecting(this, url) {
                    send("resume ${++openings}")
                    (incoming.receive() as Message.Text).text shouldBe "ok"
                    launch { (this@reconnecting).send("data $openings") }
                }
                webSocket.awaitEnd().cause.shouldBeNull()
                received shouldContainExactly listOf(
                    "text resume 1",
                    "text data 1",
                    "text resume 2",
                    "text data 2",
                )
            }
        }

        test("messages wait for a connection and are sent in order") {
            val received = ArrayList<String>()
            val mayOpen = CompletableDeferred<Unit>()
            servedInTurn(
                { peer ->
                    runBlocking { mayOpen.await() }
                    peer.open()
                    repeat(3) { received.add(peer.readFrame()) }
                    peer.sendHex("88 02 03E8").readFrame()
                },
            ) { url ->
                val webSocket = quickClient().reconnecting(this, url)
                webSocket.send("1")
                webSocket.send(Message.Text("2"))
                webSocket.send("3".encodeToByteArray())
                mayOpen.complete(Unit)
                webSocket.awaitEnd()
                received shouldContainExactly listOf("text 1", "text 2", "binary 1")
            }
        }

        test("a message that the system has not taken is sent on the next connection") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val webSocket = RawServer().let { first ->
                    // The first server accepts and never reads; it ends with the message under way.
                    val url = CompletableDeferred<String>()
                    val webSocket = quickClient().reconnecting(this, {
                        WebSocketUrl.parse(
                            if (url.isCompleted) "ws://localhost:${server.port}/" else first.url,
                        )
                    })
                    val peer = withContext(Dispatchers.IO) { first.accept().open() }
                    webSocket.send(ByteArray(8 shl 20))
                    withContext(Dispatchers.IO) { peer.readHex(2) }
                    url.complete("")
                    peer.drop()
                    first.close()
                    webSocket
                }
                withTimeout(20.seconds) { webSocket.incoming.receive() }.size shouldBe (8 shl 20)
                webSocket.close()
            }
        }

        test("send suspends while too much waits, and its cancellation takes the message back") {
            val received = ArrayList<String>()
            val mayOpen = CompletableDeferred<Unit>()
            servedInTurn(
                { peer ->
                    runBlocking { mayOpen.await() }
                    peer.open()
                    repeat(2) { received.add(peer.readFrame()) }
                    peer.sendHex("88 02 03E8").readFrame()
                },
            ) { url ->
                val webSocket = quickClient { maxUnsentSize = 3 }.reconnecting(this, url)
                webSocket.send("12")
                val cancelled = launch { webSocket.send("no") }
                val waiting = async { webSocket.send("34") }
                yield()
                cancelled.cancelAndJoin()
                waiting.isCompleted shouldBe false
                mayOpen.complete(Unit)
                waiting.await()
                webSocket.awaitEnd()
                received shouldContainExactly listOf("text 12", "text 34")
            }
        }

        test("a message above maxMessagePayloadSize is refused at once") {
            servedInTurn({ it.open().readFrame() }) { url ->
                val client = webSocketClient { maxMessagePayloadSize = 1 }
                val webSocket = client.reconnecting(this, url)
                shouldThrow<PayloadExceededException> { webSocket.send("12") }
                webSocket.state.first { it is ReconnectState.Open }
                webSocket.close()
            }
        }

        test("without a connection a message fails, if it is not to wait") {
            val url = RawServer().use { it.url }
            coroutineScope {
                val webSocket = quickClient {
                    unsent = Unsent.FAIL
                    backoff = exponential(1.hours, 1.hours)
                }.reconnecting(this, url)
                webSocket.state.first { it is ReconnectState.Waiting }
                shouldThrow<NotConnectedException> { webSocket.send("no") }
                    .state.shouldBeInstanceOf<ReconnectState.Waiting>()
                webSocket.close()
                webSocket.awaitEnd().cause.shouldBeNull()
            }
        }

        test("with a connection a message is sent at once, also if it is not to wait") {
            servedInTurn({ it.open().readFrame() shouldBe "text a" }) { url ->
                val webSocket = quickClient { unsent = Unsent.FAIL }.reconnecting(this, url)
                webSocket.state.first { it is ReconnectState.Open }
                webSocket.send("a")
                webSocket.job.cancelAndJoin()
            }
        }

        test("empty messages count too") {
            val url = RawServer().use { it.url }
            coroutineScope {
                val webSocket = quickClient {
                    maxUnsentSize = 128
                    backoff = exponential(1.hours, 1.hours)
                }.reconnecting(this, url)
                repeat(2) { webSocket.send("") }
                withTimeoutOrNull(50.milliseconds) { webSocket.send("") }.shouldBeNull()
                webSocket.close()
            }
        }

        test("an application that has cancelled incoming still sends, on the next connection too") {
            val mayOpen = CompletableDeferred<Unit>()
            servedInTurn(
                { it.open().sendHex("81 01 61 81 01 62").drop() },
                {
                    runBlocking { mayOpen.await() }
                    it.open().sendHex("81 01 63")
                    it.readFrame() shouldBe "text a"
                    it.sendHex("88 02 03E8").readFrame()
                },
            ) { url ->
                val webSocket = quickClient().reconnecting(this, url)
                webSocket.incoming.cancel()
                // It lasts until the second connection may open: shorter states can pass unseen.
                webSocket.state.first { it is ReconnectState.Connecting && it.attempt == 2 }
                webSocket.send("a")
                mayOpen.complete(Unit)
                webSocket.awaitEnd().cause.shouldBeNull()
            }
        }

        test("close sends what waits, and its code") {
            servedInTurn({ peer ->
                peer.open()
                peer.readFrame() shouldBe "text a"
                peer.readFrame() shouldBe "close 3000"
                peer.sendHex("88 02 0BB8")
            }) { url ->
                val webSocket = quickClient().reconnecting(this, url)
                webSocket.state.first { it is ReconnectState.Open }
                webSocket.send("a")
                webSocket.close(3000, "enough")
                webSocket.awaitEnd().cause.shouldBeNull()
                webSocket.incoming.toList().size shouldBe 0
                shouldThrow<NotConnectedException> { webSocket.send("b") }
                shouldThrow<IllegalArgumentException> { webSocket.close(1006) }
            }
        }

        test("close ends although nobody receives what has come") {
            servedInTurn({ peer ->
                peer.open().sendHex("81 01 61 81 01 62")
                peer.readFrame() shouldBe "close 1000"
                peer.sendHex("88 02 03E8")
            }) { url ->
                val webSocket = quickClient().reconnecting(this, url)
                webSocket.state.first { it is ReconnectState.Open }
                withTimeout(10.seconds) { webSocket.close() }
            }
        }

        test("a lost connection is told although nobody receives, and no message is lost") {
            val opened = CompletableDeferred<Unit>()
            servedInTurn(
                {
                    it.open().sendHex("81 01 61 81 01 62")
                    runBlocking { opened.await() }
                    it.drop()
                },
                { it.open().sendHex("81 01 63 88 02 03E8").readFrame() },
            ) { url ->
                val webSocket = quickClient { backoff = exponential(1.seconds, 1.seconds) }
                    .reconnecting(this, url)
                webSocket.state.first { it is ReconnectState.Open }
                opened.complete(Unit)
                webSocket.state.first { it is ReconnectState.Waiting }
                webSocket.incoming.toList().map { (it as Message.Text).text } shouldContainExactly
                    listOf("a", "b", "c")
                webSocket.awaitEnd().cause.shouldBeNull()
            }
        }

        test("close ends although the connection was lost with messages for both ends") {
            val opened = CompletableDeferred<Unit>()
            servedInTurn({
                it.open().sendHex("81 01 61 81 01 62")
                runBlocking { opened.await() }
                it.drop()
            }) { url ->
                val webSocket = quickClient { backoff = exponential(1.hours, 1.hours) }
                    .reconnecting(this, url)
                val open = webSocket.state.first { it is ReconnectState.Open }
                    .shouldBeInstanceOf<ReconnectState.Open>()
                opened.complete(Unit)
                open.webSocket.awaitClosed()
                webSocket.send("a")
                withTimeout(10.seconds) { webSocket.close() }
                webSocket.awaitEnd().cause.shouldBeNull()
            }
        }

        test("after an own close of a connection there is no other, answered or not") {
            servedInTurn({
                it.open().readFrame() shouldBe "close 3000"
                it.readFrame() shouldBe "end"
            }) { url ->
                val client = webSocketClient { closeHandshakeTimeout = 50.milliseconds }
                val webSocket = client.reconnecting(this, url)
                val open = webSocket.state.first { it is ReconnectState.Open }
                    .shouldBeInstanceOf<ReconnectState.Open>()
                open.webSocket.close(3000).wasClean shouldBe false
                webSocket.awaitEnd().cause.shouldBeNull()
            }
        }

        test(
            "after a failure that does not pass there is no further connection, but the scope goes on",
        ) {
            servedInTurn({ it.open().sendHex("88 02 03F0").readFrame() }) { url ->
                val webSocket = quickClient().reconnecting(this, url)
                val failure = shouldThrow<ConnectionClosedException> {
                    for (message in webSocket.incoming) error("got $message")
                }
                failure.status.code shouldBe 1008
                webSocket.awaitEnd().cause shouldBe failure
                shouldThrow<NotConnectedException> { webSocket.send("a") }.cause shouldBe failure
                coroutineContext[Job]!!.isActive shouldBe true
            }
        }

        test("a hook that fails ends it with that exception") {
            servedInTurn({ it.open().readFrame() shouldBe "close 1011" }) { url ->
                val webSocket = quickClient().reconnecting(this, url) { error("no") }
                webSocket.awaitEnd().cause!!.message shouldBe "no"
            }
        }

        test("the end of the scope ends it at once, and a receiver elsewhere is not cancelled") {
            val url = RawServer().use { it.url }
            val scope = CoroutineScope(Job())
            val webSocket = quickClient {
                backoff = exponential(1.hours, 1.hours)
            }.reconnecting(scope, url)
            webSocket.state.first { it is ReconnectState.Waiting }
            scope.coroutineContext[Job]!!.cancelAndJoin()
            webSocket.awaitEnd().cause.shouldBeInstanceOf<CancellationException>()
            shouldThrow<NotConnectedException> { webSocket.incoming.receive() }
            shouldThrow<NotConnectedException> { webSocket.send("a") }
        }

        test("in a scope that has ended it ends before it begins") {
            val scope = CoroutineScope(Job().apply { cancel() })
            val webSocket = quickClient().reconnecting(scope, "ws://localhost:1/")
            webSocket.awaitEnd().cause.shouldBeInstanceOf<CancellationException>()
            shouldThrow<NotConnectedException> { webSocket.send("a") }
        }

        test("the state tells the attempts, the waits and the connection") {
            servedInTurn(
                {
                    it.readHead()
                    it.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
                },
                { it.open().readFrame() },
            ) { url ->
                val webSocket = quickClient { backoff = exponential(1.seconds, 1.seconds) }
                    .reconnecting(this, url)
                val waiting = webSocket.state.first { it is ReconnectState.Waiting }
                    .shouldBeInstanceOf<ReconnectState.Waiting>()
                waiting.failures shouldBe 1
                waiting.cause.shouldBeInstanceOf<HandshakeException>().status shouldBe 503
                val open = webSocket.state.first { it is ReconnectState.Open }
                    .shouldBeInstanceOf<ReconnectState.Open>()
                open.webSocket.response.status shouldBe 101
                webSocket.job.cancelAndJoin()
            }
        }

        test("close at any moment ends, with the last state") {
            val connections = AtomicInteger()
            webSocketServer {
                onConnect {
                    send("hello")
                    val isLost = connections.incrementAndGet() % 2 == 0
                    if (isLost) drop() else for (message in incoming) Unit
                }
            }.use { server ->
                val client = quickClient()
                val scope = CoroutineScope(Dispatchers.Default + Job())
                repeat(200) { round ->
                    val webSocket = client.reconnecting(scope, "ws://localhost:${server.port}/")
                    repeat(round % 20) { yield() }
                    if (round % 3 == 0) webSocket.state.first { it is ReconnectState.Open }
                    if (round % 2 == 0) webSocket.send("a")
                    withTimeout(10.seconds) { webSocket.close() }
                    webSocket.state.value.shouldBeInstanceOf<ReconnectState.Ended>()
                }
                scope.coroutineContext[Job]!!.children.count() shouldBe 0
            }
        }

        test("a client that is closed makes no further connection") {
            val url = RawServer().use { it.url }
            coroutineScope {
                val client = quickClient()
                val webSocket = client.reconnecting(this, url)
                client.close()
                webSocket.awaitEnd().cause.shouldBeInstanceOf<IllegalStateException>()
            }
        }
    })
