package dev.kobahn.internal.java

import dev.kobahn.ClientWebSocket
import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.SendOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.WebSocketStatistics
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.ProgressTimer
import dev.kobahn.internal.connection.RealWebSocket
import dev.kobahn.java.AsyncClientWebSocket
import dev.kobahn.java.AsyncLowLevel
import dev.kobahn.java.AsyncMessageWriter
import dev.kobahn.java.AsyncServerWebSocket
import dev.kobahn.java.AsyncWebSocket
import dev.kobahn.java.UsesJavaTime
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
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
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.toDurationUnit
import kotlin.time.toJavaDuration
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * A connection with the interface for Java. Calls that suspend continue on [dispatcher], which also
 * runs the listener.
 */
internal abstract class RealAsyncWebSocket(
    val webSocket: WebSocket,
    dispatcher: CoroutineContext,
) : AsyncWebSocket {
    private val calls = FutureCalls(dispatcher)
    private val demand = Demand()

    /** The writers of messages that have not ended; most connections have none. */
    @Volatile
    private var writers: Set<RealAsyncMessageWriter> = emptySet()

    /** Calls [listener] until the connection has ended, see [ListenerCalls.run]. */
    suspend fun serve(
        listener: WebSocketListener,
        place: CoroutineContext = EmptyCoroutineContext,
        opened: (() -> Unit)? = null,
    ) = ListenerCalls(webSocket, this, demand, listener, place).run(opened)

    override fun send(text: String) = calls.completion { webSocket.send(text) }

    override fun send(bytes: ByteArray) = calls.completion { webSocket.send(bytes) }

    override fun send(message: Message) = calls.completion { webSocket.send(message) }

    override fun send(message: Message, options: SendOptions) =
        calls.completion { webSocket.send(message, options) }

    override fun beginMessage(type: MessageType) = beginMessage(type, SendOptions.DEFAULT)

    override fun beginMessage(
        type: MessageType,
        options: SendOptions,
    ): CompletableFuture<AsyncMessageWriter> {
        val writer = RealAsyncMessageWriter(webSocket, calls)
        synchronized(this) { writers += writer }
        val sending = writer.begun.beforeOthersHaveIt {
            calls.completion { writer.run(type, options) }
        }
        sending.whenComplete { _, _ -> synchronized(this) { writers -= writer } }
        writer.begun.whenComplete { _, failure -> if (failure != null) sending.cancel(false) }
        return writer.begun
    }

    override fun send(message: PreparedMessage) = calls.completion { webSocket.send(message) }

    override fun trySend(message: Message): Boolean = webSocket.trySend(message)

    override fun trySend(message: Message, options: SendOptions): Boolean =
        webSocket.trySend(message, options)

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

    override fun close() = close(CloseCode.NORMAL_CLOSURE)

    override fun close(code: Int) = close(code, "")

    override fun close(code: Int, reason: String) = calls.future {
        writers.forEach { it.giveUpUnlessBegun() }
        // Do not wait for a message that was not ended: its end may never come.
        if (writers.any { it.isOpen }) {
            webSocket.close(code, reason)
        } else {
            webSocket.connection.closeInTurn(code, reason)
        }
    }

    /** Starts to close the connection with [code], without waiting. */
    fun beginClose(code: Int) = webSocket.connection.beginClose(code, "")

    override fun awaitClosed() = calls.future { webSocket.awaitClosed() }

    override fun state(): WebSocketState = webSocket.state

    override fun closeStatus(): CloseStatus? = webSocket.closeStatus

    override fun request(count: Long) {
        require(count > 0) { "the count requested is $count, must be 1 or more" }
        demand.add(count)
    }

    override fun subprotocol(): String? = webSocket.subprotocol

    override fun extensions(): List<ExtensionHeader> = webSocket.extensions

    override fun transportDetails(): TransportDetails = webSocket.transportDetails

    override fun bufferedAmount(): Long = webSocket.bufferedAmount

    override fun statistics(): WebSocketStatistics = webSocket.statistics

    @OptIn(DelicateWebSocketApi::class)
    override fun lowLevel(): AsyncLowLevel = RealAsyncLowLevel(webSocket.lowLevel, calls)

    override fun drop() = webSocket.drop()

    override fun toString(): String = webSocket.toString()
}

private val WebSocket.connection: Connection
    get() = when (this) {
        is RealWebSocket -> connection
        else -> throw IllegalArgumentException("$this is no connection of this library")
    }

/**
 * Closes the connection like `close`, but sends the Close after the messages that wait for their
 * turn, unless the peer takes nothing for `closeHandshakeTimeout`.
 */
private suspend fun Connection.closeInTurn(code: Int, reason: String): CloseStatus {
    CloseFrame.of(code, reason)
    val standstill = ProgressTimer(transport, config.closeHandshakeTimeout) {
        beginClose(code, reason)
    }
    try {
        withContext(NonCancellable) { outgoing.inTurn(standstill) { beginClose(code, reason) } }
    } catch (_: ConnectionClosedException) {
        // The connection has ended in the meantime.
    }
    return awaitClosed()
}

@OptIn(DelicateWebSocketApi::class)
private class RealAsyncLowLevel(
    private val lowLevel: WebSocket.LowLevel,
    private val calls: FutureCalls,
) : AsyncLowLevel {
    override fun sendFrame(frame: RawFrame) = sendFrame(frame, 0, false)

    override fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean) =
        calls.completion { lowLevel.sendFrame(frame, chopSize, sync) }

    override fun sendData(bytes: ByteArray) = sendData(bytes, 0, false)

    override fun sendData(bytes: ByteArray, chopSize: Int, sync: Boolean) =
        calls.completion { lowLevel.sendData(bytes, chopSize, sync) }
}

/** The server's end of a connection. */
internal class RealAsyncServerWebSocket(
    private val serverWebSocket: ServerWebSocket,
    dispatcher: CoroutineContext,
) : RealAsyncWebSocket(serverWebSocket, dispatcher),
    AsyncServerWebSocket {
    override fun connectionRequest(): ConnectionRequest = serverWebSocket.request

    override fun pathParameters(): Map<String, String> = serverWebSocket.pathParameters
}

/** The client's end of a connection. */
internal class RealAsyncClientWebSocket(
    private val clientWebSocket: ClientWebSocket,
    dispatcher: CoroutineContext,
) : RealAsyncWebSocket(clientWebSocket, dispatcher),
    AsyncClientWebSocket {
    override fun connectionResponse(): ConnectionResponse = clientWebSocket.response
}
