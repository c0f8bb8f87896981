package dev.kobahn.protocol.handshake

/**
 * Returns only the address in [peer], which is a name from a transport, such as
 * `tcp4:127.0.0.1:9000`, or from a proxy, such as `203.0.113.7`, `[2001:db8::1]:4711` or `unknown`.
 */
internal fun addressIn(peer: String): String = when (peer.substringBefore(':')) {
    "tcp4", "tcp6", "tcp" -> peer.substringAfter(':').substringBeforeLast(':')
    "unix", "memory" -> peer.substringAfter(':')
    else -> withoutPort(peer)
}

private fun withoutPort(address: String): String = when {
    address.startsWith('[') -> address.substring(1).substringBefore(']')

    // With more than one colon it is an IPv6 address without brackets, which cannot have a port.
    address.indexOf(':') == address.lastIndexOf(':') -> address.substringBefore(':')

    else -> address
}
