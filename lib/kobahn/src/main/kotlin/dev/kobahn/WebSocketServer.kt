@file:JvmMultifileClass
@file:JvmName("WebSockets")

package dev.kobahn

import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.protocol.CloseCode
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * A WebSocket server, created by [webSocketServer]. It listens from [start] to [stop] and cannot be
 * started again. Thread-safe.
 */
public interface WebSocketServer {
    /**
     * The port the server listens on; with several listeners that of the first one on TCP. Throws
     * [IllegalStateException] before [start], and if the server listens on Unix sockets only.
     */
    public val port: Int

    /**
     * The addresses the server listens on, in the form of [TransportDetails.own]:
     * `tcp4:127.0.0.1:9000`, `unix:/run/app.sock`. Throws [IllegalStateException] before [start].
     */
    public val addresses: List<String>

    /**
     * The number of connections, including those in their opening handshake, but not those over
     * `maxConnections`. Autobahn: `getConnectionCount`.
     */
    public val connectionCount: Int

    /**
     * The number of running handlers: calls of `onConnect` and `onRequest`, including those whose
     * connection has ended. A handler that neither receives nor sends does not notice the end. If
     * this number is far above [connectionCount], such handlers wait for something else.
     * `maxLingeringHandlers` bounds them, and a block of [whileOpen][WebSocket.whileOpen] ends with
     * its connection.
     */
    public val handlerCount: Int

    /**
     * The parent of everything the server runs. It completes when all of that has ended, each
     * handler included. Cancelling it, or its parent, frees the port and cancels the handlers,
     * which closes their connections with 1001 (503 in a handshake). Connections that take longer
     * to close than `closeHandshakeTimeout` and `dropTimeout` allow are dropped.
     */
    public val job: Job

    /**
     * Binds all listeners and accepts connections. Suspends until the server listens. After
     * cancellation nothing is bound.
     *
     * @throws IOException if one of the listeners cannot be bound; then none is
     * @throws IllegalStateException if the server was started before, or is stopped before it
     * listens
     */
    public suspend fun start()

    /**
     * Stops gracefully: accepts no more connections, answers pending handshakes with 503, and
     * closes the connections with [code], spread evenly over [window] so that their clients do not
     * all reconnect at once. When [deadline] has passed since the call, drops the remaining
     * connections and cancels their handlers.
     *
     * Suspends until everything has ended, but no longer than to [deadline], plus at most a fifth
     * of a second for the dropped connections to end. A handler that blocks, or continues after
     * cancellation, delays [job] and [join], not this call. Cancellation does the work of the
     * deadline at once. Both times are real time, regardless of the clock of the caller's
     * dispatcher.
     *
     * A handler or `onRequest` may call this; the call then does not wait for that handler, which
     * continues after it and is cancelled at the deadline like the others. A second call does the
     * same; the earliest deadline counts.
     *
     * @param code 1001, or 1012 to say that the service will be back
     */
    public suspend fun stop(
        window: Duration = Duration.ZERO,
        deadline: Duration = 10.seconds,
        code: Int = CloseCode.GOING_AWAY,
    )

    /** Suspends until the server has stopped and [job] has completed. */
    public suspend fun join()
}

/**
 * Starts the server unless it was started before, runs [block], and stops the server, even if the
 * block or the start fails.
 */
public suspend fun <T> WebSocketServer.use(block: suspend (WebSocketServer) -> T): T {
    try {
        if (this !is RealWebSocketServer || !isStarted) start()
        return block(this)
    } finally {
        withContext(NonCancellable) { stop() }
    }
}

/**
 * Creates a server; [WebSocketServer.start] starts it.
 *
 * ```
 * val server = webSocketServer {
 *     port = 9000
 *     onConnect { for (message in incoming) send(message) }
 * }
 * server.start()
 * ```
 *
 * @param parent the parent job of the server: cancelling it stops the server
 */
public fun webSocketServer(
    parent: Job? = null,
    configure: WebSocketServerOptions.() -> Unit,
): WebSocketServer = RealWebSocketServer(WebSocketServerOptions().apply(configure), parent)
