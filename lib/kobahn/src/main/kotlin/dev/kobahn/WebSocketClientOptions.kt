package dev.kobahn

import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.options.ExclusiveOption
import dev.kobahn.internal.options.bufferOption
import dev.kobahn.internal.options.fieldOption
import dev.kobahn.internal.options.headersOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.positiveOption
import dev.kobahn.internal.options.sizeOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.ClientCompression
import dev.kobahn.protocol.extension.ClientExtension
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept
import dev.kobahn.protocol.handshake.BasicCredentials
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.ORIGIN
import dev.kobahn.protocol.handshake.ProtocolVersions
import dev.kobahn.protocol.handshake.areSubprotocols
import dev.kobahn.proxy.ProxyChoice
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.reconnect.Backoff
import dev.kobahn.reconnect.ReconnectOptions
import dev.kobahn.reconnect.Unsent
import dev.kobahn.tls.TlsClientOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** The options of a client, see [webSocketClient]. Autobahn: `WebSocketClientFactory`. */
public class WebSocketClientOptions internal constructor() : WebSocketOptions() {
    /**
     * The time limit for opening a connection, from the call of `connect`, the lookup of the host name included.
     * Zero is no limit. Default: 5 seconds.
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
     * The lookup of host names, those of proxies included. Numeric addresses and the names of
     * servers behind a proxy are not looked up. The client tries the addresses in the given order,
     * IPv6 and IPv4 in turn: the next one when the last has failed or has not answered for 250 ms,
     * or for less, so that each address is tried within [openHandshakeTimeout] (RFC 8305). Default:
     * null, which asks the system.
     */
    public var resolver: HostResolver? by option(null)

    /**
     * The proxy through which the client connects: a [ProxyServer], or a choice for each
     * connection, such as [Proxies.system][dev.kobahn.proxy.Proxies.system]. The client never looks
     * up the names of servers behind a proxy. Unix sockets have no proxy. Default: null, which
     * connects directly, whatever the environment and the system say.
     *
     * `connect` throws [ProxyException][dev.kobahn.proxy.ProxyException] if the proxy cannot be
     * reached or refuses. [openHandshakeTimeout] includes the proxy.
     */
    public var proxy: ProxyChoice? by option(null)

    /**
     * The number of bytes that all connections of the client together may hold, as
     * [WebSocketServerOptions.memoryBudget] says. Default: a quarter of the maximum heap size. 0 is
     * no limit.
     */
    public var memoryBudget: Long by sizeOption(MEMORY_BUDGET)

    /**
     * The limits of the HTTP heads that servers send. Default: lines of 8 KiB, 64 KiB in all, 100
     * fields.
     */
    public var headLimits: HeadLimits by option(HeadLimits.DEFAULT)

    /** The `Origin` field of the request, verbatim; null, the default, leaves it out. */
    public var origin: String? by fieldOption(null)

    /** The `User-Agent` field of the request; null or empty leaves it out. Default: `Kobahn`. */
    public var userAgent: String? by fieldOption("Kobahn")

    /** The version of the protocol: 13 is RFC 6455, 8 its drafts before that. Default: 13. */
    public var version: Int by
        option(ProtocolVersions.RFC_6455, "8 or 13") { it in ProtocolVersions.SUPPORTED }

    /** The name of the request's field for [origin]. Set by `dev.kobahn.autobahn`. */
    internal var originField: String by option(ORIGIN)

    /** Whether masked frames of a server are accepted. Set by `dev.kobahn.autobahn`. */
    internal var acceptMaskedServerFrames: Boolean by option(false)

    /** Whether frames to the server are masked. Set by `dev.kobahn.autobahn`. */
    internal var maskClientFrames: Boolean by option(true)

    /** The TLS of `wss`. Set by the function. */
    internal var tls: TlsClientOptions by option(TlsClientOptions())

    /**
     * Changes the TLS of `wss` URLs. Without it the authorities of the platform are trusted, and the
     * host's name is verified. The function starts with the values set before.
     *
     * ```
     * tls { trust(File("ca.pem")) }
     * ```
     */
    public fun tls(configure: TlsClientOptions.() -> Unit) {
        tls = tls.apply(configure)
    }

    /** The compressions to offer. Set by `dev.kobahn.autobahn`. */
    internal var perMessageCompressionOffers: List<PerMessageCompressOffer> by
        ExclusiveOption(emptyList(), "perMessageDeflate")

    /** The function that decides on a server's response. Set by `dev.kobahn.autobahn`. */
    internal var perMessageCompressionAccept:
        ((response: PerMessageCompressResponse) -> PerMessageCompressResponseAccept?)? by
        ExclusiveOption(null, "perMessageDeflate")

    /**
     * Additional extensions, offered after compression, in this order. The server chooses the order
     * in which they transform sent messages. Default: none.
     */
    public var extensions: List<ClientExtension> by option(emptyList())

    /** Returns the compression, if there is one, and [extensions], in order. */
    internal fun allExtensions(): List<ClientExtension> {
        val compression = perMessageDeflate
            ?: perMessageCompressionOffers.takeIf { it.isNotEmpty() }?.let(::compression)
        return listOfNotNull(compression) + extensions
    }

    private fun compression(offers: List<PerMessageCompressOffer>): ClientExtension =
        perMessageCompressionAccept?.let { ClientCompression(offers, it) }
            ?: ClientCompression(offers)

    /**
     * The number of redirects that a call of `connect` follows (301, 302, 303, 307, 308), 0 to 10.
     * Then `connect` throws a [HandshakeException], whose `redirects` names the URLs. http and https
     * in a redirect stand for ws and wss. A redirect from wss to ws is refused. From the first
     * redirect to another scheme, host or port on, credentials are left out: [basicAuth],
     * [bearerAuth], those of the URL, the certificate and the `serverName` of [tls], and
     * `Authorization`, `Cookie`, `Proxy-Authorization` and `Host` among [headers]. The other
     * [headers] go to that server too, a key for an API in a field of its own for instance, and so do
     * [subprotocols], where some put tokens: leave redirects off then. [onConnecting] is called for each request, and must look at the host
     * before it adds a token. [openHandshakeTimeout] limits all together. Default: 0, as a redirect
     * lets a server choose where the client connects.
     */
    public var maxRedirects: Int by option(0, "0 to 10") { it in 0..MAX_REDIRECTS }

    /**
     * Keeps cookies from one connection to the next. Its cookies follow those that [headers] has.
     * Default: null, no cookies.
     */
    public var cookies: CookieJar? by option(null)

    internal var authorization: (suspend () -> String)? = null
        private set

    /**
     * Sends [user] and [password] as Basic authentication (RFC 7617) with each request. Without TLS
     * anyone on the way can read them. Credentials in the URL take precedence, as in
     * `ws://user:password@host/`.
     *
     * @throws IllegalArgumentException if [user] has a colon, or either has control characters
     */
    public fun basicAuth(user: String, password: String) {
        val credentials = BasicCredentials(user, password)
        authorize { credentials.headerValue }
    }

    /**
     * Sends a token with each request (RFC 6750 section 2.1). [token] is called for each, when the
     * transport is connected, so that the token is fresh; it may suspend within
     * [openHandshakeTimeout]. It runs in the same context as [onConnecting]. Its exception closes
     * the transport, and `connect` throws it. Credentials in the URL take precedence.
     */
    public fun bearerAuth(token: suspend () -> String): Unit = authorize { "Bearer ${token()}" }

    private fun authorize(field: suspend () -> String) {
        check(!isFrozen) { "the authentication cannot be changed any more" }
        authorization = field
    }

    internal var reconnectBackoff: Backoff by option(Backoff.exponential())

    internal var reconnectMaxAttempts: Int by option(0, "0 (no limit) or more") { it >= 0 }

    internal var reconnectResetAfter: Duration by
        option(RESET_AFTER, "0 or more") { it >= Duration.ZERO }

    internal var reconnectMaxRetryAfter: Duration by
        option(MAX_RETRY_AFTER, "0 or more") { it >= Duration.ZERO }

    internal var reconnectUnsent: Unsent by option(Unsent.KEEP)

    internal var reconnectMaxUnsentSize: Long by option(MAX_UNSENT, "1 or more") { it >= 1 }

    internal var reconnectIf: ((Throwable) -> Boolean)? by option(null)

    /**
     * Sets how connections are made anew that [WebSocketClient.keepConnected] and
     * [WebSocketClient.reconnecting] make.
     *
     * ```
     * reconnect {
     *     backoff = exponential(initial = 1.seconds, max = 30.seconds)
     *     maxAttempts = 10
     * }
     * ```
     */
    public fun reconnect(configure: ReconnectOptions.() -> Unit) {
        ReconnectOptions(this).configure()
    }

    internal var onConnecting: (
        suspend ConnectingRequest.(TransportDetails) -> ConnectingRequest?
    )? = null
        private set

    internal var onConnect: (suspend (ConnectionResponse) -> Unit)? = null
        private set

    /**
     * Sets a function that prepares the request of each connection. It is called when the transport
     * is connected and before anything is sent.
     *
     * The receiver is the request made from the URL and these options. If the function returns
     * null, that request is sent. Another [ConnectingRequest] is sent unchanged: the options do not
     * fill its empty properties. The function may suspend, for a fresh token for instance, within
     * [openHandshakeTimeout]. Its exception closes the transport, and `connect` throws it. It runs
     * in the context of the caller of `connect`, or on `Dispatchers.Default` for a connection
     * without a block.
     *
     * ```
     * onConnecting { details -> plus(headersOf("Authorization" to token(details.peer))) }
     * ```
     */
    public fun onConnecting(
        ask: suspend ConnectingRequest.(details: TransportDetails) -> ConnectingRequest?,
    ) {
        check(!isFrozen) { "onConnecting cannot be changed any more" }
        onConnecting = ask
    }

    /**
     * Sets a function that checks the server's valid response before `connect` continues. Frames
     * that arrive meanwhile wait. Its exception closes the connection with 1000 and the exception's
     * message, or drops it if [failByDrop] is set, and `connect` throws it. The function may
     * suspend without a time limit. It runs in the same context as [onConnecting].
     */
    public fun onConnect(judge: suspend (response: ConnectionResponse) -> Unit) {
        check(!isFrozen) { "onConnect cannot be changed any more" }
        onConnect = judge
    }

    override fun connectionConfig(): ConnectionConfig = connectionConfig(
        protocol = ProtocolConfig(
            role = Role.CLIENT,
            maxMessagePayloadSize = maxMessagePayloadSize,
            maxFramePayloadSize = maxFramePayloadSize,
            utf8validateIncoming = utf8validateIncoming,
            maskOutgoing = maskClientFrames,
            acceptMasked = acceptMaskedServerFrames,
            applyMask = applyMask,
            echoCloseCodeReason = echoCloseCodeReason,
        ),
    )

    private companion object {
        const val MAX_REDIRECTS = 10
        const val MAX_UNSENT = 1L shl 20
        val RESET_AFTER = 10.seconds
        val MAX_RETRY_AFTER = 5.minutes
    }
}
