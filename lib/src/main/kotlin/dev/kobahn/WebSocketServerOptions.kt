package dev.kobahn

import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.options.headersOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.positiveOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.internal.server.TrustedProxies
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.handshake.AllowedOrigins
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.ServerHandshake
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher

/** The options of a server, see [webSocketServer]. Autobahn: `WebSocketServerFactory`. */
public class WebSocketServerOptions internal constructor() : WebSocketOptions() {
    /** The name or address to listen at. */
    public var host: String by option("localhost")

    /** The port to listen at; 0 takes a free one, which [WebSocketServer.port] tells after the start. */
    public var port: Int by option(0, "0 (any free one) to 65535") { it in 0..MAX_PORT }

    /** The subprotocols the server speaks, the one it likes best first. */
    public var protocols: List<String> by option(emptyList())

    /** Further fields of every 101 response. */
    public var headers: Headers by headersOption()

    /** The `Server` field of responses; null or empty leaves it out. */
    public var server: String? by option("Kobahn")

    /** Which protocol versions are accepted: 13 is RFC 6455, 8 its late drafts. */
    public var versions: List<Int> by option(listOf(8, 13))

    /** The port a `Host` field has to name if it names one; null accepts any. */
    public var externalPort: Int? by option(null)

    /**
     * The origins whose pages may connect, as `scheme://host:port` with the port always written;
     * `*` stands for any run of characters. Requests without an origin do not come from a page and
     * are always allowed.
     */
    public var allowedOrigins: List<String> by option(listOf("*"))

    /** Whether the origin `null` is allowed, which sandboxed pages and local files have. */
    public var allowNullOrigin: Boolean by option(false)

    /** How many connections there may be at once, counted when they are accepted; further ones get 503. 0 is no limit. */
    public var maxConnections: Int by option(0, "0 (no limit) or more") { it >= 0 }

    /**
     * How many proxies stand in front of the server: that many entries from the end of
     * `X-Forwarded-For` were written by them, and the first of those is who asks. Fewer entries, or
     * a peer that is none of [trustedProxies], and the header counts for nothing. 0 ignores it.
     */
    public var trustXForwardedFor: Int by option(0, "0 (off) or more") { it >= 0 }

    /** Addresses and ranges of proxies whose `X-Forwarded-For` is believed; loopback and private ones at first. */
    public var trustedProxies: List<String> by
        option(NEARBY, "addresses or ranges such as 10.0.0.0/8") { it.all(TrustedProxies::isValid) }

    /** Whether a frame of a client must be masked, as RFC 6455 section 5.1 demands. */
    public var requireMaskedClientFrames: Boolean by option(true)

    /** Whether sent frames are masked, which RFC 6455 section 5.1 forbids. */
    public var maskServerFrames: Boolean by option(false)

    /** How long the client has to end the transport once both Close frames are exchanged. Zero is no limit. */
    public var dropTimeout: Duration by timeOption(1.seconds)

    /** How many connections may wait to be accepted; the system has its own limit. */
    public var backlog: Int by positiveOption(511)

    /**
     * Where handlers run. By default each runs on the event loop of its connection, which is
     * fastest, keeps a connection free of races, and forbids blocking calls.
     */
    public var handlerDispatcher: CoroutineDispatcher? by option(null)

    internal var onRequest: (suspend (HttpRequest) -> HttpResponse?)? = null
        private set

    internal val routes = ArrayList<Route>()

    internal var handler: (suspend ServerWebSocket.() -> Unit)? = null
        private set

    /**
     * What to answer to a valid HTTP request before anything becomes of it, be it an upgrade or
     * not; null lets it go on. Suspending is fine; [openHandshakeTimeout] covers it.
     */
    public fun onRequest(answer: suspend (request: HttpRequest) -> HttpResponse?) {
        check(!isFrozen) { "onRequest cannot be changed any more" }
        onRequest = answer
    }

    /**
     * The life of a connection whose path no [route] matches, see [ServerWebSocket]. Without this
     * such a request is answered with 404. Autobahn: `onConnect`, `onOpen`, `onMessage` and
     * `onClose` in one.
     */
    public fun onConnect(handler: suspend ServerWebSocket.() -> Unit) {
        check(!isFrozen) { "onConnect cannot be changed any more" }
        this.handler = handler
    }

    /**
     * What to do with connections to [path]: segments separated by `/`, where `{name}` stands for
     * any one segment, which [ServerWebSocket.pathParameters] then has under that name. The first
     * route that matches serves the connection.
     */
    public fun route(path: String, configure: Route.() -> Unit) {
        check(!isFrozen) { "routes cannot be added any more" }
        routes.add(Route(path).apply(configure))
    }

    /** The handshake for peers whose word on who asks is taken, or not. */
    internal fun handshake(isProxied: Boolean) = ServerHandshake(
        versions,
        AllowedOrigins(allowedOrigins, allowNullOrigin),
        externalPort,
        if (isProxied) trustXForwardedFor else 0,
    )

    override fun connectionConfig(): ConnectionConfig = connectionConfig(
        protocol = ProtocolConfig(
            role = Role.SERVER,
            maxMessagePayloadSize = maxMessagePayloadSize,
            maxFramePayloadSize = maxFramePayloadSize,
            utf8validateIncoming = utf8validateIncoming,
            maskOutgoing = maskServerFrames,
            requireMasked = requireMaskedClientFrames,
            applyMask = applyMask,
            echoCloseCodeReason = echoCloseCodeReason,
        ),
        dropTimeout = dropTimeout,
    )

    private companion object {
        const val MAX_PORT = 65535
        val NEARBY = listOf(
            "127.0.0.0/8",
            "::1",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
        )
    }
}
