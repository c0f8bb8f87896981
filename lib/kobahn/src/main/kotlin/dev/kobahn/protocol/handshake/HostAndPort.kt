package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * Host and optional port as they stand in a URL, an origin or a `Host` field (RFC 3986 section
 * 3.2). An IPv6 address stands in brackets, here without them.
 *
 * @property host lower-case, possibly empty
 * @property port null when there is none
 */
internal class HostAndPort private constructor(val host: String, val port: Int?) {
    companion object {
        val PORTS: IntRange = 1..65535
        private const val HOST_SIGNS = "-._~%!$&'()*+,;="
        private const val ADDRESS_CHARS = "0123456789abcdefABCDEF:."

        /**
         * Reads [text]; null when it is malformed. A colon with nothing behind it is no port when
         * [emptyPort] permits it.
         */
        fun parse(text: String, emptyPort: Boolean = false): HostAndPort? {
            val isAddress = text.startsWith('[')
            if (isAddress && ']' !in text) return null
            val addressEnd = text.indexOf(']') + 1
            val host = if (isAddress) text.take(addressEnd) else text.substringBefore(':')
            val name = bare(host) ?: return null
            if (host.length == text.length) return HostAndPort(name, null)
            if (text[host.length] != ':') return null
            val digits = text.substring(host.length + 1)
            if (emptyPort && digits.isEmpty()) return HostAndPort(name, null)
            val port = HttpGrammar.decimal(digits, PORTS.last)?.takeIf { it in PORTS }
            return port?.let { HostAndPort(name, it) }
        }

        /** [host] as a URL has it: with brackets when it is an IPv6 address. */
        fun bracketed(host: String): String = if (':' in host) "[$host]" else host

        /** [host] lower-case and without brackets, or null when it is no host. */
        fun bare(host: String): String? {
            val name = host.removeSurrounding("[", "]")
            val isAddress = name.length < host.length
            val valid = if (isAddress) isIpv6(name) else name.all(::isHostChar)
            return if (valid) name.lowercase() else null
        }

        /** As [bare], but not empty, and an IPv6 address may also come without brackets. */
        fun bareOrAddress(host: String): String? =
            if (isIpv6(host)) host.lowercase() else bare(host)?.ifEmpty { null }

        /** Tells an address by its characters. A zone may follow a `%`. */
        fun isIpv6(text: String): Boolean {
            val address = text.substringBefore('%')
            return address.count { it == ':' } >= 2 &&
                address.all { it in ADDRESS_CHARS } &&
                text.drop(address.length).all(::isHostChar)
        }

        private fun isHostChar(char: Char) = HttpGrammar.isAlphanumeric(char) || char in HOST_SIGNS
    }
}
