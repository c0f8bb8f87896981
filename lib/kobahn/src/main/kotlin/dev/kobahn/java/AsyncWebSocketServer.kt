package dev.kobahn.java

import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.java.JavaThreads
import dev.kobahn.internal.java.RealAsyncWebSocketServer
import dev.kobahn.internal.java.connectionLife
import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.function.Function
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.future.await

/**
 * A WebSocket server for Java: [WebSocketServer] with futures. It listens from [start] to [stop]
 * and cannot be started again. Thread-safe; nothing blocks. It keeps the JVM alive from the start until
 * [awaitStopped] completes; a listener that never returns keeps it alive.
 *
 * ```java
 * class Echo implements WebSocketListener {
 *     @Override
 *     public void onMessage(AsyncWebSocket webSocket, Message message) {
 *         webSocket.send(message);
 *     }
 * }
 *
 * public class EchoServer {
 *     public static void main(String[] arguments) {
 *         AsyncWebSocketServer server = new AsyncWebSocketServer.Builder()
 *             .port(9000)
 *             .onConnect(handshake -> handshake.accept(new Echo()))
 *             .build();
 *         server.start().join();
 *     }
 * }
 * ```
 *
 * What goes wrong comes through the futures, as the very exception ([CompletableFuture.join] wraps
 * it in a `CompletionException`).
 */
public interface AsyncWebSocketServer {
    /** The port it listens at. IllegalStateException before [start]. */
    public fun port(): Int

    /** How many connections are accepted, those in their opening handshake included. */
    public fun connectionCount(): Int

    /**
     * How many handlers run, decisions and listeners of connections that have ended included while
     * they are still at work.
     */
    public fun handlerCount(): Int

    /**
     * Binds the port and accepts connections; the future gives this server once it listens. Cancel
     * the future before that, and nothing is bound. It fails with `IOException` if the port cannot
     * be bound and with [IllegalStateException] if the server was started before.
     */
    public fun start(): CompletableFuture<AsyncWebSocketServer>

    /** Stops as `stop(0, 10, SECONDS, 1001)` does. */
    public fun stop(): CompletableFuture<Void?>

    /**
     * Stops gracefully: accepts no more, answers handshakes that are under way with 503, closes the
     * connections with [code], spread evenly over [window] so that their clients do not all come
     * back at once, and, when [deadline] has passed since the call, drops the connections that are
     * left and cancels their listeners' work. The future completes when everything has ended, but at
     * the deadline at the latest (or a fifth of a second later), also where a listener blocks: then
     * [awaitStopped] is what waits for that. Cancelling the future does at once what is due at the
     * deadline.
     *
     * @param unit that of both times
     * @param code 1001, or 1012 to say that the service will be back
     */
    public fun stop(
        window: Long,
        deadline: Long,
        unit: TimeUnit,
        code: Int,
    ): CompletableFuture<Void?>

    /** As `stop(window, deadline, unit, code)`; not below Android API 26. */
    @UsesJavaTime
    public fun stop(
        window: java.time.Duration,
        deadline: java.time.Duration,
        code: Int,
    ): CompletableFuture<Void?>

    /** Completes when the server has stopped. */
    public fun awaitStopped(): CompletableFuture<Void?>

    /**
     * Makes servers. The options are those of [WebSocketServerOptions], where their defaults are; a
     * value out of range is an [IllegalArgumentException] when it is set. What is built does not
     * change with the builder. Not thread-safe.
     */
    public class Builder : ServerConnectionOptionsBuilder<Builder>() {
        override val tried: WebSocketServerOptions = WebSocketServerOptions().also(::preset)
            @JvmSynthetic get

        /** The name or address to listen at. */
        public fun host(host: String): Builder = set { this.host = host }

        /**
         * The port to listen at; 0 takes a free one, which [AsyncWebSocketServer.port] tells after
         * the start.
         */
        public fun port(port: Int): Builder = set { this.port = port }

        /** The time from the transport's connection to the open WebSocket. */
        public fun openHandshakeTimeout(time: Long, unit: TimeUnit): Builder =
            openHandshakeTimeout(time.toDuration(unit.toDurationUnit()))

        /** As `openHandshakeTimeout(time, unit)`; not below Android API 26. */
        @UsesJavaTime
        public fun openHandshakeTimeout(time: java.time.Duration): Builder =
            openHandshakeTimeout(time.toKotlinDuration())

        private fun openHandshakeTimeout(time: Duration): Builder =
            set { openHandshakeTimeout = time }

        /** Whether short messages leave at once (`TCP_NODELAY`). */
        public fun tcpNoDelay(on: Boolean): Builder = set { tcpNoDelay = on }

        /**
         * How many octets all connections together may hold; 0 is no limit. By default a quarter of
         * the heap's maximum.
         */
        public fun memoryBudget(octets: Long): Builder = set { memoryBudget = octets }

        /** The longest line of an HTTP head. */
        public fun maxHeadLineLength(octets: Int): Builder = set { maxHeadLineLength = octets }

        /** The longest HTTP head. */
        public fun maxHeadSize(octets: Int): Builder = set { maxHeadSize = octets }

        /** How many fields an HTTP head may have. */
        public fun maxHeaders(count: Int): Builder = set { maxHeaders = count }

        /** The `Server` field of responses; null or empty leaves it out. */
        public fun server(server: String?): Builder = set { this.server = server }

        /** Which protocol versions are accepted: 13 is RFC 6455, 8 its late drafts. */
        public fun versions(vararg versions: Int): Builder =
            versions.toList().let { set { this.versions = it } }

        /** The port a `Host` field has to name if it names one; null accepts any. */
        public fun externalPort(port: Int?): Builder = set { externalPort = port }

        /** How many connections there may be at once; further ones get 503. 0 is no limit. */
        public fun maxConnections(count: Int): Builder = set { maxConnections = count }

        /**
         * How many handlers may go on though their connection has ended; over it the one that has gone
         * on longest is cancelled, or new requests get 503. 0 is no limit.
         */
        public fun maxLingeringHandlers(count: Int): Builder = set { maxLingeringHandlers = count }

        /** How many proxies in front of the server add to `X-Forwarded-For`; 0 ignores that header. */
        public fun trustXForwardedFor(proxies: Int): Builder = set { trustXForwardedFor = proxies }

        /** Addresses and ranges of proxies whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`. */
        public fun trustedProxies(vararg ranges: String): Builder = trustedProxies(ranges.asList())

        /** As above. */
        public fun trustedProxies(ranges: List<String>): Builder =
            ranges.toList().let { set { trustedProxies = it } }

        /** How many connections may wait to be accepted; the system has its own limit. */
        public fun backlog(count: Int): Builder = set { backlog = count }

        /**
         * Whether a client that asks for the policy of Flash's sockets gets [flashSocketPolicy].
         */
        public fun serveFlashSocketPolicy(on: Boolean): Builder =
            set { serveFlashSocketPolicy = on }

        /**
         * The policy for Flash, sent in UTF-8; the NUL that ends it is added where it is missing.
         */
        public fun flashSocketPolicy(policy: String): Builder = set { flashSocketPolicy = policy }

        /**
         * What to answer to a valid HTTP request before anything becomes of it, be it an upgrade or
         * not; null lets it go on. An exception is logged and answered with 500.
         */
        public fun onRequest(answer: Function<in HttpRequest, out HttpResponse?>): Builder =
            set { onRequest { answer.apply(it) } }

        /**
         * As [onRequest], with the answer to come. Cancels the stage if nobody waits for it any
         * more: the client has gone, or was answered with 503. A stage that fails or is cancelled is
         * logged and answered with 500.
         */
        public fun onRequestAsync(
            answer: Function<in HttpRequest, out CompletionStage<out HttpResponse?>>,
        ): Builder = set { onRequest { answer.apply(it).await() } }

        /**
         * What becomes of a connection whose path no route matches. Without this it is answered
         * with 404.
         */
        public fun onConnect(
            decide: Function<in OpeningHandshake, out HandshakeDecision>,
        ): Builder = connectionLife { decide.apply(it) }.let { set { onConnect(it) } }

        /**
         * As [onConnect], with the decision to come. A client that has waited for it for
         * `openHandshakeTimeout` gets 503, and the decision comes too late; the stage is cancelled
         * only if the server stops, or more than `maxLingeringHandlers` such decisions are to come.
         */
        public fun onConnectAsync(
            decide: Function<in OpeningHandshake, out CompletionStage<out HandshakeDecision>>,
        ): Builder = connectionLife { decide.apply(it).await() }.let { set { onConnect(it) } }

        /**
         * What becomes of connections to [path]: segments separated by `/`, where `{name}` stands
         * for any one segment and `{name...}` at the end for all the rest, see
         * [OpeningHandshake.pathParameters]. The first route that matches serves the connection.
         */
        public fun route(
            path: String,
            decide: Function<in OpeningHandshake, out HandshakeDecision>,
        ): Builder = route(path, connectionLife { decide.apply(it) })

        /** As [route], with the decision to come, see [onConnectAsync]. */
        public fun routeAsync(
            path: String,
            decide: Function<in OpeningHandshake, out CompletionStage<out HandshakeDecision>>,
        ): Builder = route(path, connectionLife { decide.apply(it).await() })

        /** A route with options of its own. Later changes of [route] count for nothing. */
        public fun route(route: AsyncRoute): Builder {
            val configure = route.copied()
            return set { route(route.path) { configure(this) } }
        }

        private fun route(path: String, life: suspend ServerWebSocket.() -> Unit): Builder =
            set { route(path) { onConnect(life) } }

        /** A server that has yet to be started. */
        public fun build(): AsyncWebSocketServer {
            val options = WebSocketServerOptions().also(::preset).also(::applyTo)
            val loops = EventLoopGroup.keepingAlive
            return RealAsyncWebSocketServer(RealWebSocketServer(options, parent = null, loops))
        }

        private fun preset(options: WebSocketServerOptions) {
            options.handlerDispatcher = JavaThreads.servers
        }

        private fun set(change: WebSocketServerOptions.() -> Unit): Builder =
            change { (it as WebSocketServerOptions).change() }
    }
}
