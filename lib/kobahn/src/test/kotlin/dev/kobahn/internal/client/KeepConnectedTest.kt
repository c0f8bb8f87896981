package dev.kobahn.internal.client

import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.open
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.webSocketClient
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** A block that runs with one connection after the other, with servers that come and go. */
class KeepConnectedTest :
    FunSpec({
        test("keepConnected runs its block with each connection until it returns") {
            servedInTurn(
                { it.open().sendHex("81 01 61").drop() },
                { it.open().sendHex("81 01 62 88 02 03F4").readFrame() shouldBe "close 1000" },
                { it.open().sendHex("81 01 63").readFrame() shouldBe "close 1000" },
            ) { url ->
                val received = ArrayList<String>()
                val result = quickClient().keepConnected(url) {
                    for (message in incoming) {
                        received.add((message as Message.Text).text)
                        if (received.size == 3) break
                    }
                    "done"
                }
                result shouldBe "done"
                received shouldContainExactly listOf("a", "b", "c")
            }
        }

        test("keepConnected returns if the server closes on purpose") {
            servedInTurn({ it.open().sendHex("88 02 03E8").readFrame() }) { url ->
                quickClient().keepConnected(url) { incoming.toList().size } shouldBe 0
            }
        }

        test("keepConnected throws a refusal that does not pass, and retries one that does") {
            val answers =
                listOf("503 Service Unavailable", "500 Internal Server Error", "403 Forbidden")
            servedInTurn(
                *answers.map { answer ->
                    { peer: RawPeer ->
                        peer.readHead()
                        peer.send("HTTP/1.1 $answer\r\nContent-Length: 0\r\n\r\n")
                        Unit
                    }
                }.toTypedArray(),
            ) { url ->
                val refusal =
                    shouldThrow<HandshakeException> { quickClient().keepConnected(url) { } }
                refusal.status shouldBe 403
            }
        }

        test("the URL is asked for anew for each attempt") {
            val targets = ArrayList<String>()
            servedInTurn(
                { targets.add(it.readHead().lines().first()) },
                { targets.add(it.readHead().lines().first()) },
            ) { url ->
                var count = 0
                shouldThrow<IOException> {
                    quickClient { maxAttempts = 2 }.keepConnected({
                        WebSocketUrl.parse("$url?token=${++count}")
                    }) { }
                }
                targets shouldContainExactly listOf(
                    "GET /?token=1 HTTP/1.1",
                    "GET /?token=2 HTTP/1.1",
                )
            }
        }

        test("cancelling keepConnected closes the connection, and makes no other") {
            val begun = CompletableDeferred<Unit>()
            servedInTurn({ peer ->
                peer.open()
                peer.readFrame() shouldBe "close 1001"
                peer.sendHex("88 02 03E8")
            }) { url ->
                val job = launch {
                    quickClient().keepConnected(url) {
                        begun.complete(Unit)
                        awaitClosed()
                    }
                }
                begun.await()
                job.cancelAndJoin()
            }
        }

        test("a connection that this end gave up is made anew, though its block returned") {
            servedInTurn(
                { it.open().readAll() },
                { it.open().sendHex("88 02 03E8").readFrame() },
            ) { url ->
                val client = webSocketClient {
                    autoPing {
                        interval = 20.milliseconds
                        timeout = 20.milliseconds
                    }
                    reconnect { backoff = exponential(1.milliseconds, 1.milliseconds) }
                }
                var runs = 0
                client.keepConnected(url) {
                    runs++
                    awaitClosed()
                }
                runs shouldBe 2
            }
        }

        test("a block that returned has its result, though the server took nothing") {
            val returned = CompletableDeferred<Unit>()
            servedInTurn({ peer ->
                peer.open()
                runBlocking { returned.await() }
            }) { url ->
                val client = webSocketClient { closeHandshakeTimeout = 50.milliseconds }
                var runs = 0
                try {
                    client.keepConnected(url) {
                        trySend(Message.Binary(ByteArray(16 shl 20)))
                        "run ${++runs}"
                    } shouldBe "run 1"
                } finally {
                    returned.complete(Unit)
                }
            }
        }

        test("after the application's own close the block does not run again, answered or not") {
            servedInTurn({
                it.open().readFrame() shouldBe "close 1000"
                it.readFrame() shouldBe "end"
            }) { url ->
                val client = webSocketClient { closeHandshakeTimeout = 50.milliseconds }
                shouldThrow<ConnectionClosedException> {
                    client.keepConnected(url) {
                        launch { close() }
                        for (message in incoming) error("got $message")
                    }
                }.status.wasClean shouldBe false
            }
        }

        test("a block that drops its connection and returns has its result") {
            servedInTurn({ it.open().readFrame() shouldBe "end" }) { url ->
                quickClient().keepConnected(url) {
                    drop()
                    awaitClosed()
                    "done"
                } shouldBe "done"
            }
        }
    })
