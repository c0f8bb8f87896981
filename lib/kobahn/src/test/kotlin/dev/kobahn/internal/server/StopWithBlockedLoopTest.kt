package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.internal.transport.EventLoopGroup
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** Servers that stop while a handler blocks its thread, or a loop is late. */
class StopWithBlockedLoopTest :
    FunSpec({
        for (dispatcher in listOf(null, Dispatchers.IO)) {
            test(
                "stop returns at its deadline if a handler blocks (on ${dispatcher ?: "the loop"})",
            ) {
                val blocker = Blocker()
                val server = started {
                    handlerDispatcher = dispatcher
                    onConnect {
                        accept()
                        incoming.receive()
                        blocker.run()
                    }
                }
                try {
                    server.open().use { peer ->
                        peer.send(RawPeer.text("block"))
                        blocker.awaitBegin()
                        val time = measureTime {
                            withTimeout(PATIENCE) { server.stop(deadline = DEADLINE) }
                        }
                        time shouldBeGreaterThanOrEqualTo DEADLINE
                        time shouldBeLessThan 2.seconds
                        server.job.isCompleted.shouldBeFalse()
                    }
                } finally {
                    blocker.release()
                }
                server.awaitEnd()
                server.connectionCount shouldBe 0
            }
        }

        for (number in 0 until 2) {
            test(
                "stop closes the connections of other loops if one loop is blocked (by connection $number)",
            ) {
                val blocker = Blocker()
                val server = startedOn(EventLoopGroup("stopping-loop", 2)) {
                    onConnect {
                        send(Thread.currentThread().name)
                        incoming.receive()
                        blocker.run()
                    }
                }
                FourOnTwoLoops.connected(server, blocker) { four ->
                    val others = four.block(number)
                    val stopping = async { server.stop(deadline = LONG) }
                    yield()
                    for (peer in others) peer.readFrame() shouldBe "close 1001"
                    four.release()
                    withTimeout(PATIENCE) { stopping.await() }
                }
            }

            test(
                "cancelling the job ends the connections of all loops if one is blocked (by $number)",
            ) {
                val blocker = Blocker()
                val server = startedOn(EventLoopGroup("cancelled-loop", 2)) {
                    closeHandshakeTimeout = DEADLINE
                    dropTimeout = DEADLINE
                    onConnect {
                        withContext(NonCancellable) {
                            send(Thread.currentThread().name)
                            incoming.receive()
                            blocker.run()
                        }
                    }
                }
                FourOnTwoLoops.connected(server, blocker) { four ->
                    val others = four.block(number)
                    server.job.cancel()
                    for (peer in others) peer.readFrame() shouldBe "end"
                }
                server.awaitEnd()
            }
        }

        test("a connection whose loop takes it over after the server has ended is closed at once") {
            LateConnection.of("late-loop", { onConnect {} }, { RawPeer(it.port) }) { late ->
                late.closeOthers()
                withTimeout(PATIENCE) { late.server.stop(deadline = LONG) }
                late.server.job.isCompleted.shouldBeTrue()
                late.takeOver() shouldBe ""
                late.server.connectionCount shouldBe 0
            }
        }

        test("a connection whose loop takes it over while the server stops gets 503") {
            LateConnection.of(
                "stopping-late-loop",
                { onConnect { accept().also { awaitClosed() } } },
                { it.open() },
            ) { late ->
                val stopping = async(Dispatchers.Default) { late.server.stop(deadline = LONG) }
                late.first.readFrame() shouldBe "close 1001"
                late.takeOver() shouldStartWith "HTTP/1.1 503 "
                late.closeOthers()
                withTimeout(PATIENCE) { stopping.await() }
            }
        }
    })
