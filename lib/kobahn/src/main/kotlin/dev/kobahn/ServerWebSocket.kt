@file:JvmMultifileClass
@file:JvmName("WebSockets")

package dev.kobahn

import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers

/** The value for [ServerWebSocket.accept] that opens a connection without any subprotocol. */
public const val NO_SUBPROTOCOL: String = ""

/**
 * The server's end of a connection: the receiver of `onConnect`, from the valid upgrade request to
 * the end of the connection.
 *
 * [accept] opens the connection. So does the first call that receives, sends, pings or closes.
 * Until then [deny] refuses the connection. When the block returns, the connection is closed with
 * 1000; when the block is cancelled, with 1001. An exception thrown by the block is logged. It is
 * answered with HTTP status 500 before the connection is open, and with 1011 afterwards. Exceptions
 * that report the peer's actions are no errors of the block: [ConnectionClosedException] and the
 * exception of a `receive` after the end.
 */
@WebSocketDsl
public interface ServerWebSocket : WebSocket {
    /** The client's request. */
    public val request: ConnectionRequest

    /**
     * The values of the `{name}` and `{name...}` segments of the route's path. They are
     * percent-decoded, so they may contain anything, `/` and `..` included. The raw text is in the
     * [path][ConnectionRequest.path] of [request].
     */
    public val pathParameters: Map<String, String>

    /**
     * Opens the connection. Suspends until the response is queued to be written. Cancellation leaves
     * the connection unopened until its event loop has started to open it; after that the
     * connection is open.
     *
     * @param subprotocol one that the client offered, or [NO_SUBPROTOCOL]. Null, the default, is
     * the first of the server's `subprotocols` that the client offered, if any.
     * @param headers additional header fields of the response
     * @throws IllegalStateException if the client did not offer [subprotocol], or the connection
     * was accepted before
     * @throws IllegalArgumentException if [headers] has a field that belongs to the handshake
     * @throws ConnectionClosedException if the client has disconnected
     */
    public suspend fun accept(subprotocol: String? = null, headers: Headers = Headers.EMPTY)

    /**
     * Suspends until the connection has opened. Returns also if it has closed again. Does not
     * accept it. Autobahn: `is_open`.
     *
     * @throws HandshakeException if the connection was refused, with the status, or the client
     * disconnected before it opened
     */
    public suspend fun awaitOpen()

    /**
     * Refuses the connection: throws a [ConnectionDeniedException] with the HTTP [status], the [reason] (the
     * standard phrase if it is empty), [headers] and a [body] of plain text.
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
