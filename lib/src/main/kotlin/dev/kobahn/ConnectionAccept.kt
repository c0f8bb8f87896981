package dev.kobahn

import dev.kobahn.protocol.handshake.Headers

/** How a server accepts a connection, see [ServerWebSocket.accept]. Autobahn: `ConnectionAccept`. */
public class ConnectionAccept
@JvmOverloads
constructor(
    /** The subprotocol, one of those the client offered, or null for none. */
    public val subprotocol: String? = null,
    /** Further fields of the 101 response. */
    public val headers: Headers = Headers.EMPTY,
)
