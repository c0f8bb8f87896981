package dev.kobahn

import dev.kobahn.WebSocketState.CLOSED
import dev.kobahn.WebSocketState.CLOSING
import dev.kobahn.WebSocketState.CONNECTING
import dev.kobahn.WebSocketState.OPEN
import dev.kobahn.internal.connection.ConnectionRig
import dev.kobahn.protocol.bothRoles
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

class WebSocketStateTest :
    FunSpec({
        bothRoles(
            "a connection is open, closes from the first Close on, and is closed at the end",
        ) {
            val rig = ConnectionRig(role)
            rig.connection.state shouldBe OPEN
            rig.begin { close(1000, "") }
            rig.connection.state shouldBe CLOSING
            rig.receive(rig.peer.close(1000))
            rig.peer.end()
            rig.loop.run()
            rig.connection.state shouldBe CLOSED
            val dropped = ConnectionRig(role)
            dropped.connection.drop()
            dropped.loop.run()
            dropped.connection.state shouldBe CLOSED
        }

        bothRoles("a connection whose peer broke a rule is closing") {
            val rig = ConnectionRig(role)
            rig.receive(rig.peer.frame(0x83, ByteArray(1)))
            rig.connection.state shouldBe CLOSING
        }

        test(
            "a server's connection is connecting until it is accepted, and then open for all who wait",
        ) {
            val states = CompletableDeferred<List<WebSocketState>>()
            webSocketServer {
                onConnect {
                    val before = state
                    coroutineScope {
                        val waiter = async(start = CoroutineStart.UNDISPATCHED) {
                            awaitOpen()
                            state
                        }
                        waiter.isCompleted shouldBe false
                        accept()
                        awaitOpen()
                        states.complete(listOf(before, waiter.await()))
                    }
                }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake() shouldStartWith "HTTP/1.1 101 "
                    states.await() shouldBe listOf(CONNECTING, OPEN)
                    it.readFrame() shouldBe "close 1000"
                }
            }
        }

        test("whoever waits for a connection that is refused learns the status") {
            opening("HTTP/1.1 403 ") { deny(403) }.status shouldBe 403
            opening("HTTP/1.1 500 ") { error("no") }.status shouldBe 500
        }

        test("whoever waits for a connection whose client goes away learns that") {
            val failure = CompletableDeferred<HandshakeException>()
            val closed = CompletableDeferred<WebSocketState>()
            webSocketServer {
                onConnect {
                    failure.complete(shouldThrow<HandshakeException> { awaitOpen() })
                    closed.complete(state)
                }
            }.use { server ->
                RawPeer(server.port).use { it.send(REQUEST).end() }
                failure.await().status shouldBe null
                closed.await() shouldBe CLOSED
            }
        }

        test("a handler that waits for the opening it does not bring about is refused in time") {
            val failure = CompletableDeferred<HandshakeException>()
            webSocketServer {
                openHandshakeTimeout = 100.milliseconds
                onConnect { failure.complete(shouldThrow<HandshakeException> { awaitOpen() }) }
            }.use { server ->
                RawPeer(server.port).use { it.handshake() shouldStartWith "HTTP/1.1 503 " }
                failure.await().status shouldBe 503
            }
        }
    })

private const val REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/** What a coroutine beside the handler gets that waits for the opening. */
private suspend fun opening(
    answer: String,
    decide: suspend ServerWebSocket.() -> Unit,
): HandshakeException = coroutineScope {
    val connection = CompletableDeferred<ServerWebSocket>()
    val decided = CompletableDeferred<Unit>()
    val server = webSocketServer {
        onConnect {
            connection.complete(this)
            decided.await()
            decide()
        }
    }
    server.use {
        RawPeer(server.port).use { peer ->
            peer.send(REQUEST)
            val waiter = CompletableDeferred<HandshakeException>()
            launch { waiter.complete(shouldThrow { connection.await().awaitOpen() }) }
            connection.await()
            decided.complete(Unit)
            peer.readHead() shouldStartWith answer
            waiter.await()
        }
    }
}
