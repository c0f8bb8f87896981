@file:JvmMultifileClass
@file:JvmName("WebSockets")

package dev.kobahn

import dev.kobahn.internal.client.RealWebSocketClient
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.proxy.ProxyException
import dev.kobahn.reconnect.ReconnectingWebSocket
import java.io.IOException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job

/**
 * A client of WebSocket servers, created by [webSocketClient]. It may open any number of
 * connections, at once and one after another. Thread-safe. It holds no resources while no
 * connection is open; call [close] only to end the connections made without a block.
 */
public interface WebSocketClient {
    /** The parent job of connections made without a block. Cancelling it closes them with 1001. */
    public val job: Job

    /**
     * Connects to [url] and returns the open connection, which the caller must close. The
     * connection ends with this client, not with the calling coroutine. Suspends until the
     * handshake is done; cancellation closes the transport.
     *
     * If the host has several addresses, they are tried in turn until one answers, IPv6 and IPv4
     * alternately: the next one when the last has failed or has not answered for 250 ms, or less if
     * there are many. Behind a [proxy][WebSocketClientOptions.proxy] the host is not looked up.
     *
     * @throws ProxyException if a proxy cannot be reached or refuses
     * @throws HandshakeException if the server refuses, breaks the handshake, or takes longer than
     * `openHandshakeTimeout`
     * @throws IOException if the server cannot be reached, such as a `ConnectException` that names
     * the last address tried and has the failures of the others as suppressed exceptions. The
     * message names the phase (DNS, TCP)
     * @throws IllegalStateException if this client was closed
     */
    public suspend fun connect(url: WebSocketUrl): ClientWebSocket

    /**
     * Connects to [url], runs [block] with the open connection in the caller's context, and returns
     * its result once the connection has ended. The connection is closed with 1000 when the block
     * returns, with 1001 when it is cancelled, and with 1011 when it throws. Throws the exceptions
     * of [block] and of `connect(url)`.
     *
     * @throws ConnectionClosedException if the block returned but the server did not take all the
     * data that the block had sent
     */
    public suspend fun <T> connect(url: WebSocketUrl, block: suspend ClientWebSocket.() -> T): T

    /**
     * Connects to the URL in the text [url]. Otherwise like `connect(WebSocketUrl)`.
     *
     * @throws IllegalArgumentException if [url] is no WebSocket URL
     */
    public suspend fun connect(url: String): ClientWebSocket = connect(WebSocketUrl.parse(url))

    /**
     * Connects to the URL in the text [url] and runs [block]. Otherwise like
     * `connect(WebSocketUrl, block)`.
     *
     * @throws IllegalArgumentException if [url] is no WebSocket URL
     */
    public suspend fun <T> connect(url: String, block: suspend ClientWebSocket.() -> T): T =
        connect(WebSocketUrl.parse(url), block)

    /**
     * Connects to the URL that [url] returns and runs [block], and does so again when the connection
     * fails or ends for a reason that passes, see
     * [canHeal][dev.kobahn.reconnect.ReconnectOptions.canHeal]; [WebSocketClientOptions.reconnect]
     * has the options. Returns the result of the block that returned while its connection was open,
     * or after it was closed on purpose; the block does not run again then, even if the server has
     * not taken its last messages. So each run of the block begins a connection: it resubscribes and
     * resumes. [url] is called for each attempt and may suspend, for a fresh token for instance.
     *
     * An [IOException] of the block counts as a failure of the connection, unless the application has
     * closed that itself: then the block does not run again. Throws the failure that
     * does not pass, or the last one of `maxAttempts`. Cancellation ends the wait at once, and the
     * connection as `connect(url, block)` does. The waits follow the clock of the caller's
     * dispatcher.
     */
    public suspend fun <T> keepConnected(
        url: suspend () -> WebSocketUrl,
        block: suspend ClientWebSocket.() -> T,
    ): T

    /**
     * Connects to the URL in the text [url], again and again. Otherwise like
     * `keepConnected({ WebSocketUrl }, block)`.
     *
     * @throws IllegalArgumentException if [url] is no WebSocket URL
     */
    public suspend fun <T> keepConnected(url: String, block: suspend ClientWebSocket.() -> T): T =
        WebSocketUrl.parse(url).let { keepConnected({ it }, block) }

    /**
     * Connects to the URL that [url] returns, again when the connection ends for a reason that
     * passes, until [scope] ends or the result is closed. The connections look like one, whose state
     * can be watched, and messages wait for the next one. Otherwise like [keepConnected].
     *
     * [onOpen] runs with each connection when it is open, before messages that wait are sent and
     * messages of the server are handed out, so it can resubscribe, resume, and receive the answers
     * to that. If it fails with anything but an [IOException], there is no further connection.
     */
    public fun reconnecting(
        scope: CoroutineScope,
        url: suspend () -> WebSocketUrl,
        onOpen: suspend ClientWebSocket.() -> Unit = {},
    ): ReconnectingWebSocket

    /**
     * Connects to the URL in the text [url], again and again. Otherwise like
     * `reconnecting(scope, { WebSocketUrl }, onOpen)`.
     *
     * @throws IllegalArgumentException if [url] is no WebSocket URL
     */
    public fun reconnecting(
        scope: CoroutineScope,
        url: String,
        onOpen: suspend ClientWebSocket.() -> Unit = {},
    ): ReconnectingWebSocket = WebSocketUrl.parse(url).let { reconnecting(scope, { it }, onOpen) }

    /**
     * Closes the connections made without a block with 1001 and suspends until they have ended. No
     * further connection can be made.
     */
    public suspend fun close()
}

/**
 * Creates a client.
 *
 * ```
 * webSocketClient().connect("ws://localhost:9000") {
 *     send("hello")
 *     println(incoming.receive())
 * }
 * ```
 *
 * @param parent the parent job of the client: cancelling it closes the connections
 */
public fun webSocketClient(
    parent: Job? = null,
    configure: WebSocketClientOptions.() -> Unit = {},
): WebSocketClient = RealWebSocketClient(WebSocketClientOptions().apply(configure), parent)
