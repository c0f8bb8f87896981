package dev.kobahn.internal.server

import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.ServerWebSocket
import dev.kobahn.capturedLog
import dev.kobahn.count
import dev.kobahn.internal.connection.TICK
import dev.kobahn.java.AsyncWebSocketServer
import dev.kobahn.protocol.handshake.HttpResponse
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

private const val PLAIN = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

class ServerOpeningHandshakeTest :
    FunSpec({
        // Reading the request.

        fun decidingRig(
            time: Duration = 5.seconds,
            handler: suspend () -> Unit = {
                awaitCancellation()
            },
        ) = ServerRig {
            openHandshakeTimeout = time
            dropTimeout = 2.seconds
            autoPingInterval = Duration.ZERO
            onConnect {
                handler()
                accept()
                awaitCancellation()
            }
        }

        fun ServerRig.shouldAnswerAfter(time: Duration, status: Int) {
            loop.advanceBy(time - TICK)
            answer.toString().shouldBeEmpty()
            loop.advanceBy(TICK)
            answer.toString() shouldStartWith "HTTP/1.1 $status "
        }

        test("a client that sends nothing gets 408 at openHandshakeTimeout, not before") {
            decidingRig().shouldAnswerAfter(5.seconds, 408)
        }

        test("a part of a request does not prolong openHandshakeTimeout") {
            val rig = decidingRig()
            rig.receive("GET / HTTP/1.1\r\n")
            rig.loop.advanceBy(4.seconds)
            rig.receive("Host: localhost\r\n")
            rig.shouldAnswerAfter(1.seconds, 408)
        }

        test(
            "a client whose handler does not decide gets 503 at openHandshakeTimeout, not before",
        ) {
            val rig = decidingRig()
            rig.receive(ServerRig.REQUEST)
            rig.shouldAnswerAfter(5.seconds, 503)
        }

        test("the opening handshake leaves no timer to an open WebSocket") {
            val rig = decidingRig(handler = {})
            rig.receive(ServerRig.REQUEST)
            rig.answer.toString() shouldStartWith "HTTP/1.1 101 "
            rig.loop.pendingTimers shouldBe 0
            rig.loop.advanceBy(1000.seconds)
            rig.ended shouldBe false
        }

        test("the end of the transport ends the timer of the opening handshake") {
            for (request in listOf("", "GET / HTTP/1.1\r\n", ServerRig.REQUEST)) {
                val rig = decidingRig()
                rig.receive(request)
                rig.loop.pendingTimers shouldBe 1
                rig.vanish()
                rig.ended shouldBe true
                rig.loop.pendingTimers shouldBe 0
                rig.loop.advanceBy(1000.seconds)
                rig.answer.toString().shouldBeEmpty()
            }
        }

        test("a client that was refused has dropTimeout to end the transport, and no timer stays") {
            val rig = decidingRig()
            rig.receive("POST / HTTP/1.1\r\n\r\n")
            rig.answer.toString() shouldStartWith "HTTP/1.1 405 "
            rig.loop.advanceBy(2.seconds - TICK)
            rig.ended shouldBe false
            rig.loop.advanceBy(TICK)
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("a client that was refused and ends the transport leaves no timer") {
            val rig = decidingRig()
            rig.receive("POST / HTTP/1.1\r\n\r\n")
            rig.endInput()
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("an openHandshakeTimeout of zero never ends") {
            val rig = decidingRig(Duration.ZERO)
            rig.loop.pendingTimers shouldBe 0
            rig.loop.advanceBy(1000.seconds)
            rig.ended shouldBe false
        }

        test("a client may send frames before the 101 response, but only 64 KiB are kept") {
            val decision = CompletableDeferred<Unit>()
            val received = ArrayList<String>()
            val rig = ServerRig(capacity = 1000) {
                memoryBudget = 10_000_000
                onConnect {
                    decision.await()
                    for (message in incoming) received += (message as Message.Text).text
                }
            }
            rig.receive(ServerRig.REQUEST)
            val texts = List(200) { "$it".padEnd(1000, '.') }
            for (text in texts) rig.receive(RawPeer.text(text))
            rig.context.budget!!.used shouldBeInRange 48 * 1024L..66 * 1024L
            rig.answer.toString().shouldBeEmpty()
            decision.complete(Unit)
            rig.loop.run()
            received shouldBe texts
        }

        // Deciding about it.

        fun askingRig(onRequest: suspend () -> HttpResponse?) = ServerRig {
            openHandshakeTimeout = 5.seconds
            onRequest { onRequest() }
            onConnect { awaitCancellation() }
        }

        val failures: Map<String, suspend () -> HttpResponse?> = mapOf(
            "runs into a timeout" to
                { withTimeout(50.milliseconds) { delay(1.hours).let { null } } },
            "waits for a future that was cancelled" to {
                CompletableFuture<HttpResponse>().apply { cancel(false) }.await()
            },
            "throws an Error" to { throw NoClassDefFoundError("there is no class") },
            "is yet to be written" to { TODO() },
            "throws an exception" to { error("no page") },
        )

        for ((request, kind) in mapOf(ServerRig.REQUEST to "an upgrade", PLAIN to "a page")) {
            for ((name, fail) in failures) {
                test("an onRequest that $name is logged and answered with 500 at once ($kind)") {
                    lateinit var rig: ServerRig
                    val log = capturedLog {
                        rig = askingRig(fail)
                        rig.receive(request)
                        rig.loop.advanceBy(50.milliseconds)
                    }
                    rig.answer.toString() shouldStartWith "HTTP/1.1 500 "
                    log.count("ERROR") shouldBe 1
                    log shouldContain "onRequest failed for"
                }
            }

            test("openHandshakeTimeout answers 503 and cancels onRequest ($kind)") {
                var isCancelled = false
                lateinit var rig: ServerRig
                val log = capturedLog {
                    rig = askingRig {
                        try {
                            awaitCancellation()
                        } catch (cancellation: CancellationException) {
                            isCancelled = true
                            throw cancellation
                        }
                    }
                    rig.receive(request)
                    rig.loop.advanceBy(5.seconds - 1.milliseconds)
                    isCancelled.shouldBeFalse()
                    rig.loop.advanceBy(1.milliseconds)
                }
                rig.answer.toString() shouldStartWith "HTTP/1.1 503 "
                isCancelled.shouldBeTrue()
                log.shouldBeEmpty()
            }

            test("onRequest is cancelled when its client goes away ($kind)") {
                val stage = CompletableFuture<HttpResponse>()
                lateinit var rig: ServerRig
                val log = capturedLog {
                    rig = askingRig { stage.await() }
                    rig.receive(request)
                    rig.vanish()
                }
                stage.isCancelled.shouldBeTrue()
                rig.ended.shouldBeTrue()
                log.shouldBeEmpty()
            }

            test("no handler starts if onRequest returns after its client has gone ($kind)") {
                val stage = CompletableFuture<Unit>()
                var isStarted = false
                val rig = ServerRig {
                    onRequest {
                        withContext(NonCancellable) { stage.await() }
                        null
                    }
                    onConnect { isStarted = true }
                }
                rig.receive(request)
                rig.vanish()
                stage.complete(Unit)
                rig.loop.run()
                isStarted.shouldBeFalse()
            }
        }

        test("the stage of onRequestAsync is cancelled when its client goes away") {
            val asked = CompletableFuture<Unit>()
            val stage = CompletableFuture<HttpResponse>()
            val server = AsyncWebSocketServer.Builder().onRequestAsync {
                asked.complete(Unit)
                stage
            }.build()
            server.start().await()
            val cancelled = CompletableFuture<Unit>()
            stage.whenComplete { _, _ -> if (stage.isCancelled) cancelled.complete(Unit) }
            RawPeer(server.port()).use {
                it.send(PLAIN)
                asked.await()
                it.socket.setSoLinger(true, 0)
            }
            cancelled.get(10, TimeUnit.SECONDS)
            server.stop().await()
        }

        // Opening the connection.

        val accepts: Map<String, suspend ServerWebSocket.() -> Unit> = mapOf(
            "accept" to { accept() },
            "accept of a subprotocol" to { accept(null) },
            "the first send" to { send("text") },
        )
        for ((name, accept) in accepts) {
            test("$name opens nothing if it is cancelled before the loop runs it") {
                lateinit var webSocket: ServerWebSocket
                val decision = CompletableDeferred<Unit>()
                val rig = ServerRig {
                    onConnect {
                        webSocket = this
                        decision.await()
                        deny(503, "too late")
                    }
                }
                rig.receive(ServerRig.REQUEST)
                rig.loop.elsewhere {
                    CoroutineScope(Dispatchers.Unconfined)
                        .launch(start = CoroutineStart.UNDISPATCHED) { accept(webSocket) }
                        .cancel()
                }
                rig.loop.run()
                rig.answer.toString().shouldBeEmpty()
                decision.complete(Unit)
                rig.loop.run()
                rig.answer.toString() shouldStartWith "HTTP/1.1 503 too late"
            }

            test("$name opens nothing if its coroutine is cancelled already") {
                var isDone = false
                val rig = ServerRig {
                    onConnect {
                        val webSocket = this
                        coroutineScope {
                            launch {
                                coroutineContext.cancel()
                                shouldThrow<CancellationException> { accept(webSocket) }
                                isDone = true
                            }
                        }
                        deny(503, "too late")
                    }
                }
                rig.receive(ServerRig.REQUEST)
                isDone shouldBe true
                rig.answer.toString() shouldStartWith "HTTP/1.1 503 too late"
            }
        }

        // Answering in plain HTTP.

        test("a client may take its page slowly") {
            val rig = slowPageRig()
            repeat(10) {
                rig.loop.advanceBy(9.seconds)
                rig.ended shouldBe false
                rig.takeOnce()
            }
            rig.takeOnce()
            rig.answer.toString().substringAfter("\r\n\r\n").length shouldBe PAGE
        }

        test("a client that takes nothing for ten seconds loses the rest of its page") {
            val rig = slowPageRig()
            rig.loop.advanceBy(10.seconds - TICK)
            rig.ended shouldBe false
            rig.loop.advanceBy(TICK)
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("a client that has its page has dropTimeout to end the transport") {
            val rig = slowPageRig(dropTimeout = 3.seconds)
            repeat(11) { rig.takeOnce() }
            rig.loop.advanceBy(3.seconds - TICK)
            rig.ended shouldBe false
            rig.loop.advanceBy(TICK)
            rig.ended shouldBe true
            rig.loop.pendingTimers shouldBe 0
        }

        test("a client that was refused has ten seconds where dropTimeout is zero") {
            val rig = ServerRig { dropTimeout = Duration.ZERO }
            rig.receive("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            rig.loop.advanceBy(10.seconds)
            rig.ended shouldBe true
        }
    })

private const val PAGE = 10_000

private fun slowPageRig(dropTimeout: Duration = 1.seconds) = ServerRig(capacity = 1000) {
    this.dropTimeout = dropTimeout
    onRequest { HttpResponse(200, body = ByteArray(PAGE) { 'x'.code.toByte() }) }
}.also {
    it.stopReading()
    it.receive("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
}
