package dev.kobahn.protocol.handshake

/**
 * The address alone in [peer], which is the name of a transport's end, such as `tcp4:127.0.0.1:9000`,
 * or what a proxy wrote, such as `203.0.113.7`, `[2001:db8::1]:4711` or `unknown`.
 */
internal fun addressIn(peer: String): String = when (peer.substringBefore(':')) {
    "tcp4", "tcp6", "tcp" -> peer.substringAfter(':').substringBeforeLast(':')
    "unix", "memory" -> peer.substringAfter(':')
    else -> withoutPort(peer)
}

private fun withoutPort(address: String): String = when {
    address.startsWith('[') -> address.substring(1).substringBefore(']')

    // More than one colon is IPv6 without brackets, which cannot have a port.
    address.indexOf(':') == address.lastIndexOf(':') -> address.substringBefore(':')

    else -> address
}
