package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import dev.kobahn.protocol.extension.ExtensionHeader

/**
 * The checks on one request, in order. Each returns null if it passed, or else the refusal, and may
 * store what it has read for later checks. Used once, by one thread.
 */
internal class RequestChecks(private val head: RequestHead, private val rules: ServerHandshake) {
    private val headers = head.headers
    private var resource = ResourceName.ofTail("")
    private var place: HostAndPort? = null
    private val isHandshake = headers.hasElement("Upgrade", WEBSOCKET) ||
        ("Upgrade" in headers && SEC_WEBSOCKET_KEY in headers)
    private var version = 0
    private var subprotocols = emptyList<String>()
    private var extensions = emptyList<ExtensionHeader>()

    /** The explanation of a refusal for a log, if it says more than the peer is told. */
    var detail: String? = null
        private set

    /** Checks the rules for every HTTP request. */
    fun plain(): HttpResponse? = http2() ?: method() ?: httpVersion() ?: target() ?: host()

    /** Checks the further rules for a request with an `Upgrade` field. */
    fun upgrade(): HttpResponse? =
        externalPort() ?: upgradeField() ?: connection() ?: body() ?: version()
            ?: subprotocols() ?: origin() ?: key() ?: extensions()

    /**
     * Returns the request, after [plain] has passed, if it does not ask for a WebSocket. An upgrade
     * to something else, such as the `h2c` of HTTP clients, may be ignored (RFC 7230 section 6.7).
     */
    fun notAnUpgrade(client: Any): HttpRequest? =
        if (isHandshake) null else HttpRequest(client, headers, resource, head.method)

    /** Returns the request, after [plain] and [upgrade] have passed. */
    fun request(client: Any) =
        ConnectionRequest(client, headers, resource, version, subprotocols, extensions)

    /** Tells a client that begins with HTTP/2 (RFC 9113 section 3.4) to upgrade to WebSocket. */
    private fun http2(): HttpResponse? {
        if (head.version != HttpGrammar.HTTP_2) return null
        return HttpResponse(
            HttpStatus.UPGRADE_REQUIRED,
            "HTTP/2 is not spoken here",
            UPGRADE,
        )
    }

    /** A handshake is a GET. Load balancers also ask with HEAD and OPTIONS whether all is well. */
    private fun method(): HttpResponse? {
        if (head.method == "GET" || (!isHandshake && head.method in PLAIN_METHODS)) return null
        return HttpResponse(
            HttpStatus.METHOD_NOT_ALLOWED,
            if (isHandshake) "method is not GET" else "method is not GET, HEAD or OPTIONS",
            headersOf("Allow" to if (isHandshake) "GET" else ALLOWED_METHODS),
        )
    }

    /** Proxies and load balancers ask in HTTP/1.0, which has no upgrade. */
    private fun httpVersion(): HttpResponse? {
        if (head.version == HttpGrammar.HTTP_1_1) return null
        if (head.version == HttpGrammar.HTTP_1_0 && !isHandshake) return null
        return HttpResponse(HttpStatus.VERSION_NOT_SUPPORTED, "version is not HTTP/1.1")
    }

    private fun target(): HttpResponse? {
        val parsed = when {
            head.method == "OPTIONS" && head.target == "*" -> ResourceName.ASTERISK
            else -> ResourceName.ofTarget(head.target)
        }
        resource = parsed ?: return refuse("malformed request target")
        return null
    }

    /** Without the field in HTTP/1.0, which does not demand it, the host is empty. */
    private fun host(): HttpResponse? {
        val value = single("Host") { return it }
        if (value == null && head.version == HttpGrammar.HTTP_1_0) return null
        place = HostAndPort.parse(value ?: return refuse("Host is missing"))
        return refuseIf(place == null, "malformed Host")
    }

    /** A health check names the port that it asks, and not that of the proxy in front. */
    private fun externalPort(): HttpResponse? {
        val external = rules.externalPort ?: return null
        val port = place?.port ?: return null
        return refuseIf(port != external, "the port in Host is not ours")
    }

    private fun upgradeField() =
        refuseIf(!headers.hasElement("Upgrade", WEBSOCKET), "Upgrade does not name websocket")

    private fun connection() =
        refuseIf(!headers.hasElement("Connection", "Upgrade"), "Connection does not name Upgrade")

    /** A body would be in the place of the first frame. */
    private fun body(): HttpResponse? {
        val isEmpty = "Content-Length" !in headers ||
            headers.getAll("Content-Length").all { HttpGrammar.decimal(it, max = 0) == 0 }
        return refuseIf(!isEmpty || "Transfer-Encoding" in headers, "a handshake has no body")
    }

    private fun version(): HttpResponse? {
        val name = SEC_WEBSOCKET_VERSION
        val value = single(name) { return it } ?: return refuse("$name is missing")
        version = HttpGrammar.decimal(value, Int.MAX_VALUE) ?: return refuse("malformed $name")
        if (version in rules.versions) return null
        val known = UPGRADE + (name to rules.versions.sortedDescending().joinToString(", "))
        return HttpResponse(HttpStatus.UPGRADE_REQUIRED, "unsupported WebSocket version", known)
    }

    private fun subprotocols(): HttpResponse? {
        subprotocols = HttpGrammar.elements(headers[SEC_WEBSOCKET_PROTOCOL])
        if (subprotocols.isEmpty()) return null
        val areTokens = subprotocols.all(HttpGrammar::isToken)
        val isDuplicated = subprotocols.toSet().size < subprotocols.size
        return refuseIf(!areTokens, "malformed $SEC_WEBSOCKET_PROTOCOL")
            ?: refuseIf(isDuplicated, "duplicate in $SEC_WEBSOCKET_PROTOCOL")
    }

    private fun origin(): HttpResponse? {
        var origin = single("Origin") { return it }
        if (version == ProtocolVersions.HYBI_10) {
            val draft = single(SEC_WEBSOCKET_ORIGIN) { return it }
            origin = origin ?: draft
            if (draft != null && draft != origin) return refuse("two different origins")
        }
        val parsed = Origin.parse(origin ?: return null) ?: return refuse("malformed origin")
        if (rules.allowedOrigins.permits(parsed, place, rules.externalPort)) return null
        detail = describe(parsed)
        return HttpResponse(HttpStatus.FORBIDDEN, "origin is not allowed")
    }

    private fun describe(origin: Origin): String {
        val name = origin.written
        return when {
            origin.isNull ->
                "the origin is null, which a sandboxed page or a file has; " +
                    "allowNullOrigin = true would allow it"

            // No advice may lead a reader to write a star.
            '*' in name || name.length > MAX_NAME -> "the origin is not allowed"

            else -> "the origin $name is not allowed at the host ${headers["Host"]}; " +
                "allowedOrigins += \"$name\" would allow it"
        }
    }

    private fun key(): HttpResponse? {
        val name = SEC_WEBSOCKET_KEY
        val key = single(name) { return it } ?: return refuse("$name is missing")
        return if (AcceptKey.isValid(key)) null else refuse("malformed $name")
    }

    private fun extensions(): HttpResponse? {
        val name = SEC_WEBSOCKET_EXTENSIONS
        val offers = headers[name] ?: return null
        extensions = ExtensionHeader.parse(offers) ?: return refuse("malformed $name")
        return null
    }

    /**
     * Returns the value of the field [name], or null without one; calls [refused] if there are
     * several.
     */
    private inline fun single(name: String, refused: (HttpResponse) -> Unit): String? {
        if (headers.count(name) > 1) refused(refuse("$name occurs more than once"))
        return headers[name]
    }

    private fun refuse(reason: String) = HttpResponse(HttpStatus.BAD_REQUEST, reason)

    private fun refuseIf(wrong: Boolean, reason: String) = if (wrong) refuse(reason) else null

    companion object {
        /** The methods of requests that are no handshake, as `Allow` names them. */
        const val ALLOWED_METHODS = "GET, HEAD, OPTIONS"
        private val PLAIN_METHODS = setOf("GET", "HEAD", "OPTIONS")

        /** A host has at most 253 characters. */
        private const val MAX_NAME = 280
    }
}
