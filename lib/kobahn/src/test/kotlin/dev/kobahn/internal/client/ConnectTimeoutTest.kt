package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.RawServer
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocketGroup
import dev.kobahn.internal.transport.fullServer
import dev.kobahn.open
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withContext

/** The time limits of connecting are real time, even if the caller's time is virtual. */
@OptIn(ExperimentalCoroutinesApi::class)
class ConnectTimeoutTest :
    FunSpec({
        test("a caller in virtual time connects, receives, and closes") {
            runTest {
                webSocketServer { onConnect { for (message in incoming) send(message) } }.use {
                    val client = webSocketClient()
                    client.connect("ws://localhost:${it.port}") {
                        send("hello")
                        incoming.receive() shouldBe Message.Text("hello")
                    }
                    val webSocket = client.connect("ws://localhost:${it.port}")
                    webSocket.close().wasClean shouldBe true
                }
                currentTime shouldBe 0
            }
        }

        test(
            "a server that never answers fails connect in real time, for a caller in virtual time",
        ) {
            RawServer().use { server ->
                val limit = 100.milliseconds
                val begin = TimeSource.Monotonic.markNow()
                runTest {
                    val client = webSocketClient { openHandshakeTimeout = limit }
                    shouldThrow<HandshakeException> { client.connect(server.url) {} }
                    currentTime shouldBe 0
                }
                begin.elapsedNow().inWholeMilliseconds shouldBeGreaterThanOrEqual
                    limit.inWholeMilliseconds
            }
        }

        test("the exception of a timeout names the step: connecting, onConnecting or the answer") {
            val limit = 500.milliseconds
            fun client(asking: suspend () -> Unit = {}) = webSocketClient {
                openHandshakeTimeout = limit
                onConnecting {
                    asking()
                    null
                }
            }
            RawServer().use { server ->
                val place = server.url.removePrefix("ws://").removeSuffix("/")
                shouldThrow<HandshakeException> { client().connect(server.url) }
                    .message shouldBe "$place: no answer to the opening handshake within $limit"
                shouldThrow<HandshakeException> {
                    client { awaitCancellation() }.connect(server.url)
                }.message shouldBe "$place: onConnecting did not return within $limit"
            }
            fullServer { port ->
                shouldThrow<HandshakeException> { client().connect("ws://127.0.0.1:$port/") }
                    .message shouldBe
                    "127.0.0.1:$port: no TCP connection within $limit; a firewall may drop the " +
                    "packets, or the host is down: tried 127.0.0.1:$port"
            }
        }

        test("members of a group have real time to close, for a caller in virtual time") {
            RawServer().use { server ->
                runTest {
                    val group = WebSocketGroup(SlowConsumer.Suspend)
                    val client = webSocketClient { closeHandshakeTimeout = 1.hours }
                    val opening = async(Dispatchers.IO) { server.accept().open() }
                    val webSocket = client.connect(server.url)
                    opening.await().use { peer ->
                        group.add(webSocket)
                        val closing = launch { group.closeAll(1001, "bye", 1.hours) }
                        withContext(Dispatchers.IO) {
                            peer.readFrame() shouldBe "close 1001"
                            peer.sendHex("88 02 03E9")
                        }
                        closing.join()
                        webSocket.closeStatus?.wasClean shouldBe true
                        currentTime shouldBe 0
                    }
                }
            }
        }
    })
