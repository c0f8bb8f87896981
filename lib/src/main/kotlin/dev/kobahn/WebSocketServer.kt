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

    /** Owns everything the server runs; completes when it has stopped. Cancelling it stops the server abruptly. */
    public val job: Job

    /**
     * Binds the port and accepts connections. Suspends until it listens. Cancelled, nothing is
     * bound.
     *
     * @throws IOException if the port cannot be bound
     * @throws IllegalStateException if it was started before
     */
    public suspend fun start()

    /**
     * Stops gracefully: accepts no more, answers handshakes that are under way with 503, closes the
     * connections with [code], spread evenly over [window] so that their clients do not all come
     * back at once, and drops what is left when [deadline] has passed, counted from the call.
     * Suspends until everything has ended; cancellation drops what is left at once.
     *
     * @param code 1001, or 1012 to say that the service will be back
     */
    public suspend fun stop(
        window: Duration = Duration.ZERO,
        deadline: Duration = 10.seconds,
        code: Int = CloseCode.GOING_AWAY,
    )

    /** Suspends until the server has stopped. */
    public suspend fun join()
}

/** Starts the server, runs [block], and stops the server whatever comes of that. */
public suspend fun <T> WebSocketServer.use(block: suspend (WebSocketServer) -> T): T {
    start()
    try {
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
