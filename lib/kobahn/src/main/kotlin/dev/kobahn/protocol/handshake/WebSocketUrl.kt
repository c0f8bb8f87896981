package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * A WebSocket URL (RFC 6455 section 3): `ws://host:port/path?query`, or `wss` for TLS. For a server
 * on a Unix socket it is `ws+unix:/run/app.sock:/path?query`, or shorter `ws://unix:/run/app.sock`,
 * where the path of the file is the resource too.
 *
 * Name and password in the URL, percent-encoded, are [credentials]: `ws://ada:secret@host/`. Of
 * these the text of the URL has nothing.
 *
 * Immutable. URLs are equal if they lead to the same resource at the same place.
 *
 * @property isSecure whether it is `wss`
 * @property host lower-case, an IPv6 address without brackets, with its zone behind a `%` if it has
 * one; `localhost` for a Unix socket
 * @property port 1 to 65535, by default the port of the scheme (80 or 443)
 * @property socketPath the file of the Unix socket, or null for TCP
 * @property credentials what a client sends as Basic authentication, or null
 */
public class WebSocketUrl private constructor(
    public val isSecure: Boolean,
    public val host: String,
    public val port: Int,
    public val socketPath: String?,
    private val resourceName: ResourceName,
    public val credentials: BasicCredentials? = null,
) {
    /** Path and query for the request, percent-encoded, `;` parameters included. */
    public val resource: String get() = resourceName.toString()

    /** The path, percent-decoded. */
    public val path: String get() = PercentCoding.decode(resourceName.path)

    /** The text behind the `?`, not decoded, or null without a `?`. */
    public val query: String? get() = resourceName.query

    /**
     * The query as decoded form data: names with their values. Names without a value are left out.
     */
    public val params: Map<String, List<String>> get() = resourceName.parameters

    /** The value of the `Host` field, without the default port of the scheme. */
    public val hostHeader: String get() = hostField(host, port, isSecure)

    /** Returns this URL with the name [user] and the [password], see [BasicCredentials]. */
    public fun withCredentials(user: String, password: String): WebSocketUrl =
        withCredentials(BasicCredentials(user, password))

    @JvmSynthetic
    internal fun withCredentials(credentials: BasicCredentials?): WebSocketUrl =
        WebSocketUrl(isSecure, host, port, socketPath, resourceName, credentials)

    /** Returns the URL of another resource, an absolute path with or without a query, here. */
    @JvmSynthetic
    internal fun withResource(resource: String): WebSocketUrl = WebSocketUrl(
        isSecure,
        host,
        port,
        socketPath,
        ResourceName.ofTail(resource),
        credentials,
    )

    /** Whether [other] leads to the same place, by the same scheme. */
    @JvmSynthetic
    internal fun isSameOrigin(other: WebSocketUrl): Boolean = isSecure == other.isSecure &&
        host == other.host && port == other.port && socketPath == other.socketPath

    /** The URL without its query, which may hold secrets, for messages. */
    @get:JvmSynthetic
    internal val textWithoutQuery: String get() = toString().substringBefore('?')

    override fun equals(other: Any?): Boolean =
        other is WebSocketUrl && toString() == other.toString()

    override fun hashCode(): Int = toString().hashCode()

    /**
     * Returns the URL, always with its port and without [credentials]. [parse] returns an equal one
     * from it.
     */
    override fun toString(): String {
        val scheme = if (isSecure) "wss" else "ws"
        return when (socketPath) {
            null -> "$scheme://${HostAndPort.bracketed(encodedHost)}:$port$resource"
            else -> "$scheme$UNIX_SUFFIX:${PercentCoding.encode(socketPath, safe = "/")}:$resource"
        }
    }

    private val encodedHost: String
        get() = if (HostAndPort.isIpv6(host)) host.replace("%", ZONE_SIGN) else host

    /** Parses and makes URLs. */
    public companion object {
        private const val ZONE_SIGN = "%25"
        private const val UNIX_SUFFIX = "+unix"
        private const val UNIX_AUTHORITY = "//unix:/"
        private const val PATH_SIGNS = "/;:@!$&'()*+,="

        /**
         * Parses [text].
         *
         * @throws IllegalArgumentException if it is not such a URL, with a reason that does not
         * quote the secrets that a query or the credentials may contain
         */
        @JvmStatic
        public fun parse(text: String): WebSocketUrl {
            require(text.all(HttpGrammar::isTargetChar)) {
                "a WebSocket URL must be percent-encoded ASCII"
            }
            require('#' !in text) { "a WebSocket URL must not have a fragment" }
            val scheme = text.substringBefore(':', "").lowercase()
            val isUnix = scheme.endsWith(UNIX_SUFFIX)
            val secure = when (scheme.removeSuffix(UNIX_SUFFIX)) {
                "ws" -> false
                "wss" -> true
                else -> throw IllegalArgumentException("the scheme must be ws or wss")
            }
            val rest = text.substring(scheme.length + 1)
            return when {
                isUnix -> parseUnix(rest, secure)

                !rest.startsWith("//") ->
                    throw IllegalArgumentException("a WebSocket URL needs // and a host")

                rest.startsWith(UNIX_AUTHORITY, ignoreCase = true) -> {
                    val resource = ResourceName.ofTail(rest.substring(UNIX_AUTHORITY.length - 1))
                    ofSocket(PercentCoding.decode(resource.path), resource, secure)
                }

                else -> parseTcp(rest.substring(2), secure)
            }
        }

        private fun parseTcp(text: String, secure: Boolean): WebSocketUrl {
            val authority = text.takeWhile { it != '/' && it != '?' }
            val place = HostAndPort.parse(authority.substringAfterLast('@'), emptyPort = true)
            requireNotNull(place) { "the host or the port (1..65535) of the URL is malformed" }
            require(place.host.isNotEmpty()) { "a WebSocket URL needs a host" }
            val resource = ResourceName.ofTail(text.substring(authority.length))
            val port = place.port ?: defaultPort(secure)
            val credentials = credentials(authority.substringBeforeLast('@', ""))
            return WebSocketUrl(
                secure,
                withPlainZone(place.host),
                port,
                null,
                resource,
                credentials,
            )
        }

        /** Reads the [text] in front of the `@` (RFC 3986 section 3.2.1). */
        private fun credentials(text: String): BasicCredentials? {
            if (text.isEmpty()) return null
            val user = PercentCoding.decode(text.substringBefore(':'))
            return BasicCredentials(user, PercentCoding.decode(text.substringAfter(':', "")))
        }

        /** Decodes the `%25` in front of a zone (RFC 6874); a bare `%` is accepted too. */
        private fun withPlainZone(host: String): String {
            val zone = host.substringAfter(ZONE_SIGN, "")
            if (!HostAndPort.isIpv6(host) || zone.isEmpty()) return host
            return host.substringBefore('%') + "%" + zone
        }

        private fun parseUnix(text: String, secure: Boolean): WebSocketUrl {
            val file = text.takeWhile { it != ':' && it != '?' }
            val resource = ResourceName.ofTail(text.drop(file.length).removePrefix(":"))
            return ofSocket(PercentCoding.decode(file), resource, secure)
        }

        /**
         * Several slashes in front count as one, because the path may follow an empty authority.
         */
        private fun ofSocket(path: String, resource: ResourceName, secure: Boolean): WebSocketUrl {
            require(path.isNotEmpty()) { "the URL of a Unix socket needs its file path" }
            require('\u0000' !in path) { "the file path of a Unix socket must not hold NUL" }
            val socketPath = if (path.startsWith("//")) "/" + path.trimStart('/') else path
            return WebSocketUrl(secure, "localhost", defaultPort(secure), socketPath, resource)
        }

        /**
         * Makes a URL from its parts.
         *
         * @param host a name or an address, an IPv6 address with or without brackets
         * @param port null for the default port of the scheme
         * @param path not encoded; a leading `/` is added
         * @param params the query, not encoded, names with their values
         * @throws IllegalArgumentException if the host or the port is malformed
         */
        @JvmStatic
        public fun create(
            host: String,
            port: Int? = null,
            isSecure: Boolean = false,
            path: String = "/",
            params: Map<String, List<String>> = emptyMap(),
        ): WebSocketUrl {
            val name = HostAndPort.bareOrAddress(host)
            require(name != null) { "host is malformed: $host" }
            require(port == null || port in HostAndPort.PORTS) {
                "port must be in ${HostAndPort.PORTS}, but is $port"
            }
            val number = port ?: defaultPort(isSecure)
            return WebSocketUrl(isSecure, name, number, null, encoded(path, params))
        }

        /** Makes a URL like [create], for a server on the Unix socket [socketPath]. */
        @JvmStatic
        public fun createUnix(
            socketPath: String,
            isSecure: Boolean = false,
            path: String = "/",
            params: Map<String, List<String>> = emptyMap(),
        ): WebSocketUrl = ofSocket(socketPath, encoded(path, params), isSecure)

        private fun encoded(path: String, params: Map<String, List<String>>): ResourceName {
            val query = PercentCoding.query(params)
            val absolute = "/" + PercentCoding.encode(path, PATH_SIGNS).removePrefix("/")
            return ResourceName.ofTail(if (query.isEmpty()) absolute else "$absolute?$query")
        }
    }
}
