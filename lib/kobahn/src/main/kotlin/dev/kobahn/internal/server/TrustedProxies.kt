package dev.kobahn.internal.server

import dev.kobahn.protocol.IpAddress
import dev.kobahn.protocol.IpRange

/**
 * The proxies whose `X-Forwarded-For` is believed: single addresses (`10.0.0.7`, `::1`) and ranges
 * (`10.0.0.0/8`, `fc00::/7`). A peer on a Unix socket is on this machine and always trusted.
 * Immutable.
 *
 * @throws IllegalArgumentException for a text that is neither an address nor a range
 */
internal class TrustedProxies(ranges: List<String>) {
    private val ranges = ranges.map(IpRange::parse)

    /** Whether [peer], named as by a transport (`tcp4:10.0.0.7:4711`), is one of them. */
    fun contains(peer: String): Boolean {
        if (peer.startsWith("unix:")) return true
        val literal = peer.substringAfter(':').substringBeforeLast(':').substringBefore('%')
        val address = IpAddress.parse(literal) ?: return false
        return ranges.any { it.contains(address) }
    }

    companion object {
        /** Whether [text] is an address or a range. */
        fun isValid(text: String): Boolean = IpRange.parseOrNull(text) != null
    }
}
