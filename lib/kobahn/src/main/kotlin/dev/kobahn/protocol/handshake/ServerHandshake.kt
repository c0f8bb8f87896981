package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.onOneLine

/**
 * The server's side of the opening handshake (RFC 6455 section 4.2): judges a request and writes
 * the 101 response. Immutable; one serves all connections. Does no I/O and keeps nothing.
 *
 * @property versions the protocol versions to accept, of 8 and 13
 * @property allowedOrigins whose pages may connect; those of the host that was asked by default
 * @property externalPort the port a `Host` field must name if it names one, or null for any; a `Host`
 * without a port stands for it where origins are compared
 * @property trustXForwardedFor how many proxies stand in front and add to `X-Forwarded-For`; 0
 * ignores that header, which anyone can write
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class ServerHandshake
@JvmOverloads
constructor(
    public val versions: List<Int> = ProtocolVersions.SUPPORTED,
    public val allowedOrigins: AllowedOrigins = AllowedOrigins.SAME,
    public val externalPort: Int? = null,
    public val trustXForwardedFor: Int = 0,
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

    /** Judges [head], sent by [peer]. Never throws on what the peer sent. */
    public fun check(head: RequestHead, peer: String): ServerHandshakeResult = judge(head, peer)

    /** As [check]; the text of [peer] is its name. */
    @JvmSynthetic
    internal fun judge(head: RequestHead, peer: Any): ServerHandshakeResult {
        val checks = RequestChecks(head, this)
        val client = ForwardedFor.peer(head.headers, trustXForwardedFor, peer)
        return checks.plain()?.let { ServerHandshakeResult.Refused(it) }
            ?: checks.notAnUpgrade(client)?.let(ServerHandshakeResult::NotAnUpgrade)
            ?: checks.upgrade()?.let { ServerHandshakeResult.Refused(it, checks.detail) }
            ?: ServerHandshakeResult.Upgrade(checks.request(client))
    }

    /** Writing responses. */
    public companion object {
        /**
         * The response that opens the WebSocket asked for by [request].
         *
         * @param protocol the subprotocol, one of those offered, or null for none
         * @param extensions what was agreed on
         * @param server the `Server` field; null or empty to leave it out
         * @param headers further fields; a `Server` field among them wins over [server]
         * @throws IllegalStateException when [protocol] was not offered
         * @throws IllegalArgumentException when [headers] has a field that belongs to the handshake
         */
        @JvmStatic
        @JvmOverloads
        public fun accept(
            request: ConnectionRequest,
            protocol: String? = null,
            extensions: List<ExtensionHeader> = emptyList(),
            server: String? = null,
            headers: Headers = Headers.EMPTY,
        ): ResponseHead {
            check(protocol == null || protocol in request.protocols) {
                "subprotocol \"$protocol\" was not offered, only ${request.protocols}"
            }
            requireNotProtected(headers)
            val fields = Headers.Builder()
            if (!server.isNullOrEmpty() && "Server" !in headers) fields.add("Server", server)
            fields.addAll(UPGRADE).addAll(headers)
            if (protocol != null) fields.add(SEC_WEBSOCKET_PROTOCOL, protocol)
            val key = request.headers[SEC_WEBSOCKET_KEY].orEmpty()
            fields.add(SEC_WEBSOCKET_ACCEPT, AcceptKey.of(key))
            if (extensions.isNotEmpty()) {
                fields.add(SEC_WEBSOCKET_EXTENSIONS, ExtensionHeader.format(extensions))
            }
            val status = HttpStatus.SWITCHING_PROTOCOLS
            val reason = HttpStatus.reasonPhrase(status)
            return ResponseHead(HttpGrammar.HTTP_1_1, status, reason, fields.build())
        }

        /** The first of the server's [protocols] that the client [offered], or null. */
        @JvmStatic
        public fun selectProtocol(protocols: List<String>, offered: List<String>): String? =
            protocols.firstOrNull { it in offered }

        /** The answer to a request that is no upgrade, where there is no page to show: 426. */
        @JvmStatic
        public fun upgradeRequired(): HttpResponse =
            HttpResponse(HttpStatus.UPGRADE_REQUIRED, headers = UPGRADE)
    }
}

/** What a [ServerHandshake] makes of a request. */
public sealed class ServerHandshakeResult {
    /** @property request a valid handshake: accept or refuse it */
    public class Upgrade internal constructor(public val request: ConnectionRequest) :
        ServerHandshakeResult()

    /** @property request valid, but asks for no WebSocket: to answer with a page or 426 */
    public class NotAnUpgrade internal constructor(public val request: HttpRequest) :
        ServerHandshakeResult()

    /**
     * @property response what to answer before closing; its reason says what was wrong
     */
    public class Refused internal constructor(
        public val response: HttpResponse,
        detail: String? = null,
    ) : ServerHandshakeResult() {
        /**
         * What was wrong, for a log: one line that may quote the request, and says which option would
         * have let it pass if there is one. Not for the peer.
         */
        public val detail: String = (detail ?: response.reason).onOneLine()
    }
}
