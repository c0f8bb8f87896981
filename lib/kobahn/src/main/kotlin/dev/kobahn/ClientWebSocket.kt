package dev.kobahn

import dev.kobahn.protocol.handshake.ConnectionResponse

/** The client's end of a connection, see [WebSocketClient.connect]. */
@WebSocketDsl
public interface ClientWebSocket : WebSocket {
    /** The server's response to the opening handshake. */
    public val response: ConnectionResponse
}
