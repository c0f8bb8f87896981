package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.MessageWriter
import dev.kobahn.PreparedMessage
import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.ConnectionFace
import dev.kobahn.internal.connection.whileOpen
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.handshake.ConnectionResponse
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow

/** A client's end of an open connection. */
internal class RealClientWebSocket(
    override val connection: Connection,
    override val response: ConnectionResponse,
    override val transportDetails: TransportDetails,
) : ClientWebSocket,
    ConnectionFace {
    override val protocol: String? get() = response.protocol
    override val incoming: ReceiveChannel<Message> get() = connection.incoming
    override val incomingStreams: ReceiveChannel<MessageReader> get() = connection.incomingStreams
    override val bufferedAmount: Long get() = connection.bufferedAmount
    override val state: WebSocketState get() = connection.state
    override val closeStatus: CloseStatus? get() = connection.closeStatus
    override val extensions: List<ExtensionHeader> get() = connection.extensions
    override val trafficStats: TrafficStats get() = connection.trafficStats
    override val trackedTimings: Timings? get() = connection.timings
    override val roundTripTime: StateFlow<Duration?> get() = connection.roundTripTime

    override suspend fun send(text: String) =
        connection.outgoing.send(MessageType.TEXT, text.encodeToByteArray())

    override suspend fun send(octets: ByteArray) =
        connection.outgoing.send(MessageType.BINARY, octets)

    override suspend fun send(message: Message) =
        connection.outgoing.send(message.type, message.octets)

    override suspend fun send(message: Message, doNotCompress: Boolean) =
        connection.outgoing.send(message.type, message.octets, doNotCompress = doNotCompress)

    override suspend fun send(message: Message, fragmentSize: Int, doNotCompress: Boolean) =
        connection.outgoing.send(message.type, message.octets, fragmentSize, doNotCompress)

    override suspend fun sendMessage(
        type: MessageType,
        doNotCompress: Boolean,
        block: suspend MessageWriter.() -> Unit,
    ) = connection.outgoing.sendMessage(type, doNotCompress, block)

    override suspend fun send(message: PreparedMessage) = connection.outgoing.send(message)

    override fun trySend(message: Message, doNotCompress: Boolean): Boolean =
        connection.outgoing.trySend(message.type, message.octets, doNotCompress)

    override fun trySend(message: PreparedMessage): Boolean = connection.outgoing.trySend(message)

    override suspend fun flush() = connection.outgoing.flush()

    @DelicateWebSocketApi
    override suspend fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean) =
        connection.outgoing.sendRaw(sync) { sendFrame(frame, chopSize, sync) }

    @DelicateWebSocketApi
    override suspend fun sendData(octets: ByteArray, chopSize: Int, sync: Boolean) =
        connection.outgoing.sendRaw(sync) { sendData(octets, chopSize, sync) }

    override suspend fun ping(): Duration = connection.ping()

    override suspend fun ping(payload: ByteArray): Duration = connection.ping(payload)

    override suspend fun pong(payload: ByteArray) = connection.pong(payload)

    override fun onPing(hook: (payload: ByteArray) -> Boolean) = connection.pings.onPing(hook)

    override fun onPong(hook: (payload: ByteArray) -> Unit) = connection.pings.onPong(hook)

    override suspend fun close(code: Int, reason: String): CloseStatus =
        connection.close(code, reason)

    /** See [Connection.closeDelivering]. */
    suspend fun closeDelivering(code: Int): CloseStatus = connection.closeDelivering(code)

    override suspend fun awaitClosed(): CloseStatus = connection.awaitClosed()

    override suspend fun whileOpen(block: suspend CoroutineScope.() -> Unit) =
        connection.whileOpen(block)

    override fun resetTrafficStats() = connection.resetTrafficStats()

    override fun setTrackTimings(on: Boolean) = connection.trackTimings(on)

    override fun drop() = connection.drop()

    override fun toString(): String = "WebSocket to ${response.peer}"
}
