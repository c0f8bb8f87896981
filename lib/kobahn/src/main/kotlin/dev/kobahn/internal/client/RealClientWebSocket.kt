package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.RealWebSocket
import dev.kobahn.protocol.handshake.ConnectionResponse

/** A client's end of an open connection. */
internal class RealClientWebSocket(
    connection: Connection,
    override val response: ConnectionResponse,
) : RealWebSocket(connection),
    ClientWebSocket {
    override val subprotocol: String? get() = response.subprotocol

    override fun toString(): String = "WebSocket to ${response.peer}"
}

/** Whether the application has closed this connection, see [Connection.isClosedHere]. */
internal val ClientWebSocket.isClosedHere: Boolean
    get() = (this as RealClientWebSocket).connection.isClosedHere

/** Whether the application has dropped this connection, see [Connection.isDroppedHere]. */
internal val ClientWebSocket.isDroppedHere: Boolean
    get() = (this as RealClientWebSocket).connection.isDroppedHere
