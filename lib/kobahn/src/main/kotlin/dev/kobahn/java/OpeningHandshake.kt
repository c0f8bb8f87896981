package dev.kobahn.java

import dev.kobahn.ConnectionDeniedException
import dev.kobahn.TransportDetails
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers
import java.util.concurrent.CompletableFuture

/**
 * A client's opening handshake and the two decisions about it. The server acts on the
 * [HandshakeDecision] that the function returns; creating a decision alone does nothing. Throwing a
 * [ConnectionDeniedException] denies too. Any other exception is logged and answered with 500.
 */
public interface OpeningHandshake {
    /** Returns the client's request. */
    public fun request(): ConnectionRequest

    /** Returns the transport of the connection. */
    public fun transportDetails(): TransportDetails

    /**
     * Returns the values of the `{name}` and `{name...}` segments of the route's path. They are
     * percent-decoded, so they may contain anything, `/` and `..` included.
     */
    public fun pathParameters(): Map<String, String>

    /**
     * Returns a future that completes when the connection is open. It fails with
     * `HandshakeException` if the connection was refused or the client disconnected before.
     */
    public fun awaitOpen(): CompletableFuture<Void?>

    /**
     * Accepts the connection for [listener], with the first of the server's `subprotocols` that the
     * client offered, if any.
     */
    public fun accept(listener: WebSocketListener): HandshakeDecision

    /**
     * Accepts the connection with the additional header fields [headers] in the response. Otherwise
     * like `accept(listener)`.
     */
    public fun accept(listener: WebSocketListener, headers: Headers): HandshakeDecision

    /**
     * Accepts the connection for [listener] with the header fields [headers] in the response.
     *
     * @param subprotocol one that the client offered, or `WebSockets.NO_SUBPROTOCOL`. Null is the
     * first of the server's `subprotocols` that the client offered, if any.
     */
    public fun accept(
        listener: WebSocketListener,
        subprotocol: String?,
        headers: Headers,
    ): HandshakeDecision

    /** Denies the connection with the HTTP [status] and its standard phrase. */
    public fun deny(status: Int): HandshakeDecision

    /** Denies the connection with the HTTP [status] and the phrase [reason]. */
    public fun deny(status: Int, reason: String): HandshakeDecision

    /** Denies the connection with the response of [deny]. */
    public fun deny(deny: ConnectionDeniedException): HandshakeDecision
}

/** The decision about an opening handshake, created by the methods of [OpeningHandshake] only. */
public interface HandshakeDecision
