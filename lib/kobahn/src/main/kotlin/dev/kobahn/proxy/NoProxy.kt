package dev.kobahn.proxy

import dev.kobahn.protocol.IpAddress
import dev.kobahn.protocol.IpRange
import dev.kobahn.protocol.handshake.HostAndPort

/**
 * The hosts that a client reaches without a proxy, in the form of the environment variable
 * `NO_PROXY`: entries separated by commas or white space. Immutable.
 *
 * | entry | matches |
 * | --- | --- |
 * | `*` | every host |
 * | `example.com` | `example.com` and all names that end in `.example.com` |
 * | `.example.com`, `*.example.com` | names that end in `.example.com` |
 * | `10.0.0.7`, `::1`, `[::1]` | that address |
 * | `10.0.0.0/8`, `fc00::/7` | the addresses of that range |
 * | `example.com:8080`, `[::1]:8080` | the same, on that port only |
 *
 * Names are compared without regard to case, and never looked up: an address does not match the
 * name of its host.
 */
public class NoProxy private constructor(private val entries: List<Entry>) {
    /** Whether a connection to [host] and [port] needs no proxy. */
    public fun matches(host: String, port: Int): Boolean {
        val name = host.removeSurrounding("[", "]").trimEnd('.').lowercase()
        val address = IpAddress.parse(HostAndPort.withoutZone(name))
        return entries.any { it.matches(name, address, port) }
    }

    /** Returns this with the entries of [other]. */
    public operator fun plus(other: NoProxy): NoProxy = NoProxy(entries + other.entries)

    private class Entry(
        private val port: Int?,
        private val range: IpRange?,
        private val name: String?,
        private val suffix: String,
    ) {
        fun matches(host: String, address: ByteArray?, wanted: Int): Boolean {
            if (port != null && port != wanted) return false
            if (range != null) return address != null && range.contains(address)
            val isBelow = suffix.isEmpty() || (address == null && host.endsWith(suffix))
            return isBelow || host == name
        }
    }

    /** Makes rules. */
    public companion object {
        /** No host: every connection uses the proxy. */
        @JvmField
        public val NONE: NoProxy = NoProxy(emptyList())

        /**
         * This machine: `localhost`, names that end in `.localhost`, `127.0.0.0/8` and `::1`. Other
         * forms of an address, such as `127.1`, are names here, which a proxy looks up.
         */
        @JvmField
        public val LOOPBACK: NoProxy = parse("localhost,127.0.0.0/8,::1")

        /**
         * Parses a list as in the environment variable `NO_PROXY`. An entry that is malformed
         * matches nothing, as with other programs that read the variable.
         */
        @JvmStatic
        public fun parse(list: String): NoProxy =
            NoProxy(list.split(',', ' ', '\t', '\n').filter(String::isNotEmpty).mapNotNull(::entry))

        private fun entry(text: String): Entry? {
            if (text == "*") return Entry(null, null, name = null, suffix = "")
            IpRange.parseOrNull(text.removeSurrounding("[", "]"))?.let { return address(it, null) }
            val isAddress = text.startsWith('[')
            val place = HostAndPort.parse(if (isAddress) text else text.removePrefix("*"))
            if (place == null || place.host.isEmpty()) return null
            val range = IpRange.parseOrNull(place.host)
            if (range != null) return address(range, place.port)
            val name = place.host.trimEnd('.')
            if (name.startsWith('.')) return Entry(place.port, null, name = null, suffix = name)
            return Entry(place.port, null, name, ".$name")
        }

        private fun address(range: IpRange, port: Int?) = Entry(port, range, null, "")
    }
}
