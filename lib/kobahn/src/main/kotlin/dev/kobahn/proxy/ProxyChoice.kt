package dev.kobahn.proxy

import dev.kobahn.protocol.handshake.WebSocketUrl

/**
 * The choice of a proxy for each connection of a client, see [dev.kobahn.WebSocketClientOptions.proxy].
 * A [ProxyServer] is the choice of itself; [Proxies] has choices by the environment and by the
 * system. In Java a builder takes a function instead.
 */
public fun interface ProxyChoice {
    /**
     * Returns the proxy for a connection to [url], or null for none. Called once for each
     * connection, in the context of the caller of `connect`, or on `Dispatchers.Default` for a
     * connection without a block. It may suspend within `openHandshakeTimeout`. Its exception
     * fails `connect`.
     */
    public suspend fun proxyFor(url: WebSocketUrl): ProxyServer?
}
