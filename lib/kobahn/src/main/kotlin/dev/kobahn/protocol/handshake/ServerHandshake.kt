package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.onOneLine

/**
 * The server's side of the opening handshake (RFC 6455 section 4.2): checks a request and writes
 * the 101 response. Immutable and stateless; one serves all connections. Does no I/O.
 *
 * @param versions the protocol versions to accept, of 8 and 13
 * @param allowedOrigins the origins whose pages may connect; by default those of the requested
 * host
 * @param externalPort the port that the `Host` field of a handshake must name if it names one, or
 * null for any; the default for a `Host` without a port when origins are compared
 * @param trustXForwardedFor the number of proxies in front that add to `X-Forwarded-For`; 0
 * ignores that header, which anyone can write
 * @param forwardedField the field that those proxies write
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class ServerHandshake(
    @get:JvmSynthetic
    internal val versions: List<Int> = ProtocolVersions.SUPPORTED,
    @get:JvmSynthetic
    internal val allowedOrigins: AllowedOrigins = AllowedOrigins.SAME,
    @get:JvmSynthetic
    internal val externalPort: Int? = null,
    private val trustXForwardedFor: Int = 0,
    private val forwardedField: ForwardedField = ForwardedField.X_FORWARDED_FOR,
) {
    init {
        require(versions.isNotEmpty() && ProtocolVersions.SUPPORTED.containsAll(versions)) {
            "versions must be some of ${ProtocolVersions.SUPPORTED}, but are $versions"
        }
        require(externalPort == null || externalPort in HostAndPort.PORTS) {
            "externalPort must be in ${HostAndPort.PORTS}, but is $externalPort"
        }
        require(trustXForwardedFor >= 0) {
            "trustXForwardedFor must not be negative, but is $trustXForwardedFor"
        }
    }

    /** Checks [head], sent by [peer]. Never throws because of what the peer sent. */
    public fun check(head: RequestHead, peer: String): ServerHandshakeResult = judge(head, peer)

    /** Like [check], for a [peer] whose text is its name. */
    @JvmSynthetic
    internal fun judge(head: RequestHead, peer: Any): ServerHandshakeResult {
        val checks = RequestChecks(head, this)
        val client = ForwardedFor.peer(head.headers, forwardedField, trustXForwardedFor, peer)
        return checks.plain()?.let { ServerHandshakeResult.Refused(it) }
            ?: checks.notAnUpgrade(client)?.let(ServerHandshakeResult::NotAnUpgrade)
            ?: checks.upgrade()?.let { ServerHandshakeResult.Refused(it, checks.detail) }
            ?: ServerHandshakeResult.Upgrade(checks.request(client))
    }

    /** Returns the response that opens the WebSocket of [request], without a subprotocol. */
    public fun accept(request: ConnectionRequest): ResponseHead =
        accept(request, subprotocol = null)

    /**
     * Returns the response that opens the WebSocket of [request].
     *
     * @param subprotocol the subprotocol, one of those offered, or null for none
     * @param extensions the extensions that were agreed on
     * @param server the `Server` field; null or empty to leave it out
     * @param headers further fields; a `Server` field among them takes precedence over [server]
     * @throws IllegalStateException if [subprotocol] was not offered
     * @throws IllegalArgumentException if [headers] has a field that only the handshake may write
     */
    public fun accept(
        request: ConnectionRequest,
        subprotocol: String? = null,
        extensions: List<ExtensionHeader> = emptyList(),
        server: String? = null,
        headers: Headers = Headers.EMPTY,
    ): ResponseHead {
        check(subprotocol == null || subprotocol in request.subprotocols) {
            "subprotocol \"$subprotocol\" was not offered, only ${request.subprotocols}"
        }
        requireNotProtected(headers)
        val fields = Headers.Builder()
        if (!server.isNullOrEmpty() && "Server" !in headers) fields.add("Server", server)
        fields.addAll(UPGRADE).addAll(headers)
        if (subprotocol != null) fields.add(SEC_WEBSOCKET_PROTOCOL, subprotocol)
        val key = request.headers[SEC_WEBSOCKET_KEY].orEmpty()
        fields.add(SEC_WEBSOCKET_ACCEPT, AcceptKey.of(key))
        if (extensions.isNotEmpty()) {
            fields.add(SEC_WEBSOCKET_EXTENSIONS, ExtensionHeader.format(extensions))
        }
        val status = HttpStatus.SWITCHING_PROTOCOLS
        val reason = HttpStatus.reasonPhrase(status)
        return ResponseHead(HttpGrammar.HTTP_1_1, status, reason, fields.build())
    }

    /** Returns the first of the server's [subprotocols] that the client [offered], or null. */
    public fun selectSubprotocol(subprotocols: List<String>, offered: List<String>): String? =
        subprotocols.firstOrNull { it in offered }

    /** Returns the answer to a request without an upgrade if there is no page to show: 426. */
    public fun upgradeRequired(): HttpResponse =
        HttpResponse(HttpStatus.UPGRADE_REQUIRED, headers = UPGRADE)

    /**
     * Returns the answer to [request] if there is no page to show: to `OPTIONS` the methods that a
     * page may be asked with (RFC 9110 section 9.3.7), to all others [upgradeRequired].
     */
    public fun withoutPage(request: HttpRequest): HttpResponse = when (request.method) {
        "OPTIONS" -> HttpResponse(
            HttpStatus.NO_CONTENT,
            headers = headersOf("Allow" to RequestChecks.ALLOWED_METHODS),
        )

        else -> upgradeRequired()
    }
}

/** The result of [ServerHandshake.check]. */
public sealed class ServerHandshakeResult {
    /** @property request a valid handshake, to accept or to refuse */
    public class Upgrade internal constructor(public val request: ConnectionRequest) :
        ServerHandshakeResult()

    /**
     * @property request a valid request without an upgrade, to answer with a page or with
     * [ServerHandshake.withoutPage]; the answer to `HEAD` has no body, see [HttpResponse.toBytes]
     */
    public class NotAnUpgrade internal constructor(public val request: HttpRequest) :
        ServerHandshakeResult()

    /** @property response the answer before closing; its reason says what was wrong */
    public class Refused internal constructor(
        public val response: HttpResponse,
        detail: String? = null,
    ) : ServerHandshakeResult() {
        /**
         * The reason for a log: one line that may quote the request, and names the option that
         * would allow the request if there is one. Not for the peer.
         */
        public val detail: String = (detail ?: response.reason).onOneLine()
    }
}
