package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.RawPeer
import dev.kobahn.protocol.handshake.AcceptKey
import dev.kobahn.webSocketClient
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.test.StandardTestDispatcher
import kotlinx.coroutines.test.TestCoroutineScheduler

/** The time a server has for its answer: that of the caller's clock, which is virtual here. */
@OptIn(ExperimentalCoroutinesApi::class)
class ConnectTimeoutTest :
    FunSpec({
        test("a server that does not answer fails connect at openHandshakeTimeout, not before") {
            withCaller { caller ->
                val connecting = caller.connect()
                caller.request()
                caller.clock.advanceTimeBy(4999)
                caller.clock.runCurrent()
                connecting.isCompleted shouldBe false
                caller.clock.advanceTimeBy(1)
                caller.clock.runCurrent()
                connecting.getCompletionExceptionOrNull().shouldBeInstanceOf<HandshakeException>()
            }
        }

        test("a client whose WebSocket is open has no timer left of its opening handshake") {
            withCaller { caller ->
                val connecting = caller.connect()
                caller.answer(caller.request())
                caller.pumpUntil { caller.opened.isCompleted }
                caller.clock.advanceUntilIdle()
                caller.clock.currentTime shouldBe 0
                connecting.isCompleted shouldBe false
            }
        }
    })

private suspend fun withCaller(test: suspend (Caller) -> Unit) {
    val caller = Caller()
    try {
        test(caller)
    } finally {
        caller.end()
    }
}

/** Who connects to a socket, in virtual time, and the peer behind that socket. */
private class Caller {
    val clock = TestCoroutineScheduler()
    val opened = CompletableDeferred<Unit>()
    private val scope = CoroutineScope(SupervisorJob() + StandardTestDispatcher(clock))
    private val over = CompletableDeferred<Unit>()
    private val listening = ServerSocket(0, 1, InetAddress.getByName("localhost"))
        .apply { soTimeout = RawPeer.PATIENCE_MILLIS }
    private val peers = CoroutineScope(Dispatchers.IO)
    private var peer: RawPeer? = null

    private var connecting: Deferred<Unit>? = null

    fun connect(): Deferred<Unit> = scope.async {
        val client = webSocketClient { openHandshakeTimeout = 5.seconds }
        client.connect("ws://localhost:${listening.localPort}/") {
            opened.complete(Unit)
            over.await()
        }
    }.also { connecting = it }

    /** The head of the request, once it has come. */
    suspend fun request(): String {
        val reading = peers.async {
            RawPeer(listening.accept()).also { peer = it }.readHead()
        }
        pumpUntil { reading.isCompleted }
        return reading.await()
    }

    fun answer(request: String) {
        val key = request.lines().first { it.startsWith("Sec-WebSocket-Key:", ignoreCase = true) }
            .substringAfter(':').trim()
        checkNotNull(peer).send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Accept: ${AcceptKey.of(key)}\r\n\r\n",
        )
    }

    /** Runs what the caller has to run, at no later time, until [done]. */
    suspend fun pumpUntil(done: () -> Boolean) = eventually(10.seconds) {
        clock.runCurrent()
        done() shouldBe true
    }

    /** Ends the connection, and waits for that: what it holds others would miss. */
    suspend fun end() {
        over.complete(Unit)
        peer?.close()
        listening.close()
        pumpUntil { connecting?.isCompleted != false }
    }
}
