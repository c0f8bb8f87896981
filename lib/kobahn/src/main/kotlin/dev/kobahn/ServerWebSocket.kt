package dev.kobahn

import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers

/**
 * A server's end of a connection: the receiver of `onConnect`, from the valid upgrade request to
 * the end.
 *
 * The connection opens with [accept], or without it when something is first received, sent, pinged
 * or closed; until then [deny] refuses it. When the block returns, the connection is closed with
 * 1000; when it is cancelled, with 1001. An exception that leaves it is logged and answered with
 * HTTP status 500 before the connection is open, with 1011 afterwards; only those that say what the
 * peer did, [ConnectionClosedException] and the one of a `receive` after the end, are no errors of
 * the block.
 */
@WebSocketDsl
public interface ServerWebSocket : WebSocket {
    /** What the client asked for. */
    public val request: ConnectionRequest

    /**
     * The `{name}` and `{name...}` segments of the route's path with their values in the request,
     * percent-decoded, so that they may hold anything, `/` and `..` included. What stood there is in
     * the [path][ConnectionRequest.path] of [request].
     */
    public val pathParameters: Map<String, String>

    /**
     * Opens the connection with the first of the server's `protocols` that the client offered, or
     * with none, and with [headers] as further fields of the response. Returns when the response is
     * on its way. Who is cancelled before the connection's loop has taken it up leaves the connection
     * as it was; who is cancelled after that has opened it.
     *
     * @throws IllegalStateException if the connection was accepted before
     * @throws IllegalArgumentException if [headers] has a field that belongs to the handshake
     * @throws ConnectionClosedException if the client is gone
     */
    public suspend fun accept(headers: Headers = Headers.EMPTY)

    /**
     * Opens the connection with the subprotocol [protocol], or none if that is null; otherwise as
     * `accept(headers)`.
     *
     * @throws IllegalStateException if [protocol] was not offered, or as there
     */
    public suspend fun accept(protocol: String?, headers: Headers = Headers.EMPTY)

    /** Opens the connection as [accept] says; otherwise as `accept(protocol, headers)`. */
    public suspend fun accept(accept: ConnectionAccept) {
        accept(accept.subprotocol, accept.headers)
    }

    /**
     * Suspends until the connection is open, be it closed again by then; it does not accept it.
     * Autobahn: `is_open`.
     *
     * @throws HandshakeException if it was refused, with the status, or the client went away before
     */
    public suspend fun awaitOpen()

    /**
     * Refuses the connection with the HTTP [status], [reason] (the standard phrase if it is empty),
     * [headers] and a [body] of plain text: throws the [ConnectionDeny] that says so.
     *
     * @throws IllegalStateException if the connection was accepted before
     */
    public fun deny(
        status: Int,
        reason: String = "",
        headers: Headers = Headers.EMPTY,
        body: String = "",
    ): Nothing
}
