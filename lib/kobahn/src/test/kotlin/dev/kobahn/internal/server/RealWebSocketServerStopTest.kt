package dev.kobahn.internal.server

import dev.kobahn.CloseStatus
import dev.kobahn.RawPeer
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withTimeout

/** Returns a free port below those that systems give to clients, because a client would keep a server off it. */
private fun quietPort(): Int = generateSequence { Random.nextInt(20_000, 32_000) }
    .first { runCatching { listenOnce(it) }.isSuccess }

private fun listenOnce(port: Int) =
    ServerSocket(port, 1, InetAddress.getByName("localhost")).close()

class RealWebSocketServerStopTest :
    FunSpec({
        // The deadline.

        test("stop frees the places of connections at its deadline even if their handlers go on") {
            val handler = Stubborn()
            val server = started {
                closeHandshakeTimeout = Duration.ZERO
                onConnect {
                    accept()
                    handler.run()
                }
            }
            server.open().use { peer ->
                handler.awaitBegin()
                withTimeout(PATIENCE) { server.stop(deadline = DEADLINE) }
                peer.readFrame() shouldBe "close 1001"
                peer.readFrame() shouldBe "end"
                eventually(PATIENCE) { server.connectionCount shouldBe 0 }
            }
            server.job.isCompleted.shouldBeFalse()
            handler.release()
            server.awaitEnd()
        }

        test("several stops at once all return, each by its own deadline") {
            val handler = Stubborn()
            val server = started {
                onConnect {
                    accept()
                    handler.run()
                }
            }
            server.open().use {
                handler.awaitBegin()
                withTimeout(PATIENCE) {
                    coroutineScope {
                        List(3) { async { server.stop(deadline = DEADLINE * (it + 1)) } }.awaitAll()
                    }
                    server.stop(deadline = Duration.ZERO)
                }
                handler.release()
            }
            server.awaitEnd()
        }

        test("a stop that a timeout cancels returns at once, and drops the open connections") {
            val handler = Stubborn()
            val server = started {
                closeHandshakeTimeout = Duration.ZERO
                onConnect {
                    accept()
                    handler.run()
                }
            }
            server.open().use { peer ->
                handler.awaitBegin()
                val time = measureTime {
                    shouldThrow<TimeoutCancellationException> {
                        withTimeout(DEADLINE) { server.stop(deadline = LONG) }
                    }
                }
                time shouldBeLessThan 5.seconds
                peer.readFrame() shouldBe "close 1001"
                peer.readFrame() shouldBe "end"
            }
            handler.release()
            server.awaitEnd()
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

        // Start and stop.

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
