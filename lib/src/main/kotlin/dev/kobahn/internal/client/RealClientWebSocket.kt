package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.MessageWriter
import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.Connection
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.handshake.ConnectionResponse
import kotlin.time.Duration
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow

/** A client's end of an open connection. */
internal class RealClientWebSocket(
    private val connection: Connection,
    override val response: ConnectionResponse,
) : ClientWebSocket {
    override val protocol: String? get() = response.protocol
    override val incoming: ReceiveChannel<Message> get() = connection.incoming
    override val incomingStreams: ReceiveChannel<MessageReader> get() = connection.incomingStreams
    override val bufferedAmount: Long get() = connection.bufferedAmount
    override val state: WebSocketState get() = connection.state
    override val closeStatus: CloseStatus? get() = connection.closeStatus
    override val trafficStats: TrafficStats get() = connection.watch.trafficStats
    override val trackedTimings: Timings? get() = connection.watch.timings
    override val roundTripTime: StateFlow<Duration?> get() = connection.roundTripTime

    override suspend fun send(text: String) =
        connection.send(MessageType.TEXT, text.encodeToByteArray())

    override suspend fun send(octets: ByteArray) = connection.send(MessageType.BINARY, octets)

    override suspend fun send(message: Message) = connection.send(message.type, message.octets)

    override suspend fun send(message: Message, fragmentSize: Int) {
        connection.send(message.type, message.octets, fragmentSize)
    }

    override suspend fun sendMessage(type: MessageType, block: suspend MessageWriter.() -> Unit) {
        connection.sendMessage(type, block)
    }

    override suspend fun ping(): Duration = connection.ping()

    override suspend fun close(code: Int, reason: String): CloseStatus =
        connection.close(code, reason)

    override suspend fun awaitClosed(): CloseStatus = connection.awaitClosed()

    override fun resetTrafficStats() = connection.watch.resetTrafficStats()

    override fun setTrackTimings(on: Boolean) = connection.watch.trackTimings(on)

    override fun drop() = connection.drop()

    override fun toString(): String = "WebSocket to ${response.peer}"
}
