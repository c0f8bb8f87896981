package dev.kobahn.internal.client

import dev.kobahn.protocol.CloseCode
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withTimeout

/** The messages of connections one after the other. */
class ReceivedMessagesTest :
    FunSpec({
        test("while too many messages of lost connections wait there is no further connection") {
            runTest {
                val rig = ReconnectingRig(this, maxIncomingQueueSize = 128)
                rig.receive("a", "b", "c", "d")
                rig.lose()
                rig.pass(1.hours)
                rig.state.shouldBeInstanceOf<ReconnectState.Waiting>()
                rig.webSocket.receive(1)
                rig.settle()
                rig.attempts shouldBe 1
                rig.webSocket.receive(1)
                rig.settle()
                rig.attempts shouldBe 2
                rig.webSocket.receive(2) shouldContainExactly listOf("c", "d")
            }
        }

        test("one message is taken from an open connection ahead of the receiver") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.receive("a", "b", "c")
                val open = rig.state.shouldBeInstanceOf<ReconnectState.Open>()
                open.webSocket.incoming.tryReceive().getOrThrow().text shouldBe "b"
                rig.webSocket.receive(2) shouldContainExactly listOf("a", "c")
            }
        }

        test("select and receive can take turns") {
            runTest {
                val rig = ReconnectingRig(this)
                rig.receive("a", "b", "c", "d")
                val texts = async {
                    List(4) { index ->
                        val incoming = rig.webSocket.incoming
                        val message = if (index % 2 == 1) {
                            incoming.receive()
                        } else {
                            select { incoming.onReceive { it } }
                        }
                        message.text
                    }
                }
                rig.settle()
                texts.await() shouldContainExactly listOf("a", "b", "c", "d")
            }
        }

        test("an application that has cancelled incoming holds no later connection back") {
            runTest {
                val rig = ReconnectingRig(this, maxIncomingQueueSize = 64)
                rig.webSocket.incoming.cancel()
                repeat(3) {
                    rig.receive("a", "b", "c", "d")
                    rig.lose()
                    rig.pass(1.seconds)
                }
                rig.attempts shouldBe 4
                shouldThrow<CancellationException> { rig.webSocket.incoming.receive() }
            }
        }

        test("no message is lost or out of order over many connections") {
            val connections = AtomicInteger()
            webSocketServer {
                onConnect {
                    val number = connections.getAndIncrement()
                    repeat(MESSAGES) { send("$number.$it") }
                    val isLast = number == CONNECTIONS - 1
                    close(if (isLast) CloseCode.NORMAL_CLOSURE else CloseCode.SERVICE_RESTART)
                }
            }.use { server ->
                val scope = CoroutineScope(Dispatchers.Default + Job())
                val url = "ws://localhost:${server.port}/"
                val incoming = quickClient().reconnecting(scope, url).incoming
                val received = ArrayList<String>()
                withTimeout(20.seconds) {
                    while (received.size < CONNECTIONS * MESSAGES) {
                        val receiving = launch(Dispatchers.Default) {
                            received.add(incoming.receive().text)
                            if (received.size == CONNECTIONS * MESSAGES) return@launch
                            received.add(select { incoming.onReceive { it.text } })
                        }
                        if (received.size % 3 == 0) receiving.cancel()
                        receiving.join()
                    }
                }
                received shouldContainExactly List(CONNECTIONS) { number ->
                    List(MESSAGES) { "$number.$it" }
                }.flatten()
                incoming.receiveCatching().isClosed shouldBe true
            }
        }
    })

private const val CONNECTIONS = 20
private const val MESSAGES = 50
