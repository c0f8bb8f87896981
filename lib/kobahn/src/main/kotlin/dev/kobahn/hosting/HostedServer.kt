package dev.kobahn.hosting

import dev.kobahn.Route
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.server.RealHostedServer
import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.internal.server.RouteConfig
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.ResponseHead
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job

/**
 * A WebSocket server without a port: another server, the host, accepts the connections and hands
 * them over. In all else it is a [WebSocketServer][dev.kobahn.WebSocketServer]: the checks of the
 * opening handshake, routes, handlers, limits, the memory budget, Pings and [stop] are the same.
 * Created by [hostedServer]. Thread-safe.
 *
 * A host that has read nothing yet calls [accept] with the stream. A host that has read the head of
 * the request calls [accept] with the head and the stream, if Kobahn shall write the answer into
 * the stream, or else [answer], and writes the answer itself.
 */
public interface HostedServer {
    /** The number of connections, as in [dev.kobahn.WebSocketServer.connectionCount]. */
    public val connectionCount: Int

    /** The number of running handlers, as in [dev.kobahn.WebSocketServer.handlerCount]. */
    public val handlerCount: Int

    /** The parent of everything the server runs, as in [dev.kobahn.WebSocketServer.job]. */
    public val job: Job

    /**
     * Takes over [stream] from the first byte of the request on. Returns at once. After [stop] the
     * stream is closed.
     */
    public fun accept(stream: ByteStream, details: StreamDetails)

    /**
     * Takes over [stream], which continues behind the head of [request], and writes the answer, 101
     * or plain HTTP, into it. Returns at once. After [stop] the stream is closed.
     */
    public fun accept(request: HostedRequest, stream: ByteStream)

    /**
     * Decides about [request], for a host that writes the answer itself. Suspends until the handler
     * has accepted or denied, at most for `openHandshakeTimeout`; then the answer is a 503.
     * Cancellation ends the connection.
     */
    public suspend fun answer(request: HostedRequest): HostedAnswer

    /**
     * Makes a route for a host that has routes of its own and names one in its [HostedRequest]. The
     * options that [configure] does not set are the server's, and so is the handler. From any
     * thread, at any time.
     */
    public fun route(configure: Route.() -> Unit): HostedRoute

    /** Stops gracefully, as [dev.kobahn.WebSocketServer.stop] does. */
    public suspend fun stop(
        window: Duration = Duration.ZERO,
        deadline: Duration = 10.seconds,
        code: Int = CloseCode.GOING_AWAY,
    )

    /** Suspends until the server has stopped and [job] has completed. */
    public suspend fun join()
}

/** A route that a host chooses, made by [HostedServer.route]. Immutable. */
public class HostedRoute internal constructor(@get:JvmSynthetic internal val config: RouteConfig)

/** The answer to a request that a host has read, see [HostedServer.answer]. */
public sealed class HostedAnswer {
    /**
     * The connection is refused, or it gets a page: the host sends [response], and Kobahn has
     * nothing more to do with it.
     */
    public class Plain internal constructor(public val response: HttpResponse) : HostedAnswer() {
        override fun toString(): String = response.toString()
    }

    /**
     * The WebSocket is open. The host sends the head [response], whose status is 101, and then
     * hands over the stream by [attach]. It has `openHandshakeTimeout` for that. What the handler
     * sends meanwhile waits, within the usual bounds.
     */
    public abstract class Upgrade internal constructor(public val response: ResponseHead) :
        HostedAnswer() {
        /**
         * Hands over [stream], which begins behind the head of the request and that of [response].
         * Called once. If the connection has ended meanwhile, the stream is closed.
         *
         * @throws IllegalStateException if a stream was attached before
         */
        public abstract fun attach(stream: ByteStream)

        /** Ends the connection, because the host could not send the response. From any thread. */
        public abstract fun close()

        override fun toString(): String = response.toString()
    }
}

/**
 * Creates a server for the connections of a host. It runs until [HostedServer.stop]. The options
 * that are about listening, such as `host` and `port`, have no effect, nor have `headLimits` where
 * the host reads the head.
 *
 * ```
 * val server = hostedServer { onConnect { for (message in incoming) send(message) } }
 * server.accept(BlockingByteStream.of(socket, executor), StreamDetails.of(socket.remoteSocketAddress))
 * ```
 *
 * @param parent the parent job of the server: cancelling it stops the server
 */
public fun hostedServer(
    parent: Job? = null,
    configure: WebSocketServerOptions.() -> Unit,
): HostedServer =
    RealHostedServer(RealWebSocketServer(WebSocketServerOptions().apply(configure), parent))
