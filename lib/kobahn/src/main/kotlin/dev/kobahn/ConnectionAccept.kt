package dev.kobahn

import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.handshake.Headers

/**
 * A server's acceptance of a connection, see [ServerWebSocket.accept]. Autobahn:
 * `ConnectionAccept`.
 */
public class ConnectionAccept
@JvmOverloads
constructor(
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
