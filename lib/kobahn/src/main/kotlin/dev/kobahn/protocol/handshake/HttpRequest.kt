package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.extension.ExtensionHeader

/**
 * A well-formed HTTP request, with or without an upgrade. Immutable and safe to share.
 *
 * @property headers all fields
 * @property method `GET`, `HEAD` or `OPTIONS`; a request for a WebSocket is a `GET`
 */
public open class HttpRequest internal constructor(
    private val client: Any,
    public val headers: Headers,
    private val resourceName: ResourceName,
    public val method: String = "GET",
) {
    // Most properties are computed on demand: a request lives as long as its connection, and few
    // programs use them.

    /** The client, named by the transport or by a trusted proxy, printable on one line. */
    public val peer: String get() = client.toString()

    /**
     * The address of [peer] alone, without kind and port: `203.0.113.7` or `2001:db8::1`, whether
     * the transport or a trusted proxy (`trustXForwardedFor`) names it. Use it to limit or log
     * clients. On a Unix socket it is the path, which is often empty. A proxy may also write a
     * word, such as `unknown`.
     */
    public val remoteAddress: String get() = addressIn(peer)

    /** The `Host` field without its port, verbatim; empty if HTTP/1.0 has no such field. */
    public val host: String
        get() {
            val field = headers["Host"].orEmpty()
            val hasPort = HostAndPort.parse(field)?.port != null
            return if (hasPort) field.substringBeforeLast(':') else field
        }

    /**
     * The path, `;` parameters included, not percent-decoded. It is `*` if an `OPTIONS` asks about
     * the server and no path of it.
     */
    public val path: String get() = resourceName.path

    /** The text behind the `?`, not decoded, or null without a `?`. */
    public val query: String? get() = resourceName.query

    /** [path] and [query]: the "resource name" of RFC 6455 section 3. */
    public val resource: String get() = resourceName.toString()

    /**
     * The query as decoded form data: names with their values. Names without a value are left out.
     */
    public val params: Map<String, List<String>>
        get() = readParams ?: resourceName.parameters.also { readParams = it }

    @Volatile
    private var readParams: Map<String, List<String>>? = null

    /** Returns the first value of the query parameter [name], or null if it has none. */
    public fun param(name: String): String? = params[name]?.first()

    /**
     * The name and the password in the `Authorization` field (RFC 7617). Null if it is missing,
     * malformed, of another scheme, or there several times. Nobody has checked them:
     *
     * ```
     * if (request.basicCredentials?.matches(user, password) != true) {
     *     deny(401, headers = headersOf("WWW-Authenticate" to "Basic realm=\"chat\""))
     * }
     * ```
     */
    public val basicCredentials: BasicCredentials? get() = BasicCredentials.of(headers)

    /**
     * The token in the `Authorization` field (RFC 6750 section 2.1), verbatim. Null as for
     * [basicCredentials]. Nobody has checked it; compare it with [Secrets.match].
     */
    public val bearerToken: String? get() = authorization(headers, "Bearer")

    /**
     * The cookies by their names (RFC 6265 section 4.2), without quotation marks around values. Of
     * several cookies with one name the first counts. Parts that are no cookie are left out. Parsed
     * at each call.
     */
    public val cookies: Map<String, String> get() = RequestCookies.parse(headers)

    /** Returns the value of the cookie [name], or null if there is none. */
    public fun cookie(name: String): String? = RequestCookies.find(headers, name)

    @JvmSynthetic
    internal open fun fields(): Map<String, Any?> = linkedMapOf(
        "peer" to peer,
        "headers" to headers.toLowerCaseMap(),
        "host" to host,
        "path" to path,
        "params" to params,
    )

    @JvmSynthetic
    internal fun json(): String = StringBuilder().appendJson(fields()).toString()

    /** Returns all properties on one line, including every header, also secret ones. */
    override fun toString(): String = json()
}

/**
 * A valid request to open a WebSocket. Immutable and safe to share.
 *
 * @property version 13 (RFC 6455) or 8 (drafts hybi-10 to hybi-12)
 * @property subprotocols the subprotocols that the client offers, most wanted first
 * @property extensions the extensions that the client offers, whether they are agreed on or not
 */
public class ConnectionRequest internal constructor(
    client: Any,
    headers: Headers,
    resourceName: ResourceName,
    public val version: Int,
    public val subprotocols: List<String>,
    public val extensions: List<ExtensionHeader>,
) : HttpRequest(client, headers, resourceName) {
    /**
     * The origin of the page that sent the request, verbatim; null if a browser did not send it.
     */
    public val origin: String?
        get() = headers["Origin"]
            ?: if (version == ProtocolVersions.HYBI_10) headers[SEC_WEBSOCKET_ORIGIN] else null

    @JvmSynthetic
    override fun fields(): Map<String, Any?> = super.fields() + linkedMapOf(
        "version" to version,
        "origin" to origin,
        "protocols" to subprotocols,
        "extensions" to extensions.toJsonValue(),
    )
}

/**
 * The server's answer that opened a client's WebSocket. Immutable and safe to share.
 *
 * @property peer the server, as the transport names it
 * @property headers all fields of the response
 * @property status 101
 * @property version 13 (RFC 6455) or 8 (drafts hybi-10 to hybi-12)
 * @property subprotocol the subprotocol that the server chose, or null for none
 * @property extensions the extensions that the server agreed to
 */
public class ConnectionResponse internal constructor(
    public val peer: String,
    public val headers: Headers,
    public val status: Int,
    public val version: Int,
    public val subprotocol: String?,
    public val extensions: List<ExtensionHeader>,
) {
    @JvmSynthetic
    internal fun json(): String = StringBuilder().appendJson(
        linkedMapOf(
            "peer" to peer,
            "headers" to headers.toLowerCaseMap(),
            "status" to status,
            "version" to version,
            "protocol" to subprotocol,
            "extensions" to extensions.toJsonValue(),
        ),
    ).toString()

    override fun toString(): String = json()
}

private fun List<ExtensionHeader>.toJsonValue() =
    map { extension -> listOf(extension.name, extension.params.map { listOf(it.name, it.value) }) }
