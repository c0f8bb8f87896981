package dev.kobahn

import dev.kobahn.internal.options.fieldOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.positiveOption
import dev.kobahn.internal.options.sizeOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.internal.server.TrustedProxies
import dev.kobahn.protocol.handshake.AllowedOrigins
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.ProtocolVersions
import dev.kobahn.protocol.handshake.ServerHandshake
import kotlin.time.Duration

/** The options of a server, see [webSocketServer]. Autobahn: `WebSocketServerFactory`. */
public class WebSocketServerOptions internal constructor() :
    ServerConnectionOptions(),
    OpeningOptions {
    /** The name or address to listen at. Default: `localhost`. */
    public var host: String by option("localhost")

    /**
     * The port to listen at; 0, the default, takes a free one, which [WebSocketServer.port] tells
     * after the start.
     */
    public var port: Int by option(0, "0 (any free one) to 65535") { it in 0..MAX_PORT }

    override var openHandshakeTimeout: Duration by timeOption(OPEN_HANDSHAKE_TIMEOUT)

    override var tcpNoDelay: Boolean by option(true)

    override var memoryBudget: Long by sizeOption(MEMORY_BUDGET)

    override var maxHeadLineLength: Int by positiveOption(HeadLimits.DEFAULT_MAX_LINE_LENGTH)

    override var maxHeadSize: Int by positiveOption(HeadLimits.DEFAULT_MAX_HEAD_SIZE)

    override var maxHeaders: Int by positiveOption(HeadLimits.DEFAULT_MAX_HEADERS)

    /** The `Server` field of responses; null or empty leaves it out. Default: `Kobahn`. */
    public var server: String? by fieldOption("Kobahn")

    /** Which protocol versions are accepted: 13 is RFC 6455, 8 its late drafts. Default: both. */
    public var versions: List<Int> by option(ProtocolVersions.SUPPORTED, "some of 8 and 13") {
        it.isNotEmpty() && ProtocolVersions.SUPPORTED.containsAll(it)
    }

    /**
     * The port a `Host` field has to name if it names one; where origins are compared, a `Host`
     * without a port has this one. Default: null, any port, and that of the origin's scheme where none
     * is named.
     */
    public var externalPort: Int? by
        option(null, "1 to 65535, or null (any)") { it == null || it in 1..MAX_PORT }

    /**
     * How many connections there may be at once, counted when they are accepted; further ones get
     * 503. 0, the default, is no limit.
     */
    public var maxConnections: Int by option(0, "0 (no limit) or more") { it >= 0 }

    /**
     * How many handlers may go on though their connection has ended, those included whose client went
     * before they decided. Over it the one that has gone on longest is cancelled, if that is 10 seconds
     * or more, and else new requests get 503 until there are fewer; both are logged, once in a row. A
     * handler that does its work in `whileOpen { }` ends with its connection and does not count. Where
     * many connections end at once, handlers that still wait for a thread count until they have run.
     * Each keeps its request, so that peers can fill the limit times `maxHeadSize` of the heap with
     * them; their unread messages count towards `memoryBudget`. 0 is no limit. Default: 10,000.
     */
    public var maxLingeringHandlers: Int by option(10_000, "0 (no limit) or more") { it >= 0 }

    /**
     * How many proxies stand in front of the server: that many entries from the end of
     * `X-Forwarded-For` were written by them, and the first of those is who asks. Fewer entries, or
     * a peer that is none of [trustedProxies], and the header counts for nothing. 0, the default,
     * ignores it.
     */
    public var trustXForwardedFor: Int by option(0, "0 (off) or more") { it >= 0 }

    /**
     * Addresses and ranges of proxies whose `X-Forwarded-For` is believed. Default: loopback,
     * private and link-local ones.
     */
    public var trustedProxies: List<String> by
        option(NEARBY, "addresses or ranges such as 10.0.0.0/8") { it.all(TrustedProxies::isValid) }

    /**
     * How many connections may wait to be accepted; the system has its own limit. Default: 511.
     */
    public var backlog: Int by positiveOption(511)

    /**
     * Whether a client that asks for the policy of Flash's sockets, `<policy-file-request/>` and a
     * NUL instead of an HTTP request, gets [flashSocketPolicy]. Default: false.
     */
    public var serveFlashSocketPolicy: Boolean by option(false)

    /**
     * The policy for Flash, sent in UTF-8 with the NUL that ends it, which is added where it is
     * missing. Default: every domain, every port.
     */
    public var flashSocketPolicy: String by option(FLASH_SOCKET_POLICY)

    internal var onRequest: (suspend (HttpRequest) -> HttpResponse?)? = null
        private set

    internal val routes = ArrayList<Route>()

    internal var handler: (suspend ServerWebSocket.() -> Unit)? = null
        private set

    /**
     * What to answer to a valid HTTP request before anything becomes of it, be it an upgrade or
     * not; null lets it go on. Suspending is fine; [openHandshakeTimeout] covers it. It is cancelled
     * when nobody waits for its answer any more: its client has gone, or was answered with 503.
     * Whatever it throws, timeouts included, is logged and answered with 500.
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
     * any one segment that is not empty, and `{name...}` at the end for all the rest of the path, be
     * it empty. [ServerWebSocket.pathParameters] then has them under that name. The first route that
     * matches serves the connection. Its options override the server's.
     */
    public fun route(path: String, configure: Route.() -> Unit) {
        check(!isFrozen) { "routes cannot be added any more" }
        routes.add(Route(path, this).apply(configure))
    }

    /** The handshake on [route] for peers whose word on who asks is taken, or not. */
    internal fun handshake(isProxied: Boolean, route: ServerConnectionOptions = this) =
        ServerHandshake(
            versions,
            AllowedOrigins(route.allowedOrigins, route.allowNullOrigin),
            externalPort,
            if (isProxied) trustXForwardedFor else 0,
        )

    private companion object {
        const val MAX_PORT = 65535
        const val FLASH_SOCKET_POLICY =
            "<cross-domain-policy><allow-access-from domain=\"*\" to-ports=\"*\"/>" +
                "</cross-domain-policy>"
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
