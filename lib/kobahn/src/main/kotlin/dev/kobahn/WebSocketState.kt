package dev.kobahn

/** The states of a connection, see [WebSocket.state]. Autobahn: `STATE_…`. */
public enum class WebSocketState {
    /** The opening handshake is not complete: the server has not accepted the connection yet. */
    CONNECTING,

    /** Both ends can send messages. */
    OPEN,

    /** A Close was sent or received, or the connection was failed. */
    CLOSING,

    /** The transport is gone, or the opening handshake was refused. */
    CLOSED,
}
