package dev.kobahn.autobahn

import dev.kobahn.NO_SUBPROTOCOL
import dev.kobahn.ServerWebSocket
import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.handshake.Headers

/** A server's acceptance of a connection. Autobahn: `ConnectionAccept`. */
public class ConnectionAccept(
    /** The subprotocol, one of those the client offered, or null for none. */
    public val subprotocol: String? = null,
    /** Additional header fields of the 101 response. */
    public val headers: Headers = Headers.EMPTY,
) {
    /** Returns all properties as a JSON object. */
    public fun toJson(): String = StringBuilder().appendJson(
        linkedMapOf("subprotocol" to subprotocol, "headers" to headers.toLowerCaseMap()),
    ).toString()

    override fun toString(): String = toJson()
}

/** Opens the connection as [accept] says. Otherwise like [ServerWebSocket.accept]. */
public suspend fun ServerWebSocket.accept(accept: ConnectionAccept) {
    accept(accept.subprotocol ?: NO_SUBPROTOCOL, accept.headers)
}
