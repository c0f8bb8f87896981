package dev.kobahn.protocol.handshake

/**
 * Which origins may open a WebSocket (RFC 6455 section 10.2): a browser names the page's origin,
 * and a server that trusts cookies must not let any other site's pages in. A request without an
 * origin does not come from a browser and is allowed.
 *
 * A pattern is an origin with its port, `https://www.example.com:443`, compared as a whole, but for
 * case. `*` stands for any run of characters, `/` and `:` included; nothing else is special. The
 * default port must be written; the port of a scheme without one reads `none`. Thus
 * `*://[*].example.com:*` without the brackets permits all subdomains, but not `example.com`.
 *
 * An opaque origin, `null` or of the scheme `file`, matches no pattern, not even `*`: only
 * [allowNullOrigin] lets it in. Immutable.
 *
 * @property patterns what was given, `*` alone by default
 * @throws IllegalArgumentException for an empty pattern
 */
public class AllowedOrigins
@JvmOverloads
constructor(
    public val patterns: List<String> = listOf("*"),
    public val allowNullOrigin: Boolean = false,
) {
    private val compiled = patterns.map(::OriginPattern)

    internal fun permits(origin: Origin): Boolean =
        if (origin.isNull) allowNullOrigin else compiled.any { it.matches(origin.text) }

    override fun toString(): String = "$patterns" + if (allowNullOrigin) " or null" else ""

    /** The usual choice. */
    public companion object {
        /** Every origin but an opaque one. */
        @JvmField
        public val ANY: AllowedOrigins = AllowedOrigins()

        /**
         * Whether there are origins that [pattern] permits. `https://example.com` permits none, for
         * it has no port.
         */
        @JvmSynthetic
        internal fun isPattern(pattern: String): Boolean {
            if ('*' !in pattern) return isOrigin(pattern.lowercase())
            val end = pattern.lowercase().substringAfterLast('*')
            val port = end.substringAfterLast(':')
            val mayEndPort = if (':' in end) port.isNotEmpty() else true
            return mayEndPort && (port.all(HttpGrammar::isDigit) || NO_PORT.endsWith(port))
        }

        private fun isOrigin(text: String) =
            Origin.parse(text.removeSuffix(":$NO_PORT"))?.text == text && text != "null"
    }
}

private const val NO_PORT = "none"

/** An origin as the patterns see it: lower-case, with its port. Immutable. */
internal class Origin private constructor(val text: String, val isNull: Boolean) {
    companion object {
        private val NULL = Origin("null", isNull = true)

        /** Reads the field's value; null when it is no origin. A path behind it is passed over. */
        fun parse(value: String): Origin? {
            val scheme = value.substringBefore(":", "").lowercase()
            if (value.equals("null", ignoreCase = true) || scheme == "file") return NULL
            val rest = value.drop(scheme.length)
            if (scheme.isEmpty() || !rest.startsWith("://")) return null
            val authority = rest.substring("://".length).takeWhile { it !in "/?#" }
            val place = HostAndPort.parse(authority)?.takeIf { it.host.isNotEmpty() } ?: return null
            val port = place.port ?: defaultPort(scheme) ?: NO_PORT
            return Origin("$scheme://${HostAndPort.bracketed(place.host)}:$port", isNull = false)
        }

        private fun defaultPort(scheme: String) = when (scheme) {
            "https" -> 443
            "http" -> 80
            else -> null
        }
    }
}

/** A pattern cut at its stars. No regular expression, so no character of it can mean anything. */
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
