package dev.kobahn.internal.transport

import dev.kobahn.protocol.onOneLine
import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketAddress

/**
 * Returns the address in Autobahn's form: `tcp4:127.0.0.1:9000`, `tcp6:::1:9000`, `unix:/path`. Does
 * not look up any name.
 */
internal fun SocketAddress.toText(): String = when (this) {
    is InetSocketAddress -> "${family(address)}:${address?.toLiteral() ?: hostString}:$port"

    // The class of Unix addresses came with Java 16; its text is the path. A peer may have chosen
    // the path, so it has to be escaped.
    else -> "unix:$this".onOneLine()
}

/** The text of [address], made on demand. */
internal class SocketName(private val address: SocketAddress) {
    override fun toString(): String = address.toText()
}

private fun family(address: InetAddress?): String = when (address) {
    is Inet4Address -> "tcp4"
    is Inet6Address -> "tcp6"
    else -> "tcp"
}

/** Returns the numeric form; for IPv6 the shortest one (RFC 5952), with its scope if it has one. */
internal fun InetAddress.toLiteral(): String {
    if (this !is Inet6Address) return checkNotNull(hostAddress)
    val bytes = address
    val groups = (0 until GROUPS).map { bytes.group(2 * it) }
    val scope = checkNotNull(hostAddress).substringAfter('%', "")
    return shorten(groups) + if (scope.isEmpty()) "" else "%$scope"
}

private fun ByteArray.group(index: Int): Int =
    (this[index].toInt() and BYTE shl BYTE_BITS) or (this[index + 1].toInt() and BYTE)

private fun shorten(groups: List<Int>): String {
    val zeros = longestZeros(groups)
    if (zeros.isEmpty()) return groups.joinToString(":") { it.toString(HEX) }
    val head = groups.subList(0, zeros.first).joinToString(":") { it.toString(HEX) }
    val tail = groups.subList(zeros.last + 1, GROUPS).joinToString(":") { it.toString(HEX) }
    return "$head::$tail"
}

/** Returns the first of the longest runs of at least two zeros, or an empty range. */
private fun longestZeros(groups: List<Int>): IntRange {
    var longest = IntRange.EMPTY
    var start = 0
    for (index in 0..GROUPS) {
        if (index < GROUPS && groups[index] == 0) continue
        val length = index - start
        if (length > 1 && length > longest.count()) longest = start until index
        start = index + 1
    }
    return longest
}

private const val GROUPS = 8
private const val BYTE = 0xFF
private const val BYTE_BITS = 8
private const val HEX = 16
