package dev.kobahn.proxy

import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HostAndPort
import dev.kobahn.protocol.handshake.PercentCoding
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.handshake.protectedField
import dev.kobahn.protocol.proxy.HttpConnect
import dev.kobahn.protocol.proxy.ProxyCredentials

/**
 * A proxy server through which a client connects. It opens a tunnel to the target, for `ws` and for
 * `wss`, and looks up the target's name: the client never does. Immutable.
 *
 * ```
 * val client = webSocketClient {
 *     proxy = ProxyServer.http("proxy.example", 3128).withCredentials("user", "password")
 * }
 * ```
 *
 * Acts as a [ProxyChoice] for every URL. Proxies are equal if they are at the same place,
 * of the same kind, and get the same credentials and headers.
 */
public class ProxyServer private constructor(
    /** The kind of the proxy. */
    public val kind: Kind,
    /** The name or address of the proxy, an IPv6 address without brackets. */
    public val host: String,
    /** The port of the proxy. */
    public val port: Int,
    @get:JvmSynthetic
    internal val credentials: ProxyCredentials?,
    @get:JvmSynthetic
    internal val sendsCredentialsAtOnce: Boolean,
    /** Additional fields of the CONNECT request; the target does not get them. */
    public val headers: Headers,
) : ProxyChoice {
    init {
        require(credentials == null || HttpConnect.PROXY_AUTHORIZATION !in headers) {
            "Proxy-Authorization is given twice: among the headers, and by credentials"
        }
    }

    /** The protocols that a client speaks with a proxy. */
    public enum class Kind {
        /** CONNECT of HTTP/1.1 (RFC 9110 section 9.3.6). */
        HTTP,

        /** CONNECT of HTTP/1.1 over TLS. */
        HTTPS,

        /** SOCKS5 (RFC 1928). */
        SOCKS5,
    }

    /** The user name for the proxy, or null. */
    public val user: String? get() = credentials?.user

    /**
     * Returns this proxy with a user name and a password, which the first request already carries:
     * `Basic` (RFC 7617) for HTTP, RFC 1929 for SOCKS5 if the proxy chooses that.
     *
     * @throws IllegalArgumentException if one of them cannot be sent to a proxy of this kind, or
     * [headers] have `Proxy-Authorization`
     */
    public fun withCredentials(user: String, password: String): ProxyServer =
        with(user, password, atOnce = true)

    /**
     * Returns this proxy with a user name and a password that are sent only if the proxy asks for
     * them by 407 and `Basic`. That costs another round trip, or another connection if the proxy
     * ends the first one. Otherwise like [withCredentials].
     */
    public fun withCredentialsOnRequest(user: String, password: String): ProxyServer =
        with(user, password, atOnce = false)

    private fun with(user: String, password: String, atOnce: Boolean): ProxyServer {
        if (kind == Kind.SOCKS5) {
            require(user.encodeToByteArray().size in 1..MAX_SOCKS_TEXT) {
                "the user name for SOCKS5 must have 1 to $MAX_SOCKS_TEXT bytes"
            }
            require(password.encodeToByteArray().size <= MAX_SOCKS_TEXT) {
                "the password for SOCKS5 must have at most $MAX_SOCKS_TEXT bytes"
            }
        } else {
            require(':' !in user) { "the user name must not hold a colon" }
            require((user + password).none(Char::isISOControl)) {
                "user name and password must not hold control characters"
            }
        }
        return ProxyServer(kind, host, port, ProxyCredentials(user, password), atOnce, headers)
    }

    /**
     * Returns this proxy with additional fields for the CONNECT request. `Proxy-Authorization` may be
     * one of them, for another scheme than `Basic`.
     *
     * @throws IllegalArgumentException for SOCKS5, for fields that only the library may write, and
     * for `Proxy-Authorization` in addition to credentials
     */
    public fun withHeaders(headers: Headers): ProxyServer {
        require(kind != Kind.SOCKS5) { "SOCKS5 has no header fields" }
        val own = headers.names.firstOrNull { it.equals("Host", ignoreCase = true) }
            ?: protectedField(headers)
        require(own == null) { "header $own belongs to the CONNECT request" }
        return ProxyServer(kind, host, port, credentials, sendsCredentialsAtOnce, headers)
    }

    /** Returns the choice of this proxy for all hosts but those of [direct]. */
    public fun except(direct: NoProxy): ProxyChoice =
        ProxyChoice { url -> takeUnless { direct.matches(url.host, url.port) } }

    /** Returns this proxy. */
    override suspend fun proxyFor(url: WebSocketUrl): ProxyServer = this

    private val parts: List<Any?>
        get() = listOf(
            kind,
            host,
            port,
            user,
            credentials?.password,
            sendsCredentialsAtOnce,
            headers,
        )

    override fun equals(other: Any?): Boolean = other is ProxyServer && parts == other.parts

    override fun hashCode(): Int = parts.hashCode()

    /** Returns the URL of the proxy without user name, password and headers. */
    override fun toString(): String =
        "${kind.name.lowercase()}://${HostAndPort.bracketed(host)}:$port"

    /** Makes proxies. */
    public companion object {
        private const val MAX_SOCKS_TEXT = 255
        private const val HTTP_PORT = 80
        private const val HTTPS_PORT = 443
        private const val SOCKS_PORT = 1080

        /**
         * Returns an HTTP proxy.
         *
         * @throws IllegalArgumentException if the host or the port is malformed
         */
        @JvmStatic
        public fun http(host: String, port: Int): ProxyServer = of(Kind.HTTP, host, port)

        /**
         * Returns an HTTP proxy to which the client speaks TLS, with the same trust as to a server,
         * and without the client's certificate. A `wss` connection then is TLS in TLS. A `ws`
         * connection is not secure: TLS ends at the proxy.
         *
         * @throws IllegalArgumentException if the host or the port is malformed
         */
        @JvmStatic
        public fun https(host: String, port: Int): ProxyServer = of(Kind.HTTPS, host, port)

        /**
         * Returns a SOCKS5 proxy.
         *
         * @throws IllegalArgumentException if the host or the port is malformed
         */
        @JvmStatic
        public fun socks5(host: String, port: Int): ProxyServer = of(Kind.SOCKS5, host, port)

        private fun of(kind: Kind, host: String, port: Int): ProxyServer {
            val name = HostAndPort.bareOrAddress(host)
            require(name != null) { "the host of the proxy is malformed" }
            require(port in HostAndPort.PORTS) {
                "the port of the proxy must be in ${HostAndPort.PORTS}, but is $port"
            }
            return ProxyServer(
                kind,
                name,
                port,
                credentials = null,
                sendsCredentialsAtOnce = true,
                Headers.EMPTY,
            )
        }

        /**
         * Parses a URL such as `http://user:password@proxy.example:3128`. The schemes are `http`,
         * `https`, and `socks5`, `socks5h` or `socks`, which mean the same; without a scheme it is
         * `http`. User name and password are percent-decoded. The default ports are 80, 443 and
         * 1080.
         *
         * @throws IllegalArgumentException if [url] is no such URL; the message quotes nothing of
         * it, since it may contain a password
         */
        @JvmStatic
        public fun parse(url: String): ProxyServer {
            val kind = kindOf(url.substringBefore("://", "http"))
            val rest = url.substringAfter("://")
            val authority = rest.substringBefore('/').substringBefore('?')
            require('@' !in rest.substring(authority.length)) {
                "user name and password in the proxy's URL must be percent-encoded: / is %2F, ? is %3F"
            }
            val place = HostAndPort.parse(authority.substringAfterLast('@'), emptyPort = true)
            require(place != null && place.host.isNotEmpty()) {
                "the host or the port of the proxy's URL is malformed"
            }
            val server = of(kind, place.host, place.port ?: defaultPort(kind))
            if ('@' !in authority) return server
            val user = authority.substringBeforeLast('@')
            return server.withCredentials(
                PercentCoding.decode(user.substringBefore(':')),
                PercentCoding.decode(user.substringAfter(':', "")),
            )
        }

        private fun kindOf(scheme: String): Kind = when (scheme.lowercase()) {
            "http" -> Kind.HTTP

            "https" -> Kind.HTTPS

            "socks", "socks5", "socks5h" -> Kind.SOCKS5

            else -> throw IllegalArgumentException(
                "the scheme of the proxy's URL must be http, https, socks5 or socks5h",
            )
        }

        private fun defaultPort(kind: Kind): Int = when (kind) {
            Kind.HTTP -> HTTP_PORT
            Kind.HTTPS -> HTTPS_PORT
            Kind.SOCKS5 -> SOCKS_PORT
        }
    }
}
