package dev.kobahn.internal.java

import dev.kobahn.ClientWebSocket
import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.ServerWebSocket
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.java.AsyncClientWebSocket
import dev.kobahn.java.AsyncMessageWriter
import dev.kobahn.java.AsyncServerWebSocket
import dev.kobahn.java.AsyncWebSocket
import dev.kobahn.java.TrackedTimings
import dev.kobahn.java.UsesJavaTime
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.function.Consumer
import java.util.function.Predicate
import kotlin.coroutines.CoroutineContext
import kotlin.time.toDurationUnit
import kotlin.time.toJavaDuration

/**
 * A connection as Java sees it. Calls that wait go on in [dispatcher], where the listener is
 * called.
 */
internal abstract class RealAsyncWebSocket(
    val webSocket: WebSocket,
    dispatcher: CoroutineContext,
) : AsyncWebSocket {
    private val calls = FutureCalls(dispatcher)
    private val demand = Demand()

    /** Has [listener] live the life of the connection, see [ListenerCalls.run]. */
    suspend fun serve(listener: WebSocketListener, opened: () -> Unit = {}) =
        ListenerCalls(webSocket, this, demand, listener).run(opened)

    override fun send(text: String) = calls.completion { webSocket.send(text) }

    override fun send(octets: ByteArray) = calls.completion { webSocket.send(octets) }

    override fun send(message: Message) = calls.completion { webSocket.send(message) }

    override fun send(message: Message, fragmentSize: Int) =
        calls.completion { webSocket.send(message, fragmentSize) }

    override fun send(message: Message, doNotCompress: Boolean) =
        calls.completion { webSocket.send(message, doNotCompress) }

    override fun send(message: Message, fragmentSize: Int, doNotCompress: Boolean) =
        calls.completion { webSocket.send(message, fragmentSize, doNotCompress) }

    override fun beginMessage(type: MessageType) = beginMessage(type, doNotCompress = false)

    override fun beginMessage(
        type: MessageType,
        doNotCompress: Boolean,
    ): CompletableFuture<AsyncMessageWriter> {
        val writer = RealAsyncMessageWriter(webSocket)
        val sending = calls.completion { writer.run(type, doNotCompress) }
        writer.begun.whenComplete { _, failure -> if (failure != null) sending.cancel(false) }
        return writer.begun
    }

    override fun send(message: PreparedMessage) = calls.completion { webSocket.send(message) }

    override fun trySend(message: Message): Boolean = webSocket.trySend(message)

    override fun trySend(message: Message, doNotCompress: Boolean): Boolean =
        webSocket.trySend(message, doNotCompress)

    override fun trySend(message: PreparedMessage): Boolean = webSocket.trySend(message)

    override fun flush() = calls.completion { webSocket.flush() }

    override fun ping(unit: TimeUnit): CompletableFuture<Long> =
        calls.future { webSocket.ping().toLong(unit.toDurationUnit()) }

    @UsesJavaTime
    override fun ping(): CompletableFuture<java.time.Duration> =
        calls.future { webSocket.ping().toJavaDuration() }

    override fun ping(payload: ByteArray, unit: TimeUnit): CompletableFuture<Long> =
        calls.future { webSocket.ping(payload).toLong(unit.toDurationUnit()) }

    @UsesJavaTime
    override fun ping(payload: ByteArray): CompletableFuture<java.time.Duration> =
        calls.future { webSocket.ping(payload).toJavaDuration() }

    override fun pong() = calls.completion { webSocket.pong() }

    override fun pong(payload: ByteArray) = calls.completion { webSocket.pong(payload) }

    override fun onPing(hook: Predicate<ByteArray>) = webSocket.onPing(hook::test)

    override fun onPong(hook: Consumer<ByteArray>) = webSocket.onPong(hook::accept)

    override fun sendFrame(frame: RawFrame) = sendFrame(frame, 0, false)

    @OptIn(DelicateWebSocketApi::class)
    override fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean) =
        calls.completion { webSocket.sendFrame(frame, chopSize, sync) }

    override fun sendData(octets: ByteArray) = sendData(octets, 0, false)

    @OptIn(DelicateWebSocketApi::class)
    override fun sendData(octets: ByteArray, chopSize: Int, sync: Boolean) =
        calls.completion { webSocket.sendData(octets, chopSize, sync) }

    override fun close() = calls.future { webSocket.close() }

    override fun close(code: Int) = calls.future { webSocket.close(code) }

    override fun close(code: Int, reason: String) = calls.future { webSocket.close(code, reason) }

    override fun awaitClosed() = calls.future { webSocket.awaitClosed() }

    override fun state(): WebSocketState = webSocket.state

    override fun closeStatus(): CloseStatus? = webSocket.closeStatus

    override fun request(count: Long) {
        require(count > 0) { "the count requested is $count, must be 1 or more" }
        demand.add(count)
    }

    override fun protocol(): String? = webSocket.protocol

    override fun extensions(): List<ExtensionHeader> = webSocket.extensions

    override fun transportDetails(): TransportDetails = webSocket.transportDetails

    override fun bufferedAmount(): Long = webSocket.bufferedAmount

    override fun trafficStats(): TrafficStats = webSocket.trafficStats

    override fun resetTrafficStats() = webSocket.resetTrafficStats()

    override fun trackedTimings(): TrackedTimings? =
        webSocket.trackedTimings?.let(::RealTrackedTimings)

    override fun setTrackTimings(on: Boolean) = webSocket.setTrackTimings(on)

    override fun drop() = webSocket.drop()

    override fun toString(): String = webSocket.toString()
}

/** The server's end. */
internal class RealAsyncServerWebSocket(
    private val serverWebSocket: ServerWebSocket,
    dispatcher: CoroutineContext,
) : RealAsyncWebSocket(serverWebSocket, dispatcher),
    AsyncServerWebSocket {
    override fun connectionRequest(): ConnectionRequest = serverWebSocket.request

    override fun pathParameters(): Map<String, String> = serverWebSocket.pathParameters
}

/** The client's end. */
internal class RealAsyncClientWebSocket(
    private val clientWebSocket: ClientWebSocket,
    dispatcher: CoroutineContext,
) : RealAsyncWebSocket(clientWebSocket, dispatcher),
    AsyncClientWebSocket {
    override fun connectionResponse(): ConnectionResponse = clientWebSocket.response
}
