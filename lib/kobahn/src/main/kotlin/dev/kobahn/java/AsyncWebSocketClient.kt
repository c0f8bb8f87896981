package dev.kobahn.java

import dev.kobahn.CookieJar
import dev.kobahn.HandshakeException
import dev.kobahn.HostResolver
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.HostedHandshake
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.internal.java.JavaThreads
import dev.kobahn.internal.java.RealAsyncWebSocketClient
import dev.kobahn.internal.transport.BlockingResolver
import dev.kobahn.protocol.extension.ClientExtension
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.proxy.ProxyChoice
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.tls.TlsClientOptions
import dev.kobahn.webSocketClient
import java.io.UncheckedIOException
import java.net.InetAddress
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.function.BiFunction
import java.util.function.Consumer
import java.util.function.Function
import java.util.function.Supplier
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.future.await

/**
 * A client of WebSocket servers for Java: [WebSocketClient] with futures. It may open any number of
 * connections, at once and one after another. Thread-safe; no method blocks. It holds no resources
 * while no connection is open; call [close] only to end all connections.
 *
 * ```java
 * class Printer implements WebSocketListener {
 *     @Override
 *     public void onText(AsyncWebSocket webSocket, String text) {
 *         System.out.println(text);
 *         webSocket.close();
 *     }
 * }
 *
 * public class Hello {
 *     public static void main(String[] arguments) {
 *         AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().build();
 *         client.connect("ws://localhost:9000/", new Printer())
 *             .thenCompose(webSocket -> {
 *                 webSocket.send("hello");
 *                 return webSocket.awaitClosed();
 *             })
 *             .join();
 *     }
 * }
 * ```
 *
 * The `join` at the end keeps the program alive, which a client does not, and throws failures such
 * as "Connection refused": a future that is dropped reports nothing.
 */
public interface AsyncWebSocketClient {
    /**
     * Connects to [url] for [listener]. The future completes with the open connection once `onOpen`
     * has returned. Its dependent stages run in parallel with the listener, which may get messages
     * before them. Cancelling the future before that closes the transport.
     *
     * The future fails, with the original exception, in these cases: with [HandshakeException] if
     * the server refuses, breaks the handshake, or takes longer than `openHandshakeTimeout`; with
     * `ProxyException` if a proxy cannot be reached or refuses; with `IOException` if the server
     * cannot be reached; with [IllegalArgumentException] if [url] is no
     * WebSocket URL. It is cancelled if this client is closed.
     */
    public fun connect(
        url: String,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket>

    /** Connects to [url] for [listener]. Otherwise like `connect(String, listener)`. */
    public fun connect(
        url: WebSocketUrl,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket>

    /**
     * Opens a WebSocket for [listener] over [stream], which leads to the server of [url]: a tunnel of
     * your own, or a socket of another library. If the future fails, the stream is closed. Otherwise
     * like `connect(String, listener)`.
     */
    public fun connectOver(
        stream: ByteStream,
        details: StreamDetails,
        url: WebSocketUrl,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket>

    /**
     * Returns an opening handshake for another HTTP client to make: it sends
     * [HostedHandshake.request], and [openOver] checks the answer that it got.
     */
    public fun handshakeFor(url: WebSocketUrl): CompletableFuture<HostedHandshake>

    /**
     * Opens the WebSocket of [handshake] for [listener] over [stream], which continues behind the
     * head of [response]. The future fails with [HandshakeException] if [response] does not open a
     * WebSocket; then the stream is closed. Otherwise like `connect(String, listener)`.
     */
    public fun openOver(
        handshake: HostedHandshake,
        response: ResponseHead,
        stream: ByteStream,
        details: StreamDetails,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket>

    /**
     * Connects to [url] for [listener], and again when the connection ends for a reason that passes,
     * until the result or this client is closed. The listener serves one connection after the
     * other: `onOpen` resubscribes and resumes, and messages that wait are sent when it has
     * returned. `Builder.reconnect` has the options.
     *
     * @throws IllegalArgumentException if [url] is no WebSocket URL
     */
    public fun reconnecting(url: String, listener: WebSocketListener): AsyncReconnectingWebSocket

    /**
     * Connects to the URL that [url] gives for each attempt, with a fresh token for instance, and
     * tells each change to [onState]. That must not block; an exception of it is logged. It learns of
     * the end of a connection at once, perhaps before the listener, which gets its messages first;
     * the next connection waits for the listener's `onClose`. Otherwise like
     * `reconnecting(String, listener)`.
     */
    public fun reconnecting(
        url: Supplier<out CompletionStage<WebSocketUrl>>,
        listener: WebSocketListener,
        onState: Consumer<in ReconnectState>,
    ): AsyncReconnectingWebSocket

    /**
     * Closes all connections with 1001; no further connection can be made. The future completes
     * when they have ended. It does not wait for running methods of listeners, so these may wait
     * for the future; `onClose` is called when the method has returned. The hooks `onConnecting`
     * and `onConnect` must not wait for the future, because it waits for them.
     */
    public fun close(): CompletableFuture<Void?>

    /**
     * Builds clients. The options and their defaults are those of [WebSocketClientOptions]. Setting
     * a value out of range throws [IllegalArgumentException]. Later changes of the builder do not
     * affect a built client. Not thread-safe.
     */
    public class Builder : WebSocketOptionsBuilder<Builder>() {
        override val tried: WebSocketClientOptions = WebSocketClientOptions()
            @JvmSynthetic get

        /** Sets the time limit from the call of `connect` to the open connection. */
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

        /** Sets whether the system probes idle connections; null keeps its default. */
        public fun tcpKeepAlive(on: Boolean?): Builder = set { tcpKeepAlive = on }

        /** Sets the system's receive buffer of a connection in bytes; null keeps its default. */
        public fun receiveBufferSize(bytes: Int?): Builder = set { receiveBufferSize = bytes }

        /** Sets the system's send buffer of a connection in bytes; null keeps its default. */
        public fun sendBufferSize(bytes: Int?): Builder = set { sendBufferSize = bytes }

        /** Sets the lookup of host names; null, the default, asks the system. */
        public fun resolver(resolver: HostResolver?): Builder = set { this.resolver = resolver }

        /**
         * Sets a function that looks up host names and may block. It runs on `Dispatchers.IO`. If it
         * takes longer than `openHandshakeTimeout`, nobody waits for its end. An empty list says that
         * there is no address; other failures come in an [UncheckedIOException], whose cause fails
         * `connect`.
         */
        public fun resolveBlocking(resolve: Function<in String, out List<InetAddress>>): Builder =
            set { resolver = BlockingResolver { checked { resolve.apply(it) } } }

        private fun <T> checked(call: () -> T): T = try {
            call()
        } catch (unchecked: UncheckedIOException) {
            throw unchecked.cause!!
        }

        /**
         * Sets a function that looks up host names asynchronously. `openHandshakeTimeout` includes
         * it. The stage is cancelled if its result is no longer needed.
         */
        public fun resolveAsync(
            resolve: Function<in String, out CompletionStage<out List<InetAddress>>>,
        ): Builder = set { resolver = HostResolver { resolve.apply(it).await() } }

        /**
         * Sets the proxy: a `ProxyServer`, or a choice such as `Proxies.system()`. Null, the
         * default, connects directly, whatever the environment and the system say.
         */
        public fun proxy(proxy: ProxyChoice?): Builder = set { this.proxy = proxy }

        /**
         * Sets a function that chooses the proxy of each connection; null is none. It is called by
         * the executor and must not block: [proxyForAsync] is for that.
         */
        public fun proxyFor(choose: Function<in WebSocketUrl, out ProxyServer?>): Builder =
            set { proxy = ProxyChoice { choose.apply(it) } }

        /**
         * Sets a function that chooses the proxy of each connection asynchronously; the stage may
         * complete with null. `openHandshakeTimeout` includes it. The stage is cancelled if its
         * result is no longer needed.
         */
        public fun proxyForAsync(
            choose: Function<in WebSocketUrl, out CompletionStage<out ProxyServer?>>,
        ): Builder = set { proxy = ProxyChoice { choose.apply(it).await() } }

        /**
         * Sets the number of bytes that all connections together may hold; 0 is no limit. Default:
         * a quarter of the maximum heap size.
         */
        public fun memoryBudget(bytes: Long): Builder = set { memoryBudget = bytes }

        /** Sets the limits of the HTTP heads that servers send. */
        public fun headLimits(limits: HeadLimits): Builder = set { headLimits = limits }

        /** Sets the `Origin` field of the request, verbatim; null leaves it out. */
        public fun origin(origin: String?): Builder = set { this.origin = origin }

        /** Sets the `User-Agent` field of the request; null or empty leaves it out. */
        public fun userAgent(userAgent: String?): Builder = set { this.userAgent = userAgent }

        /**
         * Sets the number of redirects that a connection follows, 0 to 10. Credentials are left out
         * from the first redirect to another server on. Default: 0.
         */
        public fun maxRedirects(count: Int): Builder = set { maxRedirects = count }

        /** Sets what keeps cookies from one connection to the next; null keeps none. */
        public fun cookies(jar: CookieJar?): Builder = set { cookies = jar }

        /**
         * Sends [user] and [password] as Basic authentication (RFC 7617). Credentials in the URL
         * take precedence.
         */
        public fun basicAuth(user: String, password: String): Builder =
            set { basicAuth(user, password) }

        /**
         * Sends a token (RFC 6750), which [token] returns for each request. An exception of it fails
         * the future of `connect`. Credentials in the URL take precedence.
         */
        public fun bearerAuth(token: Supplier<String>): Builder = set { bearerAuth { token.get() } }

        /**
         * Sends a token that comes asynchronously; `openHandshakeTimeout` includes it. Otherwise
         * like [bearerAuth].
         */
        public fun bearerAuthAsync(token: Supplier<out CompletionStage<String>>): Builder =
            set { bearerAuth { token.get().await() } }

        /**
         * Sets how connections are made anew that [AsyncWebSocketClient.reconnecting] makes.
         */
        public fun reconnect(configure: Consumer<in ReconnectOptionsBuilder>): Builder =
            set { configure.accept(ReconnectOptionsBuilder(this)) }

        /** Sets the version of the protocol: 13 is RFC 6455, 8 its drafts before that. */
        public fun version(version: Int): Builder = set { this.version = version }

        /**
         * Changes the TLS of `wss` URLs by the settings of [configure]. Calls the function now and
         * once more for each client that is built, and starts with the values set before.
         */
        public fun tls(configure: Consumer<in TlsClientOptions>): Builder =
            set { tls { configure.accept(this) } }

        /**
         * Sets options that this builder has no method for, such as those of `dev.kobahn.autobahn`.
         * Calls [change] now and once more for each client that is built.
         */
        public fun configure(change: Consumer<in WebSocketClientOptions>): Builder =
            set { change.accept(this) }

        /** Sets additional extensions, offered after compression, in this order. */
        public fun extensions(vararg extensions: ClientExtension): Builder =
            extensions.toList().let { set { this.extensions = it } }

        /**
         * Sets a function that prepares the request of each connection. It is called when the
         * transport is connected and before anything is sent, with the request made from the URL
         * and the options. If the function returns null, that request is sent; another request is
         * sent unchanged. An exception closes the transport and fails the future of `connect`.
         */
        public fun onConnecting(
            ask: BiFunction<in TransportDetails, in ConnectingRequest, out ConnectingRequest?>,
        ): Builder = set { onConnecting { ask.apply(it, this) } }

        /**
         * Sets a function that prepares the request asynchronously; the stage may complete with
         * null. `openHandshakeTimeout` includes it. The stage is cancelled if its result is no
         * longer needed. Otherwise like [onConnecting].
         */
        public fun onConnectingAsync(
            ask: BiFunction<
                in TransportDetails,
                in ConnectingRequest,
                out CompletionStage<out ConnectingRequest?>,
                >,
        ): Builder = set { onConnecting { ask.apply(it, this).await() } }

        /**
         * Sets a function that checks the server's valid response before the listener is called. An
         * exception closes the connection with 1000 and the exception's message, or drops it if
         * `failByDrop` is set, and fails the future of `connect`.
         */
        public fun onConnect(judge: Consumer<in ConnectionResponse>): Builder =
            set { onConnect { judge.accept(it) } }

        /**
         * Sets a function that checks the response asynchronously. The connection continues when
         * the stage is complete. Otherwise like [onConnect].
         */
        public fun onConnectAsync(
            judge: Function<in ConnectionResponse, out CompletionStage<*>>,
        ): Builder = set { onConnect { judge.apply(it).await() } }

        /** Returns a client with these options. */
        public fun build(): AsyncWebSocketClient = RealAsyncWebSocketClient(
            webSocketClient { applyTo(this) },
            dispatcher ?: JavaThreads.clients,
        )

        private fun set(change: WebSocketClientOptions.() -> Unit): Builder =
            change { (it as WebSocketClientOptions).change() }
    }
}
