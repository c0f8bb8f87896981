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
 * The options that a server has and each of its routes may have its own of, named as in
 * [ServerConnectionOptions], where their defaults are. Not thread-safe.
 */
public sealed class ServerConnectionOptionsBuilder<B : ServerConnectionOptionsBuilder<B>> :
    WebSocketOptionsBuilder<B>() {
    /** The subprotocols spoken, the one liked best first. */
    public fun protocols(vararg protocols: String): B = protocols(protocols.asList())

    /** The subprotocols spoken, the one liked best first. */
    public fun protocols(protocols: List<String>): B =
        protocols.toList().let { set { this.protocols = it } }

    /** Further fields of every 101 response. */
    public fun headers(headers: Headers): B = set { this.headers = headers }

    /**
     * The origins whose pages may connect, as a browser writes them: `https://app.example.com`, with a
     * port where it is not the scheme's default. `*` stands for any run of characters, `*` alone for
     * every page, and `same-origin`, the default, for the host that was asked. Each page a user visits
     * can connect with the user's cookies, so think twice before you allow all. Requests without an
     * origin do not come from a page and are always allowed.
     */
    public fun allowedOrigins(vararg origins: String): B = allowedOrigins(origins.asList())

    /** As above. */
    public fun allowedOrigins(origins: List<String>): B =
        origins.toList().let { set { allowedOrigins = it } }

    /** Whether the origin `null` is allowed, which sandboxed pages and local files have. */
    public fun allowNullOrigin(on: Boolean): B = set { allowNullOrigin = on }

    /** Whether a frame of a client must be masked, as RFC 6455 section 5.1 demands. */
    public fun requireMaskedClientFrames(on: Boolean): B = set { requireMaskedClientFrames = on }

    /** Whether sent frames are masked, which RFC 6455 section 5.1 forbids. */
    public fun maskServerFrames(on: Boolean): B = set { maskServerFrames = on }

    /**
     * How long the client has to end the transport once both Close frames are exchanged. Zero is no
     * limit.
     */
    public fun dropTimeout(time: Long, unit: TimeUnit): B =
        dropTimeout(time.toDuration(unit.toDurationUnit()))

    /** As `dropTimeout(time, unit)`; not below Android API 26. */
    @UsesJavaTime
    public fun dropTimeout(time: java.time.Duration): B = dropTimeout(time.toKotlinDuration())

    private fun dropTimeout(time: Duration): B = set { dropTimeout = time }

    /** Whether a request that asks for no WebSocket gets a status page rather than 426. */
    public fun webStatus(on: Boolean): B = set { webStatus = on }

    /** The origins the status page may send a browser to, as patterns; any other target is 400. */
    public fun allowedRedirects(vararg origins: String): B = allowedRedirects(origins.asList())

    /** As above. */
    public fun allowedRedirects(origins: List<String>): B =
        origins.toList().let { set { allowedRedirects = it } }

    /**
     * What picks one of a client's offers of compression: it gets all that can be read, in their
     * order, and accepts one of them; null is no compression. An exception is answered with 500. It
     * runs on the event loop of the connection and must not block. Excludes `perMessageDeflate`.
     */
    public fun perMessageCompressionAccept(
        accept: Function<in List<PerMessageCompressOffer>, out PerMessageCompressOfferAccept?>?,
    ): B {
        val acceptor = accept?.let { { offers: List<PerMessageCompressOffer> -> it.apply(offers) } }
        return set { perMessageCompressionAccept = acceptor }
    }

    /**
     * Further extensions, in the order in which they transform what is sent, after compression. One
     * that needs a reserved bit that is taken is left out.
     */
    public fun extensions(vararg extensions: ServerExtension): B = extensions(extensions.asList())

    /** As above. */
    public fun extensions(extensions: List<ServerExtension>): B =
        extensions.toList().let { set { this.extensions = it } }

    /**
     * Where listeners and the functions given here are called, see [WebSocketListener] for the
     * default. Who waits for a future in a listener keeps a thread, and futures complete on this
     * executor, too: it needs more threads than listeners that wait at once. It must take every task
     * until the server has stopped; the server does not shut it down.
     */
    override fun executor(executor: Executor): B =
        executor.asCoroutineDispatcher().let { set { handlerDispatcher = it } }

    /**
     * Has listeners and the functions given here called on the event loop of the connection. That is
     * fastest, for nothing is handed from thread to thread, and forbids whatever blocks: the other
     * connections of the loop would stand still. Waiting there for a future of this library throws
     * [IllegalStateException]. The opposite of [executor]; the later call counts.
     */
    public fun onEventLoop(): B = set { handlerDispatcher = null }

    private fun set(change: ServerConnectionOptions.() -> Unit): B =
        change { (it as ServerConnectionOptions).change() }
}
