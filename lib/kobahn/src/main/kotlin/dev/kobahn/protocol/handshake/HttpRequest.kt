package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.extension.ExtensionHeader

/**
 * A well-formed HTTP request, with or without an upgrade. Immutable and safe to share.
 *
 * @property headers all fields
 */
public open class HttpRequest internal constructor(
    private val client: Any,
    public val headers: Headers,
    private val resourceName: ResourceName,
) {
    // A request lives as long as its connection, and few ask for this.

    /** Who asks, as the transport or a trusted proxy names it, printable on one line. */
    public val peer: String get() = client.toString()

    /**
     * The address of [peer] alone, without kind and port, always in this form whether the transport or
     * a trusted proxy (`trustXForwardedFor`) names it: `203.0.113.7`, `2001:db8::1`. It is what to
     * limit or log clients by. On a Unix socket it is the path, mostly empty; a proxy may also write a
     * word, such as `unknown`.
     */
    public val remoteAddress: String get() = addressIn(peer)

    /** The `Host` field without its port, as it stands. */
    public val host: String
        get() {
            val field = headers["Host"].orEmpty()
            val hasPort = HostAndPort.parse(field)?.port != null
            return if (hasPort) field.substringBeforeLast(':') else field
        }

    /** The path, `;` parameters included, not percent-decoded. */
    public val path: String get() = resourceName.path

    /** What stands behind the `?`, not decoded, or null when there is no `?`. */
    public val query: String? get() = resourceName.query

    /** [path] and [query]: the "resource name" of RFC 6455 section 3. */
    public val resource: String get() = resourceName.toString()

    /** The query read as form data, decoded: name to values. Names without a value are left out. */
    public val params: Map<String, List<String>>
        get() = readParams ?: resourceName.parameters.also { readParams = it }

    @Volatile
    private var readParams: Map<String, List<String>>? = null

    /** The first value of the query parameter [name], or null when it has none. */
    public fun param(name: String): String? = params[name]?.first()

    @JvmSynthetic
    internal open fun fields(): Map<String, Any?> = linkedMapOf(
        "peer" to peer,
        "headers" to headers.toLowerCaseMap(),
        "host" to host,
        "path" to path,
        "params" to params,
    )

    /** All properties as a JSON object, on one line. It shows every header, secrets too. */
    public fun toJson(): String = StringBuilder().appendJson(fields()).toString()

    override fun toString(): String = toJson()
}

/**
 * A valid request to open a WebSocket. Immutable and safe to share.
 *
 * @property version 13 (RFC 6455) or 8 (drafts hybi-10 to hybi-12)
 * @property protocols the subprotocols the client offers, the most wanted first
 * @property extensions the extensions the client offers; which are agreed on is a later matter
 */
public class ConnectionRequest internal constructor(
    client: Any,
    headers: Headers,
    resourceName: ResourceName,
    public val version: Int,
    public val protocols: List<String>,
    public val extensions: List<ExtensionHeader>,
) : HttpRequest(client, headers, resourceName) {
    /** The origin of the page the request comes from, verbatim; null when not a browser. */
    public val origin: String?
        get() = headers["Origin"]
            ?: if (version == ProtocolVersions.HYBI_10) headers[SEC_WEBSOCKET_ORIGIN] else null

    @JvmSynthetic
    override fun fields(): Map<String, Any?> = super.fields() + linkedMapOf(
        "version" to version,
        "origin" to origin,
        "protocols" to protocols,
        "extensions" to extensions.toJsonValue(),
    )
}

/**
 * What the client learns when its WebSocket is open. Immutable and safe to share.
 *
 * @property peer the server, as the transport names it
 * @property headers all fields of the response
 * @property status 101
 * @property version the draft that was spoken; 18 stands for RFC 6455
 * @property protocol the subprotocol the server chose, or null for none
 * @property extensions the extensions the server agreed to
 */
public class ConnectionResponse internal constructor(
    public val peer: String,
    public val headers: Headers,
    public val status: Int,
    public val version: Int,
    public val protocol: String?,
    public val extensions: List<ExtensionHeader>,
) {
    /** All properties as a JSON object. */
    public fun toJson(): String = StringBuilder().appendJson(
        linkedMapOf(
            "peer" to peer,
            "headers" to headers.toLowerCaseMap(),
            "status" to status,
            "version" to version,
            "protocol" to protocol,
            "extensions" to extensions.toJsonValue(),
        ),
    ).toString()

    override fun toString(): String = toJson()
}

private fun List<ExtensionHeader>.toJsonValue() =
    map { extension -> listOf(extension.name, extension.params.map { listOf(it.name, it.value) }) }
