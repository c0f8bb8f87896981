package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.RawServer
import dev.kobahn.against
import dev.kobahn.open
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

class RealWebSocketClientTest :
    FunSpec({
        test("a connection that is refused is an IOException and no HandshakeException") {
            val url = RawServer().use { it.url }
            val failure = shouldThrow<IOException> { webSocketClient().connect(url) }
            (failure is HandshakeException) shouldBe false
        }

        test("no answer in time is a HandshakeException") {
            against({ it.readAll() }) { url ->
                val client = webSocketClient { openHandshakeTimeout = 100.milliseconds }
                shouldThrow<HandshakeException> { client.connect(url) }.status.shouldBeNull()
                client.job.children.count() shouldBe 0
            }
        }

        test("copies of a prepared message have a key each") {
            var frames = emptyList<String>()
            against({ peer ->
                peer.open()
                frames = List(2) { peer.readHex(10) }
            }) { url ->
                val webSocket = webSocketClient().connect(url)
                val prepared = PreparedMessage("same")
                repeat(2) { webSocket.send(prepared) }
                webSocket.awaitClosed()
            }
            frames.map { it.take(4) } shouldBe listOf("8184", "8184")
            frames.distinct().size shouldBe 2
        }

        test("closing the client at any moment of a connect leaves no connection") {
            webSocketServer { onConnect { for (message in incoming) Unit } }.use { server ->
                val url = "ws://localhost:${server.port}/"
                repeat(200) { round ->
                    val client = webSocketClient()
                    val kept = client.connect(url)
                    val another = async(Dispatchers.Default) {
                        runCatching { client.connect(url).awaitClosed() }
                    }
                    repeat(round % 20) { yield() }
                    withTimeout(10.seconds) { client.close() }
                    kept.closeStatus?.local?.code shouldBe 1001
                    withTimeout(10.seconds) { another.await() }
                }
            }
        }

        test("the vectors of RFC 6455 section 5.7 are received") {
            against({ peer ->
                peer.open()
                peer.sendHex("81 05 48 65 6c 6c 6f")
                peer.sendHex("01 03 48 65 6c").sendHex("80 02 6c 6f")
                peer.sendHex("89 05 48 65 6c 6c 6f")
                peer.readFrame() shouldBe "pong Hello"
                peer.sendHex("82 7E 0100" + "00".repeat(256))
                peer.sendHex("82 7F 0000000000010000" + "00".repeat(65536))
                peer.sendHex("88 00")
                peer.readFrame() shouldBe "close 1000"
                peer.readFrame() shouldBe "end"
            }) { url ->
                webSocketClient().connect(url) { incoming.toList().map { it.size } } shouldBe
                    listOf(5, 5, 256, 65536)
            }
        }

        test("a masked frame of a server is a violation") {
            against({ peer ->
                peer.open().sendHex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
                peer.readFrame() shouldBe "close 1002"
                peer.sendHex("88 02 03EA")
                peer.end()
            }) { url ->
                shouldThrow<ConnectionClosedException> {
                    webSocketClient().connect(url) {
                        for (message in incoming) error("got $message")
                    }
                }.status.wasClean shouldBe false
            }
        }

        for ((ending, code, block) in ENDS) {
            test("a block that $ending closes with $code") {
                val begun = CompletableDeferred<Unit>()
                against({ peer ->
                    peer.open()
                    peer.readFrame() shouldBe "close $code"
                    peer.sendHex("88 02 03E8")
                }) { url ->
                    coroutineScope {
                        val connecting = async(start = CoroutineStart.UNDISPATCHED) {
                            runCatching { webSocketClient().connect(url) { block(begun) } }
                        }
                        if (code == 1001) {
                            begun.await()
                            connecting.cancelAndJoin()
                        } else {
                            connecting.await()
                        }
                    }
                }
            }
        }

        test("connect returns the block's result after the connection has ended") {
            var ended = false
            against({ peer ->
                peer.open()
                peer.readFrame()
                ended = true
                peer.sendHex("88 02 03E8")
            }) { url ->
                webSocketClient().connect(url) { 42 }.also { ended.shouldBeTrue() }
            } shouldBe
                42
        }

        test("a connection without a block outlives the coroutine that made it") {
            lateinit var webSocket: ClientWebSocket
            against({ peer ->
                peer.open().sendHex("81 01 61")
                peer.readFrame() shouldBe "close 3000"
                peer.sendHex("88 02 03E8")
            }) { url ->
                coroutineScope { launch { webSocket = webSocketClient().connect(url) } }
                webSocket.incoming.receive() shouldBe Message.Text("a")
                webSocket.close(3000).wasClean.shouldBeTrue()
            }
        }

        test("closing the client closes its connections with 1001") {
            against({ peer ->
                peer.open()
                peer.readFrame() shouldBe "close 1001"
                peer.sendHex("88 02 03E8")
            }) { url ->
                val client = webSocketClient()
                val webSocket = client.connect(url)
                client.close()
                webSocket.closeStatus?.wasClean shouldBe true
                client.job.isCompleted.shouldBeTrue()
                shouldThrow<IllegalStateException> { client.connect(url) }
                shouldThrow<IllegalStateException> { client.connect(url) {} }
            }
        }

        test("closing the client while it connects is no cancellation of the caller") {
            val asked = CompletableDeferred<Unit>()
            against({ peer ->
                peer.readHead()
                asked.complete(Unit)
                peer.runCatching { readAll() }
            }) { url ->
                val client = webSocketClient()
                coroutineScope {
                    launch {
                        asked.await()
                        client.close()
                    }
                    val failure = shouldThrow<IllegalStateException> { client.connect(url) }
                    (failure is CancellationException) shouldBe false
                }
            }
        }

        test("cancelling the parent closes the connections with 1001") {
            against({ peer ->
                peer.open()
                peer.readFrame() shouldBe "close 1001"
                peer.sendHex("88 02 03E8")
            }) { url ->
                val parent = Job()
                val webSocket = webSocketClient(parent).connect(url)
                parent.cancelAndJoin()
                webSocket.closeStatus?.code shouldBe 1000
            }
        }

        test("connect throws if messages of the block were not delivered, whichever side closed") {
            for (isClosedByServer in listOf(true, false)) {
                val over = CompletableDeferred<Unit>()
                against({ peer ->
                    peer.open()
                    // The message is on its way, and the server reads no more of it.
                    peer.readHex(2)
                    if (isClosedByServer) peer.sendHex("88 02 03E8")
                    runBlocking { over.await() }
                }) { url ->
                    val client = webSocketClient {
                        maxOutgoingQueueSize = 64L shl 20
                        closeHandshakeTimeout = 200.milliseconds
                    }
                    try {
                        shouldThrow<ConnectionClosedException> {
                            client.connect(url) {
                                send(ByteArray(15 shl 20))
                                if (isClosedByServer) incoming.toList()
                            }
                        }.status.wasClean shouldBe false
                    } finally {
                        over.complete(Unit)
                    }
                }
            }
        }

        test("connect returns the result of a block that dropped the connection") {
            val over = CompletableDeferred<Unit>()
            against({ peer ->
                peer.open()
                runBlocking { over.await() }
            }) { url ->
                val client = webSocketClient { maxOutgoingQueueSize = 64L shl 20 }
                try {
                    client.connect(url) {
                        send(ByteArray(15 shl 20))
                        drop()
                        42
                    } shouldBe 42
                } finally {
                    over.complete(Unit)
                }
            }
        }

        test("cancelling a connect closes the connection that it opened") {
            val asked = CompletableDeferred<Unit>()
            against({ peer ->
                peer.readHead()
                asked.complete(Unit)
                peer.runCatching { readAll() }
            }) { url ->
                val client = webSocketClient()
                coroutineScope {
                    val connecting = launch { client.connect(url) }
                    asked.await()
                    connecting.cancelAndJoin()
                }
                client.job.children.count() shouldBe 0
            }
        }
    })

private val ENDS =
    listOf<Triple<String, Int, suspend ClientWebSocket.(CompletableDeferred<Unit>) -> Unit>>(
        Triple("returns", 1000) {},
        Triple("throws", 1011) { error("broken") },
        Triple("is cancelled", 1001) { begun ->
            begun.complete(Unit)
            awaitCancellation()
        },
    )
