package dev.kobahn.internal.server

import java.net.InetAddress

/**
 * The proxies whose `X-Forwarded-For` is believed: single addresses (`10.0.0.7`, `::1`) and ranges
 * (`10.0.0.0/8`, `fc00::/7`). A peer on a Unix socket is on this machine and always trusted.
 * Immutable.
 *
 * @throws IllegalArgumentException for a text that is neither an address nor a range
 */
internal class TrustedProxies(ranges: List<String>) {
    private class Range(val address: ByteArray, val bits: Int)

    private val ranges = ranges.map(::parse)

    /** Whether [peer], named as by a transport (`tcp4:10.0.0.7:4711`), is one of them. */
    fun contains(peer: String): Boolean {
        if (peer.startsWith("unix:")) return true
        val literal = peer.substringAfter(':').substringBeforeLast(':').substringBefore('%')
        val address = address(literal) ?: return false
        return ranges.any { isIn(it, address) }
    }

    private fun isIn(range: Range, address: ByteArray): Boolean =
        range.address.size == address.size && (0 until range.bits).all { bit ->
            val mask = TOP_BIT ushr bit % Byte.SIZE_BITS
            val index = bit / Byte.SIZE_BITS
            range.address[index].toInt() and mask == address[index].toInt() and mask
        }

    companion object {
        private const val TOP_BIT = 0x80

        /** Whether [text] is an address or a range. */
        fun isValid(text: String): Boolean = try {
            TrustedProxies(listOf(text))
            true
        } catch (_: IllegalArgumentException) {
            false
        }

        private fun parse(text: String): Range {
            val address = address(text.substringBefore('/'))
            requireNotNull(address) { "\"$text\" is no address or range" }
            val most = address.size * Byte.SIZE_BITS
            val bits = if ('/' in text) text.substringAfter('/').toIntOrNull() else most
            require(bits != null && bits in 0..most) { "\"$text\" has no length in 0..$most" }
            return Range(address, bits)
        }

        /** Returns the bytes of a numeric address, or null for a name, which is not looked up. */
        private fun address(literal: String): ByteArray? {
            val isIpv6 = ':' in literal && literal.all { it in "0123456789abcdefABCDEF:." }
            val isIpv4 = literal.split('.').let { parts ->
                parts.size == IPV4_PARTS && parts.all { (it.toIntOrNull() ?: -1) in 0..MAX_BYTE }
            }
            if (!isIpv6 && !isIpv4) return null
            return try {
                InetAddress.getByName(literal).address
            } catch (_: java.net.UnknownHostException) {
                null
            }
        }

        private const val IPV4_PARTS = 4
        private const val MAX_BYTE = 255
    }
}
