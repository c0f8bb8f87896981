package dev.kobahn.internal.client

import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.reconnect.NotConnectedException
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.Unsent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull

/** Connections that are made anew as one, in virtual time. */
@OptIn(ExperimentalCoroutinesApi::class)
class RealReconnectingWebSocketTest :
    FunSpec({
        // The state, and messages that nobody has received.

        test("the state tells at once that a connection is lost, and its messages come first") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.receive("a", "b", "c")
                rig.lose()
                rig.state.shouldBeInstanceOf<ReconnectState.Waiting>()
                rig.pass(1.seconds)
                rig.state.shouldBeInstanceOf<ReconnectState.Open>()
                rig.receive("d")
                rig.webSocket.receive(4) shouldContainExactly listOf("a", "b", "c", "d")
            }
        }

        test("each state is told once, in order") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.lose()
                rig.pass(1.seconds)
                rig.serverCloses(1000)
                rig.states.map { it::class.simpleName } shouldContainExactly
                    listOf("Connecting", "Open", "Waiting", "Connecting", "Open", "Ended")
            }
        }

        test("messages that have come before the end on purpose are received after it") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.receive("a", "b")
                rig.serverCloses(1000)
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
                rig.webSocket.job.isCompleted.shouldBeTrue()
                rig.webSocket.incoming.toList().map { it.text } shouldContainExactly
                    listOf("a", "b")
                shouldThrow<ClosedReceiveChannelException> { rig.webSocket.incoming.receive() }
            }
        }

        test("messages that have come before a failure for good are received before it") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.receive("a", "b")
                rig.serverCloses(1008)
                rig.webSocket.receive(2) shouldContainExactly listOf("a", "b")
                shouldThrow<ConnectionClosedException> { rig.webSocket.incoming.receive() }
                    .status.code shouldBe 1008
            }
        }

        // Closing.

        test("close ends at once while the client waits, however long") {
            runTest {
                val rig = ReconnectingRig(this, dial = {
                    throw HandshakeException("", 503, headersOf("Retry-After" to "300"))
                })
                rig.pass(2.minutes)
                rig.webSocket.close()
                currentTime shouldBe 2.minutes.inWholeMilliseconds
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        test("close ends at once between the end of a connection and the wait") {
            runTest {
                lateinit var rig: ReconnectingRig
                var closing: Job? = null
                rig = ReconnectingRig(this, configure = {
                    retryIf {
                        closing = launch(start = CoroutineStart.UNDISPATCHED) {
                            rig.webSocket.send("lost")
                            rig.webSocket.close()
                        }
                        true
                    }
                })
                rig.lose()
                closing!!.isCompleted.shouldBeTrue()
                currentTime shouldBe 0
                rig.attempts shouldBe 1
            }
        }

        test("close ends when the connection is lost with messages that wait") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.receive("a", "b")
                rig.connections.last().stopReading()
                rig.webSocket.send("x".repeat(TOO_MUCH))
                rig.settle()
                val closing = launch { rig.webSocket.close() }
                rig.settle()
                closing.isCompleted.shouldBeFalse()
                rig.lose()
                closing.isCompleted.shouldBeTrue()
                rig.pass(1.hours)
                rig.attempts shouldBe 1
                rig.webSocket.incoming.toList().shouldBeEmpty()
            }
        }

        test("close ends the attempt to connect") {
            runTest {
                val rig = ReconnectingRig(this, dial = { awaitCancellation() })
                rig.webSocket.close()
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        test("a call of close that is cancelled gives the messages up, and ends all the same") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.connections.last().stopReading()
                rig.webSocket.send("x".repeat(TOO_MUCH))
                rig.settle()
                val closing = async { withTimeoutOrNull(5.seconds) { rig.webSocket.close() } }
                rig.settle()
                rig.pass(5.seconds)
                closing.await().shouldBeNull()
                rig.connections.last().waitLong()
                rig.settle()
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        test("a message that is sent while the client closes fails at the end") {
            runTest {
                val rig = ReconnectingRig(this)
                val closing = launch { rig.webSocket.close() }
                rig.settle()
                val sending = async { runCatching { rig.webSocket.send("late") } }
                rig.settle()
                rig.serverCloses(1000)
                closing.isCompleted.shouldBeTrue()
                sending.await().exceptionOrNull().shouldBeInstanceOf<NotConnectedException>()
                rig.connections.last().frames shouldContainExactly listOf("close 1000")
            }
        }

        test("two calls of close end together") {
            runTest {
                val rig = ReconnectingRig(this)
                val closings = List(2) { launch { rig.webSocket.close() } }
                rig.settle()
                rig.serverCloses(1000)
                closings.forEach { it.isCompleted.shouldBeTrue() }
            }
        }

        test("an own close of a connection is the end, though the server goes away too") {
            runTest {
                val rig = ReconnectingRig(this)
                val open = rig.state.shouldBeInstanceOf<ReconnectState.Open>()
                launch { open.webSocket.close(3000) }
                rig.settle()
                rig.serverCloses(1001)
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        test("an own close that the server never answers is the end") {
            runTest {
                val rig = ReconnectingRig(this)
                val open = rig.state.shouldBeInstanceOf<ReconnectState.Open>()
                launch { open.webSocket.close(3000) }
                rig.settle()
                rig.connections.last().waitLong()
                rig.settle()
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        test("dropping a connection makes the next one") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.state.shouldBeInstanceOf<ReconnectState.Open>().webSocket.drop()
                rig.settle()
                rig.pass(1.seconds)
                rig.attempts shouldBe 2
            }
        }

        // The end of the scope.

        test("the end of the scope ends an attempt to connect") {
            runTest {
                val scope = childScope()
                val rig = ReconnectingRig(this, scope, dial = { awaitCancellation() })
                scope.cancel()
                rig.shouldHaveEndedWithItsScope()
            }
        }

        test("the end of the scope ends a wait, and the wait for a receiver") {
            runTest {
                val scope = childScope()
                val rig = ReconnectingRig(this, scope, maxIncomingQueueSize = 64)
                rig.receive("a", "b")
                rig.lose()
                rig.pass(1.hours)
                scope.cancel()
                rig.shouldHaveEndedWithItsScope()
            }
        }

        test("the end of the scope ends the hook, and closes its connection with 1001") {
            runTest {
                val scope = childScope()
                val rig = ReconnectingRig(this, scope, onOpen = { awaitCancellation() })
                scope.cancel()
                rig.settle()
                rig.connections.last().frames shouldContainExactly listOf("close 1001")
                rig.serverCloses(1001)
                rig.shouldHaveEndedWithItsScope()
            }
        }

        test("the end of the scope closes an open connection with 1001, and drops what waits") {
            runTest {
                val scope = childScope()
                val rig = ReconnectingRig(this, scope)
                rig.receive("a", "b")
                scope.cancel()
                rig.settle()
                rig.connections.last().frames shouldContainExactly listOf("close 1001")
                rig.serverCloses(1001)
                rig.shouldHaveEndedWithItsScope()
            }
        }

        test("the end of the scope while the client closes sends no second Close") {
            runTest {
                val scope = childScope()
                val rig = ReconnectingRig(this, scope)
                val closing = launch { rig.webSocket.close(3000) }
                rig.settle()
                scope.cancel()
                rig.settle()
                rig.serverCloses(3000)
                closing.isCompleted.shouldBeTrue()
                rig.connections.last().frames shouldContainExactly listOf("close 3000")
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        // The hook.

        test("a hook that fails with an I/O error is run again on the next connection") {
            runTest {
                var runs = 0
                val rig = ReconnectingRig(this) { if (++runs == 1) throw IOException("no") }
                rig.state.shouldBeInstanceOf<ReconnectState.Connecting>()
                rig.connections.last().frames shouldContainExactly listOf("close 1011")
                rig.serverCloses(1011)
                rig.state.shouldBeInstanceOf<ReconnectState.Waiting>().cause.message shouldBe "no"
                rig.pass(1.seconds)
                rig.state.shouldBeInstanceOf<ReconnectState.Open>()
            }
        }

        test("a hook that fails otherwise is the end, a timeout and a cancellation too") {
            val failures = mapOf<Class<out Throwable>, suspend () -> Unit>(
                IllegalStateException::class.java to { error("no") },
                CancellationException::class.java to { throw CancellationException("no") },
                TimeoutCancellationException::class.java to {
                    withTimeout(1.seconds) { awaitCancellation() }
                },
            )
            for ((type, hook) in failures) {
                runTest {
                    val rig = ReconnectingRig(this) { hook() }
                    rig.pass(1.seconds)
                    rig.serverCloses(1011)
                    val cause = rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause
                    type.isInstance(cause).shouldBeTrue()
                    shouldThrow<Exception> { rig.webSocket.incoming.receive() }
                }
            }
        }

        test("a hook that has used incomingStreams is the end, with an exception that says so") {
            runTest {
                val rig = ReconnectingRig(this) { incomingStreams.tryReceive() }
                rig.connections.last().frames shouldContainExactly listOf("close 1011")
                rig.serverCloses(1011)
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>()
                    .cause!!.message!! shouldContain "incomingStreams"
            }
        }

        test("a server that closes on purpose while the hook runs is the end without a cause") {
            runTest {
                val rig = ReconnectingRig(this) { incoming.receive() }
                rig.serverCloses(1000)
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        test("a connection that is lost while the hook runs is made anew") {
            runTest {
                val rig = ReconnectingRig(this) { incoming.receive() }
                rig.lose()
                rig.state.shouldBeInstanceOf<ReconnectState.Waiting>()
            }
        }

        test("messages that came while the hook ran are received, though the connection is lost") {
            runTest {
                val rig = ReconnectingRig(this) { delay(5.seconds) }
                rig.receive("a", "b")
                rig.lose()
                rig.pass(5.seconds)
                rig.state.shouldBeInstanceOf<ReconnectState.Waiting>()
                rig.pass(6.seconds)
                rig.state.shouldBeInstanceOf<ReconnectState.Open>()
                rig.receive("c")
                rig.webSocket.receive(3) shouldContainExactly listOf("a", "b", "c")
            }
        }

        test("a hook may close all") {
            runTest {
                lateinit var rig: ReconnectingRig
                rig = ReconnectingRig(this) {
                    delay(1.seconds)
                    rig.webSocket.close()
                }
                rig.pass(1.seconds)
                rig.serverCloses(1001)
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>().cause.shouldBeNull()
            }
        }

        // Messages that wait.

        test("waiting messages go out after the hook, in order, and only once") {
            runTest {
                val isReady = CompletableDeferred<Unit>()
                val rig = ReconnectingRig(this) {
                    send("hello")
                    isReady.await()
                }
                rig.webSocket.send("a")
                rig.settle()
                rig.connections.last().frames shouldContainExactly listOf("text hello")
                isReady.complete(Unit)
                rig.webSocket.send("b")
                rig.settle()
                rig.connections.last().frames shouldContainExactly
                    listOf("text hello", "text a", "text b")
                rig.lose()
                rig.webSocket.send("c")
                rig.pass(1.seconds)
                rig.connections.last().frames shouldContainExactly listOf("text hello", "text c")
            }
        }

        test("a message that the server has not taken is sent again on the next connection") {
            runTest {
                val rig = ReconnectingRig(this, configure = { maxUnsentSize = 1 })
                rig.connections.last().stopReading()
                rig.webSocket.send("x".repeat(TOO_MUCH))
                val second = launch { rig.webSocket.send("b") }
                rig.settle()
                second.isCompleted.shouldBeFalse()
                rig.lose()
                rig.pass(1.seconds)
                second.isCompleted.shouldBeTrue()
                rig.connections.last().frames.map { it.take(6) } shouldContainExactly
                    listOf("text x", "text b")
            }
        }

        test("messages that wait are given up with the last attempt, and so are their senders") {
            runTest {
                val rig = ReconnectingRig(
                    this,
                    dial = { throw IOException("attempt $it") },
                    configure = {
                        maxAttempts = 3
                        maxUnsentSize = 1
                    },
                )
                rig.webSocket.send("a")
                val sending = async { runCatching { rig.webSocket.send("b") } }
                rig.pass(2.seconds)
                val failure = sending.await().exceptionOrNull()
                failure.shouldBeInstanceOf<NotConnectedException>()
                failure.state.shouldBeInstanceOf<ReconnectState.Ended>()
                failure.cause!!.message shouldBe "attempt 3"
                shouldThrow<IOException> { rig.webSocket.incoming.receive() }.message shouldBe
                    "attempt 3"
            }
        }

        test("a message that is not to wait fails in each state without a connection") {
            runTest {
                val rig = ReconnectingRig(
                    this,
                    dial = { if (it == 2) awaitCancellation() },
                    configure = { unsent = Unsent.FAIL },
                )
                rig.webSocket.send("a")
                rig.lose()
                shouldThrow<NotConnectedException> { rig.webSocket.send("b") }
                    .state.shouldBeInstanceOf<ReconnectState.Waiting>()
                rig.pass(1.seconds)
                shouldThrow<NotConnectedException> { rig.webSocket.send("b") }
                    .state.shouldBeInstanceOf<ReconnectState.Connecting>()
                rig.webSocket.close()
                shouldThrow<NotConnectedException> { rig.webSocket.send("b") }
                    .state.shouldBeInstanceOf<ReconnectState.Ended>()
            }
        }

        test("a judge of failures that fails is the end, with its exception") {
            runTest {
                val rig = ReconnectingRig(this, configure = { retryIf { error("judge") } })
                rig.lose()
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>()
                    .cause!!.message shouldBe "judge"
            }
        }

        test("connections that do not last count as attempts") {
            runTest {
                val rig = ReconnectingRig(this, configure = { maxAttempts = 2 })
                rig.pass(11.seconds)
                rig.lose()
                rig.pass(1.seconds)
                rig.pass(9.seconds)
                rig.lose()
                rig.attempts shouldBe 2
                rig.state.shouldBeInstanceOf<ReconnectState.Ended>()
                    .cause.shouldBeInstanceOf<ConnectionClosedException>().status.code shouldBe 1006
            }
        }
    })

/** More than a connection in memory takes while the server does not read. */
private const val TOO_MUCH = 200_000

private fun TestScope.childScope() = CoroutineScope(coroutineContext + Job(coroutineContext[Job]))

private suspend fun ReconnectingRig.shouldHaveEndedWithItsScope() {
    settle()
    state.shouldBeInstanceOf<ReconnectState.Ended>()
        .cause.shouldBeInstanceOf<CancellationException>()
    webSocket.job.isCompleted.shouldBeTrue()
    shouldThrow<NotConnectedException> { webSocket.incoming.receive() }
    shouldThrow<NotConnectedException> { webSocket.send("late") }
}
