package dev.kobahn.internal.server

import dev.kobahn.ListenerOptions
import dev.kobahn.Route
import dev.kobahn.ServerConnectionOptions
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.SecureMaskingKeys
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.logSafely
import dev.kobahn.internal.transport.proxy.ProxyHeaderTransport
import dev.kobahn.internal.transport.proxy.ToldPeer
import dev.kobahn.internal.transport.tls.ServerTls
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.ResourceName
import dev.kobahn.protocol.handshake.ServerHandshake
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope

/**
 * Everything that the connections of a server share.
 *
 * @property server the server itself, for `onRequest`
 * @property places those that the connections take
 */
internal class ServerContext(
    val options: WebSocketServerOptions,
    val scope: CoroutineScope,
    val server: WebSocketServer,
    val places: Places = Places(options.maxConnections),
) {
    private val trustedProxies = TrustedProxies(options.trustedProxies)
    private val proxyProtocolPeers = ProxyProtocolPeers(options.proxyProtocolFrom)
    val headLimits = options.headLimits
    val headerText = SharedHeaderText()
    val routes = RouteTable(options)
    val budget = MemoryBudget.of(options.memoryBudget, "the server")
    val maskingKeys = SecureMaskingKeys()
    val handlers = RunningHandlers(options.maxLingeringHandlers)

    private val tls = options.tls?.let(::ServerTls)

    /** Returns the TLS of [listener], or null if its connections are plain. */
    fun tlsOf(listener: ListenerOptions): ServerTls? {
        val wanted = listener.tlsOr(options.tls)
        return if (wanted === options.tls) tls else wanted?.let(::ServerTls)
    }

    /** The log of connections before their route is known. */
    val wireLog = options.wireLogConfig()

    /** The answer to Flash's request for a socket policy, or null for none. */
    val flashSocketPolicy: ByteArray? = options.flashSocketPolicy
        ?.let { (it.trimEnd(NUL) + NUL).encodeToByteArray() }

    /**
     * Returns a transport that reads the PROXY header first, if the peer of [transport] has to send
     * one, else [transport].
     */
    fun withProxyHeader(transport: Transport): Transport {
        if (proxyProtocolPeers.isEmpty || !proxyProtocolPeers.contains(transport.peer)) {
            return transport
        }
        return ProxyHeaderTransport(transport) { reason ->
            logSafely { serverLogger.debug { "closed ${transport.peer}: $reason" } }
        }
    }

    /** Whether the peer of [transport] is a proxy that is believed about its client. */
    fun isProxied(transport: Transport): Boolean = options.trustXForwardedFor > 0 &&
        trustedProxies.contains(transport.peer, isTold = transport.peerName is ToldPeer)

    /** The reason to refuse a connection that has no place. */
    fun tellFull(): String = "more than maxConnections (${options.maxConnections})"

    private companion object {
        const val NUL = '\u0000'
    }
}

/**
 * Finds the route that serves a path: the first that matches, else the server itself. Immutable.
 */
internal class RouteTable(options: WebSocketServerOptions) {
    /** The server itself, for requests that match no route. */
    val default = Match(RouteConfig(options, options, options.handler), emptyMap())

    private val routes: List<Pair<Route, RouteConfig>> =
        options.routes.map { it to RouteConfig(options, it, it.handler ?: options.handler) }

    /** @property pathParameters the values of the route's `{name}` segments */
    class Match(val config: RouteConfig, val pathParameters: Map<String, String>)

    /** Finds the route for the [target] of a request, which may be malformed. */
    fun find(target: String): Match {
        val path = ResourceName.ofTarget(target)?.path ?: return default
        for ((route, config) in routes) {
            val pathParameters = route.match(path) ?: continue
            return Match(config, pathParameters)
        }
        return default
    }

    /** The options of all routes, and of the server itself. */
    val configs: List<RouteConfig> get() = routes.map { it.second } + default.config
}

/**
 * The options of one route, or of the server for requests that match no route, read once.
 * Immutable.
 *
 * @property handler serves a WebSocket, or null if the route has none
 */
internal class RouteConfig(
    server: WebSocketServerOptions,
    options: ServerConnectionOptions,
    val handler: (suspend ServerWebSocket.() -> Unit)?,
) {
    /** The handshake for a peer that is no trusted proxy. */
    val handshake: ServerHandshake = server.handshake(isProxied = false, options)
    private val proxied = server.handshake(isProxied = true, options)
    val subprotocols: List<String> = options.subprotocols
    val headers: Headers = options.headers
    val extensions: List<ServerExtension> = options.allExtensions()
    val handlerDispatcher: CoroutineDispatcher? = options.handlerDispatcher
    val dropTimeout: Duration = options.dropTimeout
    val connectionConfig = options.connectionConfig()

    /** Answers requests without an upgrade, or null if there is no page. */
    private val statusPage = options.statusPage

    /** The longest time that closing takes, if its steps are limited. */
    val closingTime: Duration = options.closeHandshakeTimeout + dropTimeout

    /** Returns the page for [request], which `onRequest` did not answer, or null for none. */
    fun page(request: HttpRequest): HttpResponse? =
        if (request.method == "OPTIONS") null else statusPage?.invoke(request)

    /** Returns the handshake for a peer that is, or is not, a trusted proxy. */
    fun handshake(isProxied: Boolean): ServerHandshake = if (isProxied) proxied else handshake
}
