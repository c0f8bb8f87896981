package dev.kobahn.java

import dev.kobahn.HandshakeException
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.internal.java.JavaThreads
import dev.kobahn.internal.java.RealAsyncWebSocketClient
import dev.kobahn.protocol.extension.ClientExtension
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.webSocketClient
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.function.BiFunction
import java.util.function.Consumer
import java.util.function.Function
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.future.await

/**
 * Connects Java applications to WebSocket servers: [WebSocketClient] with futures. One serves any
 * number of connections, at once and one after another. Thread-safe; nothing blocks. It holds
 * nothing while no connection is open; [close] is only needed to end them all.
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
 * The `join` at the end keeps the program alive, which a client does not, and throws what went
 * wrong, such as "Connection refused": a future that is dropped says nothing.
 */
public interface AsyncWebSocketClient {
    /**
     * Connects to [url] for [listener]. The future gives the open connection once `onOpen` has
     * returned, and what depends on it runs beside the listener, which may get messages before;
     * cancelling it before that closes whatever was opened. It fails, as the very
     * exception, with [HandshakeException] if the server refuses, breaks the handshake, or takes
     * longer than `openHandshakeTimeout`; with `IOException` if the server cannot be reached; with
     * [IllegalArgumentException] if [url] is no WebSocket URL; and it is cancelled if this client
     * is closed.
     */
    public fun connect(
        url: String,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket>

    /** As `connect(String, listener)`. */
    public fun connect(
        url: WebSocketUrl,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket>

    /**
     * Closes all connections with 1001 and connects no more; the future completes when they have
     * ended. A listener whose method runs does not hold that up, and may wait for the future itself;
     * its `onClose` comes when the method has returned. The hooks `onConnecting` and `onConnect`
     * must not wait for it: it waits for them.
     */
    public fun close(): CompletableFuture<Void?>

    /**
     * Makes clients. The options are those of [WebSocketClientOptions], where their defaults are; a
     * value out of range is an [IllegalArgumentException] when it is set. What is built does not
     * change with the builder. Not thread-safe.
     */
    public class Builder : WebSocketOptionsBuilder<Builder>() {
        private var dispatcher: CoroutineDispatcher = JavaThreads.clients

        override val tried: WebSocketClientOptions = WebSocketClientOptions()
            @JvmSynthetic get

        /** The subprotocols offered, the one liked best first. */
        public fun protocols(vararg protocols: String): Builder = protocols(protocols.asList())

        /** The subprotocols offered, the one liked best first. */
        public fun protocols(protocols: List<String>): Builder =
            protocols.toList().let { set { this.protocols = it } }

        /** Further fields of the request. */
        public fun headers(headers: Headers): Builder = set { this.headers = headers }

        /** The time from the call of `connect` to the open WebSocket. */
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

        /** The `Origin` field of the request, verbatim; null leaves it out. */
        public fun origin(origin: String?): Builder = set { this.origin = origin }

        /** The `User-Agent` field of the request; null or empty leaves it out. */
        public fun useragent(useragent: String?): Builder = set { this.useragent = useragent }

        /** The draft to speak: 18 is RFC 6455, 10 to 17 are those before it. */
        public fun version(version: Int): Builder = set { this.version = version }

        /** Whether masked frames of a server are taken, which RFC 6455 section 5.1 forbids. */
        public fun acceptMaskedServerFrames(on: Boolean): Builder =
            set { acceptMaskedServerFrames = on }

        /** Whether sent frames are masked, as RFC 6455 section 5.1 demands. */
        public fun maskClientFrames(on: Boolean): Builder = set { maskClientFrames = on }

        /**
         * How long the server has to end the transport once both Close frames are exchanged. Zero
         * is no limit.
         */
        public fun serverConnectionDropTimeout(time: Long, unit: TimeUnit): Builder =
            serverConnectionDropTimeout(time.toDuration(unit.toDurationUnit()))

        /** As `serverConnectionDropTimeout(time, unit)`; not below Android API 26. */
        @UsesJavaTime
        public fun serverConnectionDropTimeout(time: java.time.Duration): Builder =
            serverConnectionDropTimeout(time.toKotlinDuration())

        private fun serverConnectionDropTimeout(time: Duration): Builder =
            set { serverConnectionDropTimeout = time }

        /**
         * The compressions offered, the one liked best first; several of one name are fallbacks of
         * each other. Excludes `perMessageDeflate`.
         */
        public fun perMessageCompressionOffers(vararg offers: PerMessageCompressOffer): Builder =
            perMessageCompressionOffers(offers.asList())

        /** As above. */
        public fun perMessageCompressionOffers(offers: List<PerMessageCompressOffer>): Builder =
            offers.toList().let { set { perMessageCompressionOffers = it } }

        /**
         * What decides on the server's answer to the offers, if it fits one of them: null fails the
         * handshake, and an exception fails the future of `connect`. It runs on the event loop of
         * the connection and must not block. Without this every answer that fits is taken.
         */
        public fun perMessageCompressionAccept(
            accept: Function<
                in PerMessageCompressResponse,
                out PerMessageCompressResponseAccept?,
                >?,
        ): Builder {
            val acceptor =
                accept?.let { { response: PerMessageCompressResponse -> it.apply(response) } }
            return set { perMessageCompressionAccept = acceptor }
        }

        /** Further extensions, offered after compression, in this order. */
        public fun extensions(vararg extensions: ClientExtension): Builder =
            extensions(extensions.asList())

        /** As above. */
        public fun extensions(extensions: List<ClientExtension>): Builder =
            extensions.toList().let { set { this.extensions = it } }

        /**
         * What to ask for on each connection, called when the transport is up and nothing was sent,
         * with the request that the URL and the options make: null sends that, another one is sent
         * as it is. An exception ends the transport and fails the future of `connect`.
         */
        public fun onConnecting(
            ask: BiFunction<in TransportDetails, in ConnectingRequest, out ConnectingRequest?>,
        ): Builder = set { onConnecting { ask.apply(it, this) } }

        /**
         * As [onConnecting], with the request to come, null too; `openHandshakeTimeout` covers it.
         * The stage is cancelled if nobody waits for it any more.
         */
        public fun onConnectingAsync(
            ask: BiFunction<
                in TransportDetails,
                in ConnectingRequest,
                out CompletionStage<out ConnectingRequest?>,
                >,
        ): Builder = set { onConnecting { ask.apply(it, this).await() } }

        /**
         * What to do with the server's answer, once it was found valid and before the listener is
         * told of the connection. An exception closes that with 1000 and its message, or drops it
         * if `failByDrop` says so, and fails the future of `connect`.
         */
        public fun onConnect(judge: Consumer<in ConnectionResponse>): Builder =
            set { onConnect { judge.accept(it) } }

        /** As [onConnect]; the connection goes on when the stage is complete. */
        public fun onConnectAsync(
            judge: Function<in ConnectionResponse, out CompletionStage<*>>,
        ): Builder = set { onConnect { judge.apply(it).await() } }

        /**
         * Where listeners are called, see [WebSocketListener] for the default. Who waits for a
         * future in a listener keeps a thread, and futures complete on this executor, too: it needs
         * more threads than listeners that wait at once. It must take every task until the last
         * connection has ended; the client does not shut it down.
         */
        override fun executor(executor: Executor): Builder = apply {
            dispatcher = executor.asCoroutineDispatcher()
        }

        /** A client with these options. */
        public fun build(): AsyncWebSocketClient =
            RealAsyncWebSocketClient(webSocketClient { applyTo(this) }, dispatcher)

        private fun set(change: WebSocketClientOptions.() -> Unit): Builder =
            change { (it as WebSocketClientOptions).change() }
    }
}
