package dev.kobahn.internal.transport

import dev.kobahn.protocol.IpAddress
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

/**
 * Returns the form of [SocketAddress.toText] for an [address] in text, with or without brackets.
 * Looks up no name.
 */
internal fun addressText(address: String, port: Int): String {
    val bare = address.removeSurrounding("[", "]")
    val bytes = IpAddress.parse(bare.substringBefore('%'))
    val scope = bare.substringAfter('%', "").let { if (it.isEmpty()) "" else "%$it" }
    return when (bytes?.size) {
        IpAddress.IPV4_BYTES -> "tcp4:${IpAddress.format(bytes)}:$port"
        IpAddress.IPV6_BYTES -> "tcp6:${IpAddress.format(bytes)}$scope:$port"
        else -> "tcp:$bare:$port"
    }.onOneLine()
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
    val scope = checkNotNull(hostAddress).substringAfter('%', "")
    return IpAddress.format(address) + if (scope.isEmpty()) "" else "%$scope"
}
