package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.capturedLog
import dev.kobahn.count
import dev.kobahn.java.AsyncWebSocketServer
import dev.kobahn.protocol.handshake.HttpResponse
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

private const val PLAIN = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

/** What becomes of a request that `onRequest` is asked about. */
class PlainAnswerTest :
    FunSpec({
        fun rig(onRequest: suspend () -> HttpResponse?) = ServerRig {
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
                        rig = rig(fail)
                        rig.receive(request)
                        rig.loop.advanceBy(50.milliseconds)
                    }
                    rig.answer.toString() shouldStartWith "HTTP/1.1 500 "
                    log.count("ERROR") shouldBe 1
                    log shouldContain "onRequest failed for"
                }
            }

            test("an onRequest that nobody waits for any more is cancelled after 503 ($kind)") {
                var isCancelled = false
                lateinit var rig: ServerRig
                val log = capturedLog {
                    rig = rig {
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

            test("an onRequest is cancelled when its client goes away ($kind)") {
                val stage = CompletableFuture<HttpResponse>()
                lateinit var rig: ServerRig
                val log = capturedLog {
                    rig = rig { stage.await() }
                    rig.receive(request)
                    rig.vanish()
                }
                stage.isCancelled.shouldBeTrue()
                rig.ended.shouldBeTrue()
                log.shouldBeEmpty()
            }

            test("an onRequest that goes on after its client has gone starts no handler ($kind)") {
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
    })
