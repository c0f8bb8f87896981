package dev.kobahn.internal.server

import dev.kobahn.protocol.IpAddress
import dev.kobahn.protocol.IpRange

/**
 * The proxies whose `X-Forwarded-For` or `Forwarded` is believed: single addresses (`10.0.0.7`, `::1`) and ranges
 * (`10.0.0.0/8`, `fc00::/7`). A peer on a Unix socket is on this machine and always trusted.
 * Immutable.
 *
 * @throws IllegalArgumentException for a text that is neither an address nor a range
 */
internal class TrustedProxies(ranges: List<String>) {
    private val ranges = ranges.map(IpRange::parse)

    /**
     * Whether [peer], named as by a transport (`tcp4:10.0.0.7:4711`), is one of them.
     *
     * @param isTold whether a header of the PROXY protocol names it: then a Unix socket may be that
     * of another machine
     */
    fun contains(peer: String, isTold: Boolean = false): Boolean =
        if (isUnix(peer)) !isTold else contain(ranges, peer)

    companion object {
        /** Whether [text] is an address or a range. */
        fun isValid(text: String): Boolean = IpRange.parseOrNull(text) != null
    }
}

/**
 * The proxies that begin a connection with a header of the PROXY protocol: addresses, ranges, and
 * `unix` for all peers on a Unix socket. Immutable.
 *
 * @throws IllegalArgumentException for any other text
 */
internal class ProxyProtocolPeers(entries: List<String>) {
    private val hasUnix = UNIX in entries
    private val ranges = (entries - UNIX).map(IpRange::parse)

    /** Whether there are none. */
    val isEmpty: Boolean get() = !hasUnix && ranges.isEmpty()

    /** Whether [peer], named as by a transport, is one of them. */
    fun contains(peer: String): Boolean = if (isUnix(peer)) hasUnix else contain(ranges, peer)

    companion object {
        private const val UNIX = "unix"

        /** Whether [text] is an address, a range or `unix`. */
        fun isValid(text: String): Boolean = text == UNIX || IpRange.parseOrNull(text) != null
    }
}

private fun isUnix(peer: String) = peer.startsWith("unix:")

private fun contain(ranges: List<IpRange>, peer: String): Boolean {
    val literal = peer.substringAfter(':').substringBeforeLast(':').substringBefore('%')
    val address = IpAddress.parse(literal) ?: return false
    return ranges.any { it.contains(address) }
}
