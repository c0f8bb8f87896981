package dev.kobahn

/** How far a connection has come, see [WebSocket.state]. Autobahn: `STATE_…`. */
public enum class WebSocketState {
    /** The opening handshake is under way: a server's connection that is not accepted yet. */
    CONNECTING,

    /** Messages go both ways. */
    OPEN,

    /** A Close was sent or received, or the connection was failed. */
    CLOSING,

    /** The transport is gone, or the opening handshake was refused. */
    CLOSED,
}
