package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.MessageWriter
import dev.kobahn.PreparedMessage
import dev.kobahn.SendOptions
import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.WebSocketStatistics
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.ExtensionHeader
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow

/**
 * The application's view of a [connection], in both roles. A client's connection is open from the
 * beginning; a server's opens when the application accepts it or first uses it.
 */
internal abstract class RealWebSocket(val connection: Connection) : WebSocket {
    /** Whether the connection is open, or was before its end. From any thread. */
    protected open val isOpen: Boolean get() = true

    /** Completes the opening handshake unless that was done. */
    protected open suspend fun ensureOpen() = Unit

    override val transportDetails: TransportDetails
        get() = connection.transport.details(connection.config.protocol.role == Role.SERVER)
    override val incoming: ReceiveChannel<Message> get() = connection.incoming
    override val incomingStreams: ReceiveChannel<MessageReader> get() = connection.incomingStreams
    override val bufferedAmount: Long get() = connection.bufferedAmount
    override val state: WebSocketState get() = connection.state
    override val closeStatus: CloseStatus? get() = connection.closeStatus
    override val extensions: List<ExtensionHeader> get() = connection.extensions
    override val statistics: WebSocketStatistics get() = RealStatistics(connection)
    override val roundTripTime: StateFlow<Duration?> get() = connection.roundTripTime

    /**
     * Calls [send] once the connection is open. If it is open already this is a tail call, which
     * allocates no continuation.
     */
    private suspend inline fun whenOpen(crossinline send: suspend Outgoing.() -> Unit) {
        if (isOpen) return connection.outgoing.send()
        return afterOpening { connection.outgoing.send() }
    }

    private suspend fun afterOpening(send: suspend () -> Unit) {
        ensureOpen()
        send()
    }

    override suspend fun send(text: String) =
        whenOpen { send(MessageType.TEXT, text.encodeToByteArray()) }

    override suspend fun send(bytes: ByteArray) = whenOpen { send(MessageType.BINARY, bytes) }

    override suspend fun send(message: Message, options: SendOptions) =
        whenOpen { send(message.type, message.bytes, options) }

    override suspend fun sendMessage(
        type: MessageType,
        options: SendOptions,
        block: suspend MessageWriter.() -> Unit,
    ) = whenOpen { sendMessage(type, options, block) }

    override suspend fun send(message: PreparedMessage) = whenOpen { send(message) }

    override fun trySend(message: Message, options: SendOptions): Boolean =
        isOpen && connection.outgoing.trySend(message.type, message.bytes, options)

    override fun trySend(message: PreparedMessage): Boolean =
        isOpen && connection.outgoing.trySend(message)

    override suspend fun flush() = whenOpen { flush() }

    @DelicateWebSocketApi
    override val lowLevel: WebSocket.LowLevel get() = RealLowLevel()

    override suspend fun ping(payload: ByteArray?): Duration {
        ensureOpen()
        return connection.ping(payload)
    }

    override suspend fun pong(payload: ByteArray) {
        ensureOpen()
        connection.pong(payload)
    }

    override fun onPing(hook: (payload: ByteArray) -> Boolean) = connection.pings.onPing(hook)

    override fun onPong(hook: (payload: ByteArray) -> Unit) = connection.pings.onPong(hook)

    override suspend fun close(code: Int, reason: String): CloseStatus {
        ensureOpen()
        return connection.close(code, reason)
    }

    override suspend fun awaitClosed(): CloseStatus = connection.awaitClosed()

    override suspend fun whileOpen(block: suspend CoroutineScope.() -> Unit) {
        ensureOpen()
        connection.whileOpen(block)
    }

    override fun drop() = connection.drop()

    @OptIn(DelicateWebSocketApi::class)
    private inner class RealLowLevel : WebSocket.LowLevel {
        override suspend fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean) =
            whenOpen { sendRaw(sync) { sendFrame(frame, chopSize, sync) } }

        override suspend fun sendData(bytes: ByteArray, chopSize: Int, sync: Boolean) =
            whenOpen { sendRaw(sync) { sendData(bytes, chopSize, sync) } }
    }
}

private class RealStatistics(private val connection: Connection) : WebSocketStatistics {
    override val traffic: TrafficStats get() = connection.trafficStats

    override fun resetTraffic() = connection.resetTrafficStats()

    override val timings: Timings? get() = connection.timings

    override var trackTimings: Boolean
        get() = connection.timings != null
        set(on) = connection.trackTimings(on)
}
