package dev.kobahn

import java.io.IOException
import java.net.InetAddress
import java.net.UnknownHostException

/** The lookup of the addresses of a host, see [WebSocketClientOptions.resolver]. */
public fun interface HostResolver {
    /**
     * Returns the addresses of [host], best first. Called once for each connection, with a name, in
     * the context of the caller of `connect`, or on `Dispatchers.Default` for a connection without
     * a block. It may suspend within `openHandshakeTimeout`, and must not block.
     *
     * @throws UnknownHostException if there are none; an empty list means the same
     * @throws IOException if the lookup fails
     */
    public suspend fun resolve(host: String): List<InetAddress>
}
