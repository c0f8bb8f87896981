package dev.kobahn.java

import dev.kobahn.ConnectionAccept
import dev.kobahn.ConnectionDeny
import dev.kobahn.TransportDetails
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers
import java.util.concurrent.CompletableFuture

/**
 * A client wants to connect: what it asks for, and the two answers. The server acts on the
 * [HandshakeDecision] that is returned to it, so a decision that is only made does nothing.
 * Throwing a [ConnectionDeny] denies too; any other exception is logged and answered with 500.
 */
public interface OpeningHandshake {
    /** What the client asks for. */
    public fun request(): ConnectionRequest

    /** What carries the connection. */
    public fun transportDetails(): TransportDetails

    /**
     * The `{name}` and `{name...}` segments of the route's path with their values in the request,
     * percent-decoded: they may hold anything, `/` and `..` included.
     */
    public fun pathParameters(): Map<String, String>

    /**
     * Completes once the connection is open, and fails with `HandshakeException` if it was refused
     * or the client went away before.
     */
    public fun awaitOpen(): CompletableFuture<Void?>

    /**
     * Opens the connection for [listener], with the first of the server's `protocols` that the
     * client offers, or with none.
     */
    public fun accept(listener: WebSocketListener): HandshakeDecision

    /** As `accept(listener)`, with [headers] as further fields of the response. */
    public fun accept(listener: WebSocketListener, headers: Headers): HandshakeDecision

    /**
     * Opens the connection for [listener] with the subprotocol and the fields of [accept]. A
     * subprotocol that was not offered is an error of the program and answered with 500.
     */
    public fun accept(listener: WebSocketListener, accept: ConnectionAccept): HandshakeDecision

    /** Refuses the connection with the HTTP [status] and its standard phrase. */
    public fun deny(status: Int): HandshakeDecision

    /** Refuses the connection with the HTTP [status] and the phrase [reason]. */
    public fun deny(status: Int, reason: String): HandshakeDecision

    /** Refuses the connection with all that [deny] says. */
    public fun deny(deny: ConnectionDeny): HandshakeDecision
}

/** What becomes of an opening handshake; made by the methods of [OpeningHandshake] only. */
public interface HandshakeDecision
