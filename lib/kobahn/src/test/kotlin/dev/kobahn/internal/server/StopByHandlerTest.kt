package dev.kobahn.internal.server

import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.protocol.handshake.HttpResponse
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Servers that their own handlers stop. */
class StopByHandlerTest :
    FunSpec({
        for (dispatcher in listOf(null, Dispatchers.Default)) {
            context("with handlers on ${dispatcher ?: "the loop"}") {
                test("a handler may stop its server, and waits for everything except itself") {
                    val stopping = SelfStopping()
                    val server = stopping.start {
                        handlerDispatcher = dispatcher
                        onConnect {
                            if (incoming.receive() != Message.Text("shutdown")) awaitClosed()
                            stopping.stop()
                        }
                    }
                    server.open().use { other ->
                        server.open().use { peer ->
                            peer.send(RawPeer.text("shutdown")).readFrame() shouldBe "close 1001"
                            other.readFrame() shouldBe "close 1001"
                            other.send(RawPeer.CLOSE).readFrame() shouldBe "end"
                            peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
                        }
                    }
                    stopping.awaitReturn() shouldBe 0
                    stopping.awaitEnd()
                    server.stop()
                    server.job.isCompleted.shouldBeTrue()
                }

                test("a handler that stops its server goes on at the deadline") {
                    val stopping = SelfStopping()
                    val server = stopping.start {
                        handlerDispatcher = dispatcher
                        closeHandshakeTimeout = Duration.ZERO
                        onConnect {
                            incoming.receive()
                            stopping.stop(DEADLINE)
                            awaitCancellation()
                        }
                    }
                    server.open().use { peer ->
                        peer.send(RawPeer.text("shutdown")).readFrame() shouldBe "close 1001"
                        peer.readFrame() shouldBe "end"
                    }
                    stopping.awaitReturn()
                    stopping.awaitEnd()
                    server.connectionCount shouldBe 0
                }
            }
        }

        test("two handlers may stop their server at once") {
            val both = CompletableDeferred<Unit>()
            val count = AtomicInteger()
            val stopping = SelfStopping()
            val server = stopping.start {
                onConnect {
                    incoming.receive()
                    if (count.incrementAndGet() == 2) both.complete(Unit)
                    both.await()
                    stopping.stop()
                }
            }
            val peers = List(2) { server.open().send(RawPeer.text("shutdown")) }
            for (peer in peers) peer.readFrame() shouldBe "close 1001"
            for (peer in peers) peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
            repeat(2) { stopping.awaitReturn() }
            stopping.awaitEnd()
            peers.forEach { it.close() }
        }

        test("a coroutine of a handler may stop the server") {
            val stopping = SelfStopping()
            val server = stopping.start {
                onConnect {
                    coroutineScope {
                        launch(Dispatchers.Default) { stopping.stop() }
                        for (message in incoming) send(message)
                    }
                }
            }
            server.open().use { peer ->
                peer.readFrame() shouldBe "close 1001"
                peer.send(RawPeer.CLOSE).readFrame() shouldBe "end"
            }
            stopping.awaitReturn()
            stopping.awaitEnd()
        }

        for (upgrade in listOf(true, false)) {
            test("onRequest may stop its server, which answers 503 (upgrade: $upgrade)") {
                val stopping = SelfStopping()
                val server = stopping.start {
                    onRequest {
                        stopping.stop()
                        HttpResponse(200)
                    }
                    onConnect {}
                }
                RawPeer(server.port).use { peer ->
                    if (upgrade) {
                        peer.handshake() shouldStartWith "HTTP/1.1 503 "
                    } else {
                        peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        peer.readHead() shouldStartWith "HTTP/1.1 503 "
                    }
                }
                stopping.awaitReturn()
                stopping.awaitEnd()
            }
        }
    })
