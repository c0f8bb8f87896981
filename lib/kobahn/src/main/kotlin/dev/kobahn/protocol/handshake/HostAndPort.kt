package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * Host and optional port in a URL, an origin or a `Host` field (RFC 3986 section 3.2). The brackets
 * around an IPv6 address are removed.
 *
 * @property host lower-case, possibly empty
 * @property port null if there is none
 */
internal class HostAndPort private constructor(val host: String, val port: Int?) {
    companion object {
        val PORTS: IntRange = 1..65535
        private const val HOST_SIGNS = "-._~%!$&'()*+,;="
        private const val HEX_DIGITS = "0123456789abcdefABCDEF"
        private const val ADDRESS_CHARS = "0123456789abcdefABCDEF:."

        /**
         * Parses [text]; returns null if it is malformed. With [emptyPort], a colon may stand
         * without a port.
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

        /** Returns [host] as in a URL: with brackets if it is an IPv6 address. */
        fun bracketed(host: String): String = if (':' in host) "[$host]" else host

        /** Returns [host] lower-case and without brackets, or null if it is malformed. */
        fun bare(host: String): String? {
            val name = host.removeSurrounding("[", "]")
            val isAddress = name.length < host.length
            if (isAddress) return if (isIpv6(name)) lowerCase(name) else null
            return if (name.all(::isHostChar) && isEncoded(name)) name.lowercase() else null
        }

        /** Whether two hexadecimal digits follow each percent sign (RFC 3986 section 2.1). */
        private fun isEncoded(name: String): Boolean = name.indices.all { index ->
            name[index] != '%' || name.drop(index + 1).take(2).let {
                it.length == 2 && it.all(HEX_DIGITS::contains)
            }
        }

        /** Returns an IPv6 [address] lower-case; the zone is the name of an interface and stays. */
        private fun lowerCase(address: String): String {
            val number = address.substringBefore('%')
            return number.lowercase() + address.drop(number.length)
        }

        /** Returns [host] without the zone of an IPv6 address, which means nothing elsewhere. */
        fun withoutZone(host: String): String =
            if (isIpv6(host)) host.substringBefore('%') else host

        /** Like [bare], but accepts an IPv6 address without brackets too, and no empty host. */
        fun bareOrAddress(host: String): String? =
            if (isIpv6(host)) lowerCase(host) else bare(host)?.ifEmpty { null }

        /** Recognizes an IPv6 address by its characters. A zone may follow after a `%`. */
        fun isIpv6(text: String): Boolean {
            val address = text.substringBefore('%')
            return address.count { it == ':' } >= 2 &&
                address.all { it in ADDRESS_CHARS } &&
                text.drop(address.length).all(::isHostChar)
        }

        private fun isHostChar(char: Char) = HttpGrammar.isAlphanumeric(char) || char in HOST_SIGNS
    }
}
