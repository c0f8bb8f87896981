package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.capturedLog
import dev.kobahn.count
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.job
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withContext

class RunningHandlersTest :
    FunSpec({
        /** Opens a connection and ends its transport, so that its handler lingers. */
        fun ServerRig.leave() = another().apply {
            receive(ServerRig.REQUEST)
            answer.toString() shouldStartWith "HTTP/1.1 101 "
            vanish()
        }

        fun ServerRig.statusOfNext(request: String = ServerRig.REQUEST): String {
            val next = another()
            next.receive(request)
            return next.answer.toString().substringAfter(' ').substringBefore(' ')
        }

        fun rig(most: Int, go: suspend () -> Unit = { awaitCancellation() }) = ServerRig {
            maxLingeringHandlers = most
            onRequest { null }
            onConnect {
                accept()
                go()
            }
        }

        test("handlers are counted as long as they run, even after their connections") {
            val goOn = CompletableDeferred<Unit>()
            webSocketServer {
                onConnect {
                    if (request.path == "/open") accept()
                    goOn.await()
                }
            }.use { server ->
                server.handlerCount shouldBe 0
                repeat(3) { RawPeer(server.port).use { it.handshake("/open") } }
                RawPeer(server.port).use {
                    it.send(ServerRig.REQUEST)
                    eventually(10.seconds) { server.handlerCount shouldBe 4 }
                }
                eventually(10.seconds) { server.connectionCount shouldBe 0 }
                server.handlerCount shouldBe 4
                goOn.complete(Unit)
                eventually(10.seconds) { server.handlerCount shouldBe 0 }
            }
        }

        test("a handler that ends with its connection does not linger") {
            val rig = ServerRig {
                maxLingeringHandlers = 1
                onConnect {
                    accept()
                    for (message in incoming) send(message)
                }
            }
            repeat(10) {
                rig.leave()
                rig.context.handlers.count shouldBe 0
            }
            rig.statusOfNext() shouldBe "101"
        }

        test(
            "one lingering handler too many cancels the oldest, which is logged once",
        ) {
            val log = capturedLog {
                val rig = rig(most = 2)
                repeat(3) {
                    rig.leave()
                    rig.loop.advanceBy(5.seconds)
                }
                rig.context.handlers.count shouldBe 2
                rig.statusOfNext() shouldBe "101"
                rig.context.handlers.count shouldBe 3
                repeat(5) {
                    rig.loop.advanceBy(5.seconds)
                    rig.leave()
                    // The handler of the open connection counts too.
                    rig.context.handlers.count shouldBe 3
                }
            }
            log.count("WARN") shouldBe 1
            log shouldContain "More than 2 handlers go on after their connections have ended"
            log shouldContain "whileOpen { }"
        }

        test("new requests get 503 while no lingering handler is old enough to be cancelled") {
            val log = capturedLog {
                val rig = rig(most = 2)
                repeat(3) { rig.leave() }
                rig.statusOfNext() shouldBe "503"
                rig.statusOfNext("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") shouldBe "503"
                rig.context.handlers.count shouldBe 3
                rig.loop.advanceBy(10.seconds - 1.milliseconds)
                rig.statusOfNext() shouldBe "503"
                rig.loop.advanceBy(1.milliseconds)
                rig.statusOfNext() shouldBe "101"
                rig.context.handlers.count shouldBe 3
            }
            log.count("WARN") shouldBe 1
            log shouldContain "new requests get 503"
        }

        test("handlers that go on after their cancellation are bounded too") {
            val goOn = CompletableDeferred<Unit>()
            capturedLog {
                val rig = rig(most = 2) { withContext(NonCancellable) { goOn.await() } }
                repeat(5) {
                    rig.leave()
                    rig.loop.advanceBy(10.seconds)
                }
                rig.statusOfNext() shouldBe "503"
                rig.context.handlers.count shouldBe 5
                goOn.complete(Unit)
                rig.loop.run()
                rig.context.handlers.count shouldBe 0
                rig.statusOfNext() shouldBe "101"
            }
        }

        test("messages that wait for a handler count in the budget until the handler has ended") {
            val goOn = CompletableDeferred<Unit>()
            val rig = ServerRig {
                memoryBudget = 10_000_000
                onConnect {
                    accept()
                    goOn.await()
                }
            }
            val budget = rig.context.budget.shouldNotBeNull()
            rig.receive(ServerRig.REQUEST)
            rig.receive(RawPeer.masked(0x82, ByteArray(100_000)))
            rig.vanish()
            budget.used shouldBeGreaterThanOrEqualTo 100_000
            goOn.complete(Unit)
            rig.loop.run()
            budget.used shouldBe 0
        }

        test("whileOpen ends a handler with its connection") {
            val log = capturedLog {
                webSocketServer {
                    onConnect { whileOpen { awaitCancellation() } }
                }.use { server ->
                    repeat(50) {
                        RawPeer(server.port).use { peer ->
                            peer.handshake() shouldStartWith "HTTP/1.1 101 "
                            peer.send(RawPeer.CLOSE).readFrame() shouldBe "close 1000"
                        }
                        RawPeer(server.port).use { peer ->
                            peer.handshake()
                            peer.socket.setSoLinger(true, 0)
                        }
                    }
                    eventually(10.seconds) { server.handlerCount shouldBe 0 }
                }
            }
            log.shouldBeEmpty()
        }

        test("a handler that had not decided when its client went away lingers too") {
            val ends = ArrayList<Throwable>()
            val log = capturedLog {
                val rig = ServerRig {
                    maxLingeringHandlers = 1
                    onConnect {
                        try {
                            awaitCancellation()
                        } catch (cancellation: Throwable) {
                            ends.add(cancellation)
                            throw cancellation
                        }
                    }
                }
                fun leave() = rig.another().apply { receive(ServerRig.REQUEST) }.vanish()
                leave()
                rig.loop.advanceBy(10.seconds)
                ends.size shouldBe 0
                leave()
                ends.size shouldBe 1
                rig.context.handlers.count shouldBe 1
            }
            log.count("ERROR") shouldBe 0
        }

        test("a handler that its dispatcher rejects is not counted, and its connection ends") {
            val broken = object : CoroutineDispatcher() {
                override fun dispatch(context: CoroutineContext, block: Runnable) =
                    error("no thread")
            }
            for (request in listOf(
                ServerRig.REQUEST,
                "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            )) {
                val rig = ServerRig {
                    handlerDispatcher = broken
                    onConnect {}
                }
                // A socket's transport closes when its listener throws.
                runCatching { rig.receive(request) }
                rig.vanish()
                rig.ended shouldBe true
                rig.context.handlers.count shouldBe 0
                rig.context.scope.coroutineContext.job.children.count() shouldBe 0
            }
            // Consumes the dispatcher's failures, which would fail the next test in virtual time.
            runCatching { runTest { } }
        }

        test("a limit of 0 cancels and refuses nothing") {
            val log = capturedLog {
                val rig = rig(most = 0)
                repeat(100) {
                    rig.leave()
                    rig.loop.advanceBy(10.seconds)
                }
                rig.context.handlers.count shouldBe 100
                rig.statusOfNext() shouldBe "101"
            }
            log.shouldBeEmpty()
        }
    })
