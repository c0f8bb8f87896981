package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * The origins that may open a WebSocket (RFC 6455 section 10.2). A browser names the origin of the
 * page, and sends the cookies of the host it connects to, even if the page comes from another site.
 * A server that trusts cookies, or its own network, must not let in the pages of other sites. A
 * request without an origin does not come from a browser and is allowed.
 *
 * A pattern is an origin as a browser writes it, `https://www.example.com`, without the default
 * port of its scheme. It is compared with the whole origin, without regard to case. `*` stands for
 * any sequence of characters, including `/` and `:`; no other character is special. So
 * `*.example.com` permits all subdomains under http and https, but not `example.com` itself, and a
 * pattern that ends with `:*` permits any port. Beware: `https://example.com*` permits
 * `https://example.com.evil.org` too. The default port may also be written; the port of a scheme
 * without one is written `none`.
 *
 * `same-origin` stands for the pages of the requested host, as in gorilla and coder/websocket: host
 * and port of the origin must equal those of the `Host` field. A `Host` without a port has the
 * external port if that is known, else the default of the origin's scheme. The schemes http and
 * https are not compared, because a server behind a proxy that ends TLS does not know its own. Such
 * a proxy must pass the `Host` field on unchanged; `X-Forwarded-Host`, which anyone can write, is
 * ignored. A name that an attacker points at this server (DNS rebinding) is the same origin too, so
 * a server that relies on its address being secret must list its origins.
 *
 * An opaque origin, which is `null` or has the scheme `file`, matches no pattern, not even `*`:
 * only `allowNullOrigin` lets it in. Immutable.
 *
 * @param patterns the patterns of the allowed origins
 * @param allowNullOrigin whether opaque origins are allowed
 * @throws IllegalArgumentException for an empty pattern
 */
public class AllowedOrigins(
    @get:JvmSynthetic
    internal val patterns: List<String>,
    @get:JvmSynthetic
    internal val allowNullOrigin: Boolean,
) {
    /** Allows the origins of [patterns], and no opaque ones. */
    public constructor(patterns: List<String>) : this(patterns, allowNullOrigin = false)

    private val allowsSame = SAME_ORIGIN in patterns
    private val compiled = patterns.filter { it != SAME_ORIGIN }.map(::OriginPattern)

    /**
     * Whether [origin] may connect to [host], the `Host` field, behind [externalPort] if it is
     * known.
     */
    internal fun permits(origin: Origin, host: HostAndPort?, externalPort: Int? = null): Boolean =
        when {
            origin.isNull -> allowNullOrigin
            allowsSame && host != null && origin.isAt(host, externalPort) -> true
            else -> compiled.any { it.matches(origin.text) || it.matches(origin.written) }
        }

    override fun toString(): String = "$patterns" + if (allowNullOrigin) " or null" else ""

    /** Common choices. */
    public companion object {
        /** The pattern that stands for the pages of the requested host. */
        public const val SAME_ORIGIN: String = "same-origin"

        /** Allows the pages of the requested host, and no others. */
        @JvmField
        public val SAME: AllowedOrigins = AllowedOrigins(listOf(SAME_ORIGIN))

        /** Allows every origin except an opaque one. */
        @JvmField
        public val ANY: AllowedOrigins = AllowedOrigins(listOf("*"))

        /**
         * Whether [pattern] permits some origins, and not more than intended:
         * `https://example.com/` permits none, and `https://example.com*` permits those of
         * strangers.
         */
        @JvmSynthetic
        internal fun isPattern(pattern: String): Boolean {
            if (pattern == SAME_ORIGIN) return true
            if ('*' !in pattern) return isOrigin(pattern.lowercase())
            // A star at the end of a host permits the hosts of strangers too.
            if (pattern.endsWith('*')) return pattern == "*" || WHOLE.any(pattern::endsWith)
            val end = pattern.lowercase().substringAfterLast('*').substringAfter("://")
            val port = end.substringAfterLast(':', NO_PORT)
            val isAddress = end.endsWith(']')
            val mayEndPort =
                port.isNotEmpty() && (port.all(HttpGrammar::isDigit) || NO_PORT.endsWith(port))
            return '/' !in end && (isAddress || mayEndPort)
        }

        private fun isOrigin(text: String): Boolean {
            val origin = Origin.parse(text.removeSuffix(":$NO_PORT")) ?: return false
            return !origin.isNull && (text == origin.text || text == origin.written)
        }
    }
}

private const val NO_PORT = "none"

/** Ends of patterns in which the star stands for a whole port, or for host and port. */
private val WHOLE = listOf(":*", "://*")

/**
 * An origin, lower-case. Immutable.
 *
 * @property text the origin with its port, even the default one
 * @property written the origin as a browser writes it, without the default port of its scheme
 */
internal class Origin private constructor(
    private val scheme: String,
    private val place: HostAndPort?,
) {
    private val ownPort: Int? = when (scheme) {
        "https" -> 443
        "http" -> 80
        else -> null
    }
    private val start = "$scheme://" + HostAndPort.bracketed(place?.host.orEmpty())
    private val port = place?.port ?: ownPort

    val isNull: Boolean get() = place == null
    val text: String get() = if (isNull) NULL else "$start:${port ?: NO_PORT}"
    val written: String get() = if (!isNull && port == ownPort) start else text

    /**
     * Whether this is [host] under http or https. A host without a port has [externalPort] or the
     * default.
     */
    fun isAt(host: HostAndPort, externalPort: Int?): Boolean = ownPort != null &&
        place?.host == host.host && port == (host.port ?: externalPort ?: ownPort)

    companion object {
        private const val NULL = "null"

        /** Parses the value of the field, ignoring a path; returns null if it is malformed. */
        fun parse(value: String): Origin? {
            val scheme = value.substringBefore(":", "").lowercase()
            if (value.equals(NULL, ignoreCase = true) || scheme == "file") return Origin(NULL, null)
            val rest = value.drop(scheme.length)
            if (!isScheme(scheme) || !rest.startsWith("://")) return null
            val authority = rest.substring("://".length).takeWhile { it !in "/?#" }
            val place = HostAndPort.parse(authority)?.takeIf { it.host.isNotEmpty() } ?: return null
            return Origin(scheme, place)
        }

        private fun isScheme(text: String) =
            text.isNotEmpty() && text.all { HttpGrammar.isAlphanumeric(it) || it in "+-." }
    }
}

/** A pattern cut at its stars. Not a regular expression, so no other character is special. */
private class OriginPattern(pattern: String) {
    private val parts = pattern.lowercase().split('*')

    init {
        require(pattern.isNotEmpty()) { "allowedOrigins: a pattern must not be empty" }
    }

    fun matches(text: String): Boolean {
        if (parts.size == 1) return text == parts[0]
        val end = text.length - parts.last().length
        var index = parts.first().length
        if (!text.startsWith(parts.first()) || !text.endsWith(parts.last())) return false
        for (part in parts.subList(1, parts.size - 1)) {
            val found = text.indexOf(part, index)
            if (found < 0) return false
            index = found + part.length
        }
        return index <= end
    }
}
