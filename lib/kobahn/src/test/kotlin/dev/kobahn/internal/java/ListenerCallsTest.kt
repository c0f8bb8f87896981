package dev.kobahn.internal.java

import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.java.AsyncWebSocket
import dev.kobahn.java.AsyncWebSocketServer
import dev.kobahn.java.WebSocketListener
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

private class Listener : WebSocketListener {
    val events = ConcurrentLinkedQueue<String>()
    val first = CompletableFuture<Unit>()
    val goOn = CompletableFuture<Unit>()
    val closed = CompletableFuture<CloseStatus>()

    override fun onMessage(webSocket: AsyncWebSocket, message: Message) {
        events += "message ${message.size}"
        first.complete(Unit)
        goOn.get(20, TimeUnit.SECONDS)
    }

    override fun onError(webSocket: AsyncWebSocket, failure: Throwable) {
        events += "error ${(failure as ConnectionClosedException).status.wasClean}"
    }

    override fun onClose(webSocket: AsyncWebSocket, status: CloseStatus) {
        events += "close ${status.code}"
        closed.complete(status)
    }
}

class ListenerCallsTest :
    FunSpec({
        test("a listener is told of messages that were given up for want of memory after the end") {
            val (slow, other) = List(2) { Listener() }
            val listeners = ConcurrentLinkedQueue(listOf(slow, other))
            val server = AsyncWebSocketServer.Builder()
                .memoryBudget(1_000_000)
                .maxIncomingQueueSize(10_000_000)
                .onConnect { it.accept(listeners.remove()) }
                .build() as RealAsyncWebSocketServer
            server.start().get(10, TimeUnit.SECONDS)
            try {
                RawPeer(server.port()).use { peer ->
                    peer.handshake()
                    peer.send(RawPeer.masked(0x82, ByteArray(10)))
                    slow.first.get(10, TimeUnit.SECONDS)
                    repeat(2) { peer.send(RawPeer.masked(0x82, ByteArray(350_000))) }
                    peer.send(RawPeer.CLOSE).readFrame() shouldBe "close 1000"
                    peer.readFrame() shouldBe "end"
                    RawPeer(server.port()).use { another ->
                        another.handshake()
                        another.send(RawPeer.masked(0x82, ByteArray(10)))
                        another.send(RawPeer.masked(0x82, ByteArray(500_000)))
                        val budget = (server.server as RealWebSocketServer).budget!!
                        eventually(10.seconds) { budget.used shouldBeInRange 500_000L..600_000L }
                        slow.goOn.complete(Unit)
                        slow.closed.get(10, TimeUnit.SECONDS).wasClean shouldBe true
                        slow.events.toList() shouldContainExactly
                            listOf("message 10", "error true", "close 1000")
                    }
                }
            } finally {
                listOf(slow, other).forEach { it.goOn.complete(Unit) }
                server.stop().get(20, TimeUnit.SECONDS)
            }
        }
    })
