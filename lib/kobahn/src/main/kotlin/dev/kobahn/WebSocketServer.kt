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
 * A WebSocket server, made by [webSocketServer]. It listens from [start] to [stop] and cannot be
 * started again. Thread-safe.
 */
public interface WebSocketServer {
    /** The port it listens at. IllegalStateException before [start]. */
    public val port: Int

    /**
     * How many connections there are, those in their opening handshake included, but not those over
     * `maxConnections`. Autobahn: `getConnectionCount`.
     */
    public val connectionCount: Int

    /**
     * How many handlers run: calls of `onConnect` and `onRequest`, those included whose connection
     * has ended. A handler that neither receives nor sends does not learn of the end. If this is far
     * above [connectionCount], such handlers are waiting for something else. `maxLingeringHandlers`
     * bounds them, and what is done in [whileOpen][WebSocket.whileOpen] ends with its connection.
     */
    public val handlerCount: Int

    /**
     * Owns everything the server runs; completes when all of that has ended, each handler included.
     * Cancelling it, or the parent, frees the port and cancels the handlers, which closes their
     * connections with 1001 (503 in a handshake); what is left when closing takes longer than
     * `closeHandshakeTimeout` and `dropTimeout` allow is dropped.
     */
    public val job: Job

    /**
     * Binds the port and accepts connections. Suspends until it listens. Cancelled, nothing is
     * bound.
     *
     * @throws IOException if the port cannot be bound
     * @throws IllegalStateException if it was started before, or is stopped before it listens
     */
    public suspend fun start()

    /**
     * Stops gracefully: accepts no more, answers handshakes that are under way with 503, closes the
     * connections with [code], spread evenly over [window] so that their clients do not all come
     * back at once, and, when [deadline] has passed since the call, drops the connections that are
     * left and cancels their handlers.
     *
     * Suspends until everything has ended, but no longer than to [deadline] (a fifth of a second
     * more at most, for what was dropped to end): a handler that blocks, or goes on though it is
     * cancelled, keeps [job] and [join] waiting, not this. Cancellation does at once what is due at
     * the deadline. It may be called from a handler or `onRequest`, which it then does not wait for:
     * that one goes on after the call, and is cancelled at the deadline like the others. Called again
     * it does the same; the earliest deadline counts. Both times are real time, whatever the clock of
     * the caller's dispatcher.
     *
     * @param code 1001, or 1012 to say that the service will be back
     */
    public suspend fun stop(
        window: Duration = Duration.ZERO,
        deadline: Duration = 10.seconds,
        code: Int = CloseCode.GOING_AWAY,
    )

    /** Suspends until the server has stopped: until [job] completes. */
    public suspend fun join()
}

/**
 * Starts the server unless it was started before, runs [block], and stops the server whatever comes
 * of that: also if it cannot be started.
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
 * Makes a server; [WebSocketServer.start] starts it.
 *
 * ```
 * val server = webSocketServer {
 *     port = 9000
 *     onConnect { for (message in incoming) send(message) }
 * }
 * server.start()
 * ```
 *
 * @param parent the job that the server is a child of, so that cancelling it stops the server
 */
public fun webSocketServer(
    parent: Job? = null,
    configure: WebSocketServerOptions.() -> Unit,
): WebSocketServer = RealWebSocketServer(WebSocketServerOptions().apply(configure), parent)
