package dev.kobahn.java

import dev.kobahn.ListenerOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.java.JavaThreads
import dev.kobahn.internal.java.RealAsyncHostedServer
import dev.kobahn.internal.java.RealAsyncWebSocketServer
import dev.kobahn.internal.java.connectionLife
import dev.kobahn.internal.server.RealHostedServer
import dev.kobahn.internal.server.RealWebSocketServer
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.protocol.handshake.ForwardedField
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.tls.TlsServerOptions
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.function.BiFunction
import java.util.function.Consumer
import java.util.function.Function
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.future.await

/**
 * A WebSocket server for Java: [WebSocketServer] with futures. It listens from [start] to [stop]
 * and cannot be started again. Thread-safe; no method blocks. It keeps the JVM alive from the start
 * until [awaitStopped] completes; a listener that never returns keeps it alive.
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
 * Failures are reported by the futures, as the original exception ([CompletableFuture.join] wraps
 * it in a `CompletionException`).
 */
public interface AsyncWebSocketServer {
    /**
     * Returns the port the server listens on; with several listeners that of the first one on TCP.
     *
     * @throws IllegalStateException before [start], and if the server listens on Unix sockets only
     */
    public fun port(): Int

    /**
     * Returns the addresses the server listens on: `tcp4:127.0.0.1:9000`, `unix:/run/app.sock`.
     *
     * @throws IllegalStateException before [start]
     */
    public fun addresses(): List<String>

    /** Returns the number of accepted connections, including those in their opening handshake. */
    public fun connectionCount(): Int

    /**
     * Returns the number of running handlers, including decisions and listeners that still run
     * after the end of their connection.
     */
    public fun handlerCount(): Int

    /**
     * Binds the port and accepts connections. The future completes with this server once it
     * listens. If the future is cancelled before that, nothing is bound. It fails with
     * `IOException` if the port cannot be bound and with [IllegalStateException] if the server was
     * started before.
     */
    public fun start(): CompletableFuture<AsyncWebSocketServer>

    /** Stops like `stop(0, 10, SECONDS, 1001)`. */
    public fun stop(): CompletableFuture<Void?>

    /**
     * Stops gracefully: accepts no more connections, answers pending handshakes with 503, and
     * closes the connections with [code], spread evenly over [window] so that their clients do not
     * all reconnect at once. When [deadline] has passed since the call, drops the remaining
     * connections and cancels the work of their listeners.
     *
     * The future completes when everything has ended, at the latest a fifth of a second after the
     * deadline, even if a listener blocks; [awaitStopped] waits for such a listener. Cancelling the
     * future does the work of the deadline at once.
     *
     * @param unit the unit of both times
     * @param code 1001, or 1012 to say that the service will be back
     */
    public fun stop(
        window: Long,
        deadline: Long,
        unit: TimeUnit,
        code: Int,
    ): CompletableFuture<Void?>

    /**
     * Stops with times as `java.time.Duration`; not below Android API 26. Otherwise like
     * `stop(window, deadline, unit, code)`.
     */
    @UsesJavaTime
    public fun stop(
        window: java.time.Duration,
        deadline: java.time.Duration,
        code: Int,
    ): CompletableFuture<Void?>

    /** Returns a future that completes when the server has stopped and every listener has returned. */
    public fun awaitStopped(): CompletableFuture<Void?>

    /**
     * Builds servers. The options and their defaults are those of [WebSocketServerOptions]. Setting
     * a value out of range throws [IllegalArgumentException]. Later changes of the builder do not
     * affect a built server. Not thread-safe.
     */
    public class Builder : ServerConnectionOptionsBuilder<Builder>() {
        override val tried: WebSocketServerOptions = WebSocketServerOptions().also(::preset)
            @JvmSynthetic get

        /**
         * Adds a listener on [port], 0 for any free one, of [host]. The server then listens at the
         * `host` and `port` of this builder only if one of them is set.
         */
        public fun listen(host: String, port: Int): Builder = set { listen(port, host) }

        /** Adds a listener with options of its own. Otherwise like `listen(host, port)`. */
        public fun listen(
            host: String,
            port: Int,
            configure: Consumer<in ListenerOptions>,
        ): Builder = set { listen(port, host) { configure.accept(this) } }

        /** Adds a listener at the place of a WebSocket URL. Otherwise like `listen(host, port)`. */
        public fun listen(url: String): Builder = set { listen(url) }

        /**
         * Adds a listener on the Unix domain socket with the file [path]; needs Java 16. The
         * directory of the file decides which users may connect.
         */
        public fun listenUnix(path: String): Builder = set { listenUnix(path) }

        /** Adds a listener with options of its own. Otherwise like `listenUnix(path)`. */
        public fun listenUnix(path: String, configure: Consumer<in ListenerOptions>): Builder =
            set { listenUnix(path) { configure.accept(this) } }

        /**
         * Sets whether several sockets may listen on the same port (`SO_REUSEPORT`). The start
         * fails with `IOException` where the system does not support it.
         */
        public fun reusePort(on: Boolean): Builder = set { reusePort = on }

        /** Sets whether the system probes idle connections; null keeps its default. */
        public fun tcpKeepAlive(on: Boolean?): Builder = set { tcpKeepAlive = on }

        /** Sets the system's receive buffer of a connection in bytes; null keeps its default. */
        public fun receiveBufferSize(bytes: Int?): Builder = set { receiveBufferSize = bytes }

        /** Sets the system's send buffer of a connection in bytes; null keeps its default. */
        public fun sendBufferSize(bytes: Int?): Builder = set { sendBufferSize = bytes }

        /** Sets the name or address to listen on. */
        public fun host(host: String): Builder = set { this.host = host }

        /**
         * Sets the port to listen on. 0 chooses a free port; [AsyncWebSocketServer.port] is its
         * number after the start.
         */
        public fun port(port: Int): Builder = set { this.port = port }

        /** Sets the time limit from the acceptance of the transport to the open connection. */
        public fun openHandshakeTimeout(time: Long, unit: TimeUnit): Builder =
            openHandshakeTimeout(time.toDuration(unit.toDurationUnit()))

        /**
         * Sets the time limit as a `java.time.Duration`; not below Android API 26. Otherwise like
         * `openHandshakeTimeout(time, unit)`.
         */
        @UsesJavaTime
        public fun openHandshakeTimeout(time: java.time.Duration): Builder =
            openHandshakeTimeout(time.toKotlinDuration())

        private fun openHandshakeTimeout(time: Duration): Builder =
            set { openHandshakeTimeout = time }

        /** Sets whether the system sends short messages at once (`TCP_NODELAY`). */
        public fun tcpNoDelay(on: Boolean): Builder = set { tcpNoDelay = on }

        /**
         * Sets the number of bytes that all connections together may hold; 0 is no limit. Default:
         * a quarter of the maximum heap size.
         */
        public fun memoryBudget(bytes: Long): Builder = set { memoryBudget = bytes }

        /** Sets the limits of the HTTP heads that clients send. */
        public fun headLimits(limits: HeadLimits): Builder = set { headLimits = limits }

        /** Sets the `Server` field of responses; null or empty leaves it out. */
        public fun server(server: String?): Builder = set { this.server = server }

        /** Sets the accepted protocol versions: 13 is RFC 6455, 8 its late drafts. */
        public fun versions(vararg versions: Int): Builder =
            versions.toList().let { set { this.versions = it } }

        /** Sets the required port in a `Host` field that has one; null allows any. */
        public fun externalPort(port: Int?): Builder = set { externalPort = port }

        /**
         * Sets the maximum number of connections; further ones get 503, apart from a few that ask
         * for a page. 0 is no limit.
         */
        public fun maxConnections(count: Int): Builder = set { maxConnections = count }

        /**
         * Sets the maximum number of handlers that continue after the end of their connection. If
         * there are more, the handler that has continued longest is cancelled, or new requests get
         * 503. 0 is no limit.
         */
        public fun maxLingeringHandlers(count: Int): Builder = set { maxLingeringHandlers = count }

        /**
         * Sets the number of proxies in front of the server that add to `X-Forwarded-For`; 0
         * ignores that header.
         */
        public fun trustXForwardedFor(proxies: Int): Builder = set { trustXForwardedFor = proxies }

        /**
         * Sets the field in which those proxies name the client; the server ignores the other one.
         */
        public fun forwardedField(field: ForwardedField): Builder = set { forwardedField = field }

        /**
         * Sets the addresses and ranges of proxies that begin each connection with a header of the
         * PROXY protocol, version 1 or 2; `unix` stands for all peers on a Unix socket.
         */
        public fun proxyProtocolFrom(vararg proxies: String): Builder =
            proxies.toList().let { set { proxyProtocolFrom = it } }

        /**
         * Sets the addresses and ranges of proxies whose `X-Forwarded-For` is trusted, such as
         * `10.0.0.0/8`.
         */
        public fun trustedProxies(vararg ranges: String): Builder =
            ranges.toList().let { set { trustedProxies = it } }

        /**
         * Sets the number of connections that may wait to be accepted; the system has its own
         * limit.
         */
        public fun backlog(count: Int): Builder = set { backlog = count }

        /**
         * Turns on TLS with the settings of [configure]: the server then speaks `wss` and `https`
         * only. Calls the function now and once more for each server that is built, and starts
         * with the values set before.
         */
        public fun tls(configure: Consumer<in TlsServerOptions>): Builder =
            set { tls { configure.accept(this) } }

        /**
         * Sets options that this builder has no method for, such as those of `dev.kobahn.autobahn`.
         * Calls [change] now and once more for each server that is built.
         */
        public fun configure(change: Consumer<in WebSocketServerOptions>): Builder =
            set { change.accept(this) }

        /**
         * Sets a function that answers valid HTTP requests, upgrades included, before the server
         * handles them. If it returns null, the server continues. An exception is logged and
         * answered with 500.
         */
        public fun onRequest(answer: Function<in HttpRequest, out HttpResponse?>): Builder =
            set { onRequest { answer.apply(it) } }

        /**
         * Sets a function that is given the server too, with its counts for a health check.
         * Otherwise like `onRequest(Function)`.
         */
        public fun onRequest(
            answer: BiFunction<in AsyncWebSocketServer, in HttpRequest, out HttpResponse?>,
        ): Builder = set { onRequest { answer.apply(RealAsyncWebSocketServer(this), it) } }

        /**
         * Sets a function that answers later. The stage is cancelled if its answer is no longer
         * needed: the client has disconnected, or was answered with 503. A stage that fails or is
         * cancelled is logged and answered with 500. Otherwise like [onRequest].
         */
        public fun onRequestAsync(
            answer: Function<in HttpRequest, out CompletionStage<out HttpResponse?>>,
        ): Builder = set { onRequest { answer.apply(it).await() } }

        /**
         * Sets a function that answers later and is given the server too. Otherwise like
         * `onRequestAsync(Function)`.
         */
        public fun onRequestAsync(
            answer: BiFunction<
                in AsyncWebSocketServer,
                in HttpRequest,
                out CompletionStage<out HttpResponse?>,
                >,
        ): Builder = set { onRequest { answer.apply(RealAsyncWebSocketServer(this), it).await() } }

        /**
         * Sets the function that accepts or denies connections whose path matches no route. Without
         * it such requests get 404.
         */
        public fun onConnect(
            decide: Function<in OpeningHandshake, out HandshakeDecision>,
        ): Builder = connectionLife { decide.apply(it) }.let { set { onConnect(it) } }

        /**
         * Sets a function that decides later. A client that has waited for `openHandshakeTimeout`
         * gets 503, and the decision then has no effect. The stage is cancelled only if the server
         * stops, or if more than `maxLingeringHandlers` such decisions are pending. Otherwise like
         * [onConnect].
         */
        public fun onConnectAsync(
            decide: Function<in OpeningHandshake, out CompletionStage<out HandshakeDecision>>,
        ): Builder = connectionLife { decide.apply(it).await() }.let { set { onConnect(it) } }

        /**
         * Adds a route for [path] and its function that accepts or denies connections. Segments are
         * separated by `/`; `{name}` matches any one segment, and `{name...}` at the end matches
         * the rest, see [OpeningHandshake.pathParameters]. The first matching route serves the
         * connection.
         */
        public fun route(
            path: String,
            decide: Function<in OpeningHandshake, out HandshakeDecision>,
        ): Builder = route(path, connectionLife { decide.apply(it) })

        /**
         * Adds a route whose function decides later, see [onConnectAsync]. Otherwise like [route].
         */
        public fun routeAsync(
            path: String,
            decide: Function<in OpeningHandshake, out CompletionStage<out HandshakeDecision>>,
        ): Builder = route(path, connectionLife { decide.apply(it).await() })

        /** Adds a route with its own options. Later changes of [route] have no effect. */
        public fun route(route: AsyncRoute): Builder {
            val configure = route.copied()
            return set { route(route.path) { configure(this) } }
        }

        private fun route(path: String, life: suspend ServerWebSocket.() -> Unit): Builder =
            set { route(path) { onConnect(life) } }

        /** Returns a server, which is not started yet. */
        public fun build(): AsyncWebSocketServer {
            val options = WebSocketServerOptions().also(::preset).also(::applyTo)
            val loops = EventLoopGroup.keepingAlive
            return RealAsyncWebSocketServer(RealWebSocketServer(options, parent = null, loops))
        }

        /**
         * Returns a server without a port, for the connections of a host, see [AsyncHostedServer]. It
         * runs from now on.
         */
        public fun buildHosted(): AsyncHostedServer {
            val options = WebSocketServerOptions().also(::preset).also(::applyTo)
            return RealAsyncHostedServer(
                RealHostedServer(RealWebSocketServer(options, parent = null)),
            )
        }

        private fun preset(options: WebSocketServerOptions) {
            options.handlerDispatcher = JavaThreads.servers
        }

        private fun set(change: WebSocketServerOptions.() -> Unit): Builder =
            change { (it as WebSocketServerOptions).change() }
    }
}
