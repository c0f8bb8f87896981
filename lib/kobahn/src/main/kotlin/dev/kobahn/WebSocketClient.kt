package dev.kobahn

import dev.kobahn.internal.client.RealWebSocketClient
import dev.kobahn.protocol.handshake.WebSocketUrl
import java.io.IOException
import kotlinx.coroutines.Job

/**
 * Connects to WebSocket servers, made by [webSocketClient]. One serves any number of connections,
 * at once and one after another. Thread-safe. It holds nothing while none is open; [close] is only
 * needed to end them all.
 */
public interface WebSocketClient {
    /** Owns the connections made without a block. Cancelling it closes them with 1001. */
    public val job: Job

    /**
     * Connects to [url] and returns the open connection, which the caller has to close. It lives as
     * long as this client, not as the calling coroutine. Suspends until the handshake is done;
     * cancellation closes whatever was opened.
     *
     * A host of several addresses is connected to at the first that answers: the next one is tried
     * when one has failed or has not answered for 250 ms.
     *
     * @throws HandshakeException if the server refuses, breaks the handshake, or takes longer than
     * `openHandshakeTimeout`
     * @throws IOException if the server cannot be reached, such as a `ConnectException` that names
     * the last address tried, with the failures of the others suppressed in it
     * @throws IllegalStateException if this client was closed
     */
    public suspend fun connect(url: WebSocketUrl): ClientWebSocket

    /**
     * Connects to [url], runs [block] with the open connection in the caller's context, and returns
     * its result once the connection has ended. It is closed with 1000 when the block returns, with
     * 1001 when it is cancelled, and with 1011 when it throws. Throws what [block] throws, or as
     * `connect(url)`.
     *
     * @throws ConnectionClosedException if the block returned but the server did not take all that
     * it had sent before
     */
    public suspend fun <T> connect(url: WebSocketUrl, block: suspend ClientWebSocket.() -> T): T

    /** As `connect(WebSocketUrl.parse(url))`. IllegalArgumentException if [url] is no WebSocket URL. */
    public suspend fun connect(url: String): ClientWebSocket = connect(WebSocketUrl.parse(url))

    /** As `connect(WebSocketUrl.parse(url), block)`. IllegalArgumentException if [url] is no WebSocket URL. */
    public suspend fun <T> connect(url: String, block: suspend ClientWebSocket.() -> T): T =
        connect(WebSocketUrl.parse(url), block)

    /** Closes the connections made without a block with 1001, suspends until they have ended, and connects no more. */
    public suspend fun close()
}

/**
 * Makes a client.
 *
 * ```
 * webSocketClient().connect("ws://localhost:9000") {
 *     send("hello")
 *     println(incoming.receive())
 * }
 * ```
 *
 * @param parent the job that the client is a child of, so that cancelling it closes the connections
 */
public fun webSocketClient(
    parent: Job? = null,
    configure: WebSocketClientOptions.() -> Unit = {},
): WebSocketClient = RealWebSocketClient(WebSocketClientOptions().apply(configure), parent)
