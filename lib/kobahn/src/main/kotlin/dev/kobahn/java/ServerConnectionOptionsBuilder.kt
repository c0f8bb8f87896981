package dev.kobahn.java

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.handshake.Headers
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.function.Function
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.asCoroutineDispatcher

/**
 * The options of a server that a route can override. The names and defaults are those of
 * [ServerConnectionOptions]. Not thread-safe.
 */
public sealed class ServerConnectionOptionsBuilder<B : ServerConnectionOptionsBuilder<B>> :
    WebSocketOptionsBuilder<B>() {
    /** Sets the subprotocols of the server, in order of preference. */
    public fun protocols(vararg protocols: String): B = protocols(protocols.asList())

    /** Sets the subprotocols of the server, in order of preference. */
    public fun protocols(protocols: List<String>): B =
        protocols.toList().let { set { this.protocols = it } }

    /** Sets additional header fields of every 101 response. */
    public fun headers(headers: Headers): B = set { this.headers = headers }

    /**
     * Sets the origins whose pages may connect, in the form that browsers send:
     * `https://app.example.com`, with a port unless it is the default of the scheme. `*` matches
     * any run of characters, and `*` alone every page. `same-origin`, the default, stands for the
     * host of the request. Each page a user visits can connect with the user's cookies, so think
     * twice before you allow all pages. Requests without an origin do not come from a page and are
     * always allowed.
     */
    public fun allowedOrigins(vararg origins: String): B = allowedOrigins(origins.asList())

    /** Sets the origins whose pages may connect. Otherwise like the overload for an array. */
    public fun allowedOrigins(origins: List<String>): B =
        origins.toList().let { set { allowedOrigins = it } }

    /**
     * Sets whether the origin `null` is allowed, which browsers send for sandboxed pages and local
     * files.
     */
    public fun allowNullOrigin(on: Boolean): B = set { allowNullOrigin = on }

    /** Sets whether the frames of clients must be masked, as RFC 6455 section 5.1 demands. */
    public fun requireMaskedClientFrames(on: Boolean): B = set { requireMaskedClientFrames = on }

    /** Sets whether frames to clients are masked, which RFC 6455 section 5.1 forbids. */
    public fun maskServerFrames(on: Boolean): B = set { maskServerFrames = on }

    /**
     * Sets the time limit for the client to close the transport after both Close frames were
     * exchanged. Zero is no limit.
     */
    public fun dropTimeout(time: Long, unit: TimeUnit): B =
        dropTimeout(time.toDuration(unit.toDurationUnit()))

    /**
     * Sets the time limit as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `dropTimeout(time, unit)`.
     */
    @UsesJavaTime
    public fun dropTimeout(time: java.time.Duration): B = dropTimeout(time.toKotlinDuration())

    private fun dropTimeout(time: Duration): B = set { dropTimeout = time }

    /**
     * Sets whether a request without an upgrade to WebSocket gets a status page instead of 426.
     */
    public fun webStatus(on: Boolean): B = set { webStatus = on }

    /**
     * Sets the allowed targets for redirects by the status page, as patterns; any other target gets
     * 400.
     */
    public fun allowedRedirects(vararg origins: String): B = allowedRedirects(origins.asList())

    /** Sets the allowed targets for redirects. Otherwise like the overload for an array. */
    public fun allowedRedirects(origins: List<String>): B =
        origins.toList().let { set { allowedRedirects = it } }

    /**
     * Sets the function that chooses among a client's offers of compression. It gets all valid
     * offers in their order and accepts one of them or returns null for no compression. An
     * exception is answered with 500. The function runs on the event loop of the connection and
     * must not block. Excludes `perMessageDeflate`.
     */
    public fun perMessageCompressionAccept(
        accept: Function<in List<PerMessageCompressOffer>, out PerMessageCompressOfferAccept?>?,
    ): B {
        val acceptor = accept?.let { { offers: List<PerMessageCompressOffer> -> it.apply(offers) } }
        return set { perMessageCompressionAccept = acceptor }
    }

    /**
     * Sets additional extensions, in the order in which they transform sent messages, after
     * compression. An extension that needs an RSV bit already in use is left out.
     */
    public fun extensions(vararg extensions: ServerExtension): B = extensions(extensions.asList())

    /** Sets additional extensions. Otherwise like the overload for an array. */
    public fun extensions(extensions: List<ServerExtension>): B =
        extensions.toList().let { set { this.extensions = it } }

    /**
     * Sets the executor that calls listeners and the functions given to this builder; see
     * [WebSocketListener] for the default. A listener that waits for a future keeps a thread, and
     * futures complete on this executor too: it needs more threads than the number of listeners
     * that wait at once. It must accept every task until the server has stopped. The server does
     * not shut it down.
     */
    override fun executor(executor: Executor): B =
        executor.asCoroutineDispatcher().let { set { handlerDispatcher = it } }

    /**
     * Calls listeners and the functions given to this builder on the event loop of the connection.
     * That is the fastest choice, because no thread hands over to another, but nothing there may
     * block: the other connections of the loop would stand still. Waiting there for a future of
     * this library throws [IllegalStateException]. The opposite of [executor]; the later call
     * applies.
     */
    public fun onEventLoop(): B = set { handlerDispatcher = null }

    private fun set(change: ServerConnectionOptions.() -> Unit): B =
        change { (it as ServerConnectionOptions).change() }
}
