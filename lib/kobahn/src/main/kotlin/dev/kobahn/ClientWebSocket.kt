package dev.kobahn

import dev.kobahn.protocol.handshake.ConnectionResponse

/** A client's end of a connection, see [WebSocketClient.connect]. */
@WebSocketDsl
public interface ClientWebSocket : WebSocket {
    /** What the server answered. */
    public val response: ConnectionResponse
}
