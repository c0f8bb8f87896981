package dev.kobahn

import dev.kobahn.internal.options.bufferOption
import dev.kobahn.internal.options.fieldOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.positiveOption
import dev.kobahn.internal.options.sizeOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.internal.server.ProxyProtocolPeers
import dev.kobahn.internal.server.TrustedProxies
import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.protocol.handshake.AllowedOrigins
import dev.kobahn.protocol.handshake.ForwardedField
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.ProtocolVersions
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.tls.TlsServerOptions
import kotlin.time.Duration

/** The options of a server, see [webSocketServer]. Autobahn: `WebSocketServerFactory`. */
public class WebSocketServerOptions internal constructor() : ServerConnectionOptions() {
    /**
     * The name or address to listen on; see [listen] for several. Default: `localhost`.
     */
    public var host: String by option("localhost")

    /**
     * The port to listen on. 0, the default, chooses a free port; [WebSocketServer.port] is its
     * number after the start.
     */
    public var port: Int by option(0, "0 (any free one) to 65535") { it in 0..MAX_PORT }

    /**
     * The time limit for opening a connection, from the moment its transport is accepted. After it
     * an incomplete request is answered with 408, and an undecided one with 503. Zero is no limit.
     * Default: 5 seconds.
     */
    public var openHandshakeTimeout: Duration by timeOption(OPEN_HANDSHAKE_TIMEOUT)

    /** Whether the system sends short messages at once (`TCP_NODELAY`). Default: true. */
    public var tcpNoDelay: Boolean by option(true)

    /**
     * Whether the system probes idle TCP connections (`SO_KEEPALIVE`). Automatic Pings find a dead
     * peer sooner. Default: null, which keeps the system's default.
     */
    public var tcpKeepAlive: Boolean? by option(null)

    /**
     * The system's receive buffer of a connection in bytes (`SO_RCVBUF`). Default: null, which
     * keeps the system's default, and lets it adapt.
     */
    public var receiveBufferSize: Int? by bufferOption()

    /** The system's send buffer of a connection in bytes (`SO_SNDBUF`). Default: null, likewise. */
    public var sendBufferSize: Int? by bufferOption()

    /**
     * Whether several sockets, also of other processes of this user, may listen on the same TCP
     * port (`SO_REUSEPORT`); the system spreads connections over them. Where it is not supported,
     * [WebSocketServer.start] throws an IOException that says so. Default: false.
     */
    public var reusePort: Boolean by option(false)

    /**
     * The number of bytes that all connections together may hold: received messages that the
     * application has not taken, unfinished messages, and data that waits to be written, the queues
     * of groups included. Several connections on which one [PreparedMessage] waits share its size.
     * A server also counts the requests of open connections, plain HTTP responses, and data that
     * waits for the handler of an ended connection. A connection that holds less than 16 KiB counts
     * as 0, and the state that extensions keep between messages does not count. Each server and
     * each client has its own budget.
     *
     * Above three quarters of the budget, the connections that hold most are paused: nothing is
     * read from them, and `send` suspends until all earlier data is written. A connection that
     * stays paused for 5 seconds is closed with 1013 (try again later). Above the whole budget, the
     * connections that hold most are closed at once, and a server answers new handshakes with 503.
     * A connection that mostly holds output is dropped without a Close frame, because its peer does
     * not read. Other connections are not affected.
     *
     * Default: a quarter of the maximum heap size; the application and the garbage collector need
     * the rest. 0 is no limit: peers that each stay within the limits of a connection can then fill
     * the heap together.
     */
    public var memoryBudget: Long by sizeOption(MEMORY_BUDGET)

    /**
     * The limits of the HTTP heads that clients send. Default: lines of 8 KiB, 64 KiB in all, 100
     * fields.
     */
    public var headLimits: HeadLimits by option(HeadLimits.DEFAULT)

    /** The `Server` field of responses; null or empty leaves it out. Default: `Kobahn`. */
    public var server: String? by fieldOption("Kobahn")

    /** The accepted protocol versions: 13 is RFC 6455, 8 its late drafts. Default: both. */
    public var versions: List<Int> by option(ProtocolVersions.SUPPORTED, "some of 8 and 13") {
        it.isNotEmpty() && ProtocolVersions.SUPPORTED.containsAll(it)
    }

    /**
     * The required port in the `Host` field of a request for a WebSocket, if it has one. When origins are compared, a `Host` without
     * a port has this port. Default: null, which allows any port; a `Host` without one then has the
     * default port of the origin's scheme.
     */
    public var externalPort: Int? by
        option(null, "1 to 65535, or null (any)") { it == null || it in 1..MAX_PORT }

    /**
     * The maximum number of connections, counted from the TCP connection on, before the handshake.
     * Further ones get 503. Of these, up to 32 at once may still ask for a page, so that a full
     * server looks healthy to its load balancer. 0, the default, is no limit.
     */
    public var maxConnections: Int by option(0, "0 (no limit) or more") { it >= 0 }

    /**
     * The maximum number of handlers that continue after the end of their connection, including
     * handlers whose client disconnected before they decided. If there are more, the handler that
     * has continued longest is cancelled, provided that was for 10 seconds or more. Otherwise new
     * requests get 503 until there are fewer. Either is logged once until the number is below the
     * limit again.
     *
     * A block of `whileOpen { }` ends with its connection and does not count. If many connections
     * end at once, handlers that still wait for a thread count until they have run. Each handler
     * keeps its request, so peers can fill this limit times `headLimits.maxHeadSize` bytes of the heap; unread
     * messages count towards `memoryBudget`. 0 is no limit. Default: 10,000.
     */
    public var maxLingeringHandlers: Int by option(10_000, "0 (no limit) or more") { it >= 0 }

    /**
     * The number of reverse proxies in front of the server. The client is then the n-th entry of
     * `X-Forwarded-For` from the right, or of [forwardedField]. The field is ignored if it has
     * fewer entries or the peer is not in [trustedProxies]. 0, the default, always ignores it.
     */
    public var trustXForwardedFor: Int by option(0, "0 (off) or more") { it >= 0 }

    /**
     * The field in which those proxies name the client: [trustXForwardedFor] counts its entries.
     * The server ignores the other field, because a proxy passes it on as the client wrote it.
     * Default: `X-Forwarded-For`.
     */
    public var forwardedField: ForwardedField by option(ForwardedField.X_FORWARDED_FOR)

    /**
     * The addresses and ranges of proxies whose [forwardedField] is trusted. Default: loopback,
     * private and link-local addresses.
     */
    public var trustedProxies: List<String> by
        option(NEARBY, "addresses or ranges such as 10.0.0.0/8") { it.all(TrustedProxies::isValid) }

    /**
     * The addresses and ranges of proxies that begin each connection with a header of the PROXY
     * protocol, version 1 or 2, such as HAProxy's `send-proxy-v2`; `unix` stands for all peers on a
     * Unix socket. The peer that the header names takes the place of the proxy, in
     * [TransportDetails.peer] too; a header without one (`LOCAL`, `UNKNOWN`), such as that of a
     * health check, leaves the proxy. Connections of these proxies without a header are closed, and
     * a header of any other peer is a malformed request: otherwise clients could choose their
     * address. [trustedProxies] then judges the peer that the header names; a Unix socket there is
     * not one of this machine.
     *
     * Default: none, which switches the PROXY protocol off.
     */
    public var proxyProtocolFrom: List<String> by option(
        emptyList(),
        "addresses, ranges such as 10.0.0.0/8, or unix",
    ) { it.all(ProxyProtocolPeers::isValid) }

    /**
     * The number of connections that may wait to be accepted; the system has its own limit.
     * Default: 511.
     */
    public var backlog: Int by positiveOption(511)

    /** TLS, or null for plain connections. Set by the function. */
    internal var tls: TlsServerOptions? by option(null)

    /**
     * Turns on TLS: the server then speaks `wss` and `https` only. The function starts with the
     * values set before.
     *
     * ```
     * tls { certificate(File("chain.pem"), File("key.pem")) }
     * ```
     */
    public fun tls(configure: TlsServerOptions.() -> Unit) {
        tls = (tls ?: TlsServerOptions()).apply(configure)
    }

    /** The policy for Flash, or null to send none. Set by `dev.kobahn.autobahn`. */
    internal var flashSocketPolicy: String? by option(null)

    internal var onRequest: (suspend WebSocketServer.(HttpRequest) -> HttpResponse?)? = null
        private set

    internal val routes = ArrayList<Route>()

    private val listeners = ArrayList<ListenerOptions>()

    /** Returns the listeners: those that were added, and [host] and [port] unless only those were. */
    internal fun allListeners(): List<ListenerOptions> {
        val isUsual = listeners.isEmpty() || values.isSet(::host.name) || values.isSet(::port.name)
        val usual = if (isUsual) listOf(ListenerOptions(Endpoint.Tcp(host, port))) else emptyList()
        return usual + listeners
    }

    internal var handler: (suspend ServerWebSocket.() -> Unit)? = null
        private set

    /**
     * Adds a listener on TCP. The server listens at [WebSocketServerOptions.host] and
     * [WebSocketServerOptions.port] too if one of them is set, and otherwise only at the added
     * places.
     *
     * ```
     * webSocketServer {
     *     listen(9000)
     *     listen(9443) { tls { certificate(File("chain.pem"), File("key.pem")) } }
     *     listenUnix("/run/app/app.sock")
     *     onConnect { for (message in incoming) send(message) }
     * }
     * ```
     *
     * @param port 0 chooses a free port
     * @param host a name or an address; the server listens on the first of its addresses that can
     * be bound
     * @throws IllegalArgumentException if [port] is out of range
     */
    public fun listen(
        port: Int,
        host: String = "localhost",
        configure: ListenerOptions.() -> Unit = {},
    ) {
        add(ListenerOptions(Endpoint.Tcp(host, port)).apply(configure))
    }

    /**
     * Adds a listener at the place of a WebSocket URL: a host and a port, or a Unix socket such as
     * `ws://unix:/run/app.sock`. The resource of the URL is ignored. Autobahn: the `url` of
     * `listenWS`.
     *
     * The connections of a `wss` URL have TLS, from [tls] here or in [configure], and those of a
     * `ws` URL have none.
     *
     * @throws IllegalArgumentException if [url] is no WebSocket URL, or is `wss` without TLS
     */
    public fun listen(url: String, configure: ListenerOptions.() -> Unit = {}) {
        val place = WebSocketUrl.parse(url)
        val endpoint = place.socketPath?.let(Endpoint::Unix) ?: Endpoint.Tcp(place.host, place.port)
        val listener = ListenerOptions(endpoint)
        if (!place.isSecure) listener.plain()
        listener.configure()
        require(!place.isSecure || listener.tlsOr(tls) != null) {
            "a listener with a wss URL needs tls { }, here or before"
        }
        add(listener)
    }

    /**
     * Adds a listener on the Unix domain socket with the file [path]; needs Java 16. A file that a
     * server left behind which has ended is replaced. Any other file there, or a server that
     * answers, fails the start. The file is removed when the server stops.
     *
     * The process's umask sets the permissions of the file, and not every system heeds them: put it
     * into a directory that only the right users may enter. Peers on a Unix socket count as trusted
     * proxies.
     */
    public fun listenUnix(path: String, configure: ListenerOptions.() -> Unit = {}) {
        require(path.isNotEmpty()) { "the path of the Unix socket is empty" }
        add(ListenerOptions(Endpoint.Unix(path)).apply(configure))
    }

    private fun add(listener: ListenerOptions) {
        check(!isFrozen) { "listeners cannot be added any more" }
        listeners.add(listener)
    }

    /**
     * Sets a function that answers valid HTTP requests, upgrades included, before the server
     * handles them. If it returns null, the server continues. The function may suspend within
     * [openHandshakeTimeout]. It is cancelled when its answer is no longer needed: the client has
     * disconnected, or was answered with 503. Its exceptions, timeouts included, are logged and
     * answered with 500.
     *
     * The requests are GET, HEAD and OPTIONS in HTTP/1.1 and 1.0; the answer to HEAD is sent
     * without its body. If the function returns null for a request without an upgrade, OPTIONS is
     * answered with 204, and others with 426. The receiver is the server, with its counts for a
     * health check. The asking connection counts too, unless `maxConnections` is reached.
     */
    public fun onRequest(answer: suspend WebSocketServer.(request: HttpRequest) -> HttpResponse?) {
        check(!isFrozen) { "onRequest cannot be changed any more" }
        onRequest = answer
    }

    /**
     * Sets the handler of connections whose path matches no [route], see [ServerWebSocket]. Without
     * it such requests get 404. Autobahn: `onConnect`, `onOpen`, `onMessage` and `onClose` in one.
     */
    public fun onConnect(handler: suspend ServerWebSocket.() -> Unit) {
        check(!isFrozen) { "onConnect cannot be changed any more" }
        this.handler = handler
    }

    /**
     * Adds a route for [path]: segments separated by `/`. `{name}` matches any segment that is not
     * empty, and `{name...}` at the end matches the rest of the path, even if it is empty;
     * [ServerWebSocket.pathParameters] has the values. The first matching route serves the
     * connection. Its options override the server's.
     */
    public fun route(path: String, configure: Route.() -> Unit) {
        check(!isFrozen) { "routes cannot be added any more" }
        routes.add(Route(path, this).apply(configure))
    }

    /** Returns the handshake of [route]. It trusts `X-Forwarded-For` if [isProxied] is true. */
    internal fun handshake(isProxied: Boolean, route: ServerConnectionOptions = this) =
        ServerHandshake(
            versions,
            AllowedOrigins(route.allowedOrigins, route.allowNullOrigin),
            externalPort,
            if (isProxied) trustXForwardedFor else 0,
            forwardedField,
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
