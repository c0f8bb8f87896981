package dev.kobahn

import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus

/**
 * The denial of a connection, thrown in a server's `onConnect` before it accepts the connection;
 * [ServerWebSocket.deny] is the short way. The client gets [response]. Autobahn: `ConnectionDeny`.
 */
public class ConnectionDeniedException(
    /** The HTTP status, usually 400 to 599. */
    public val status: Int,
    /** The reason phrase. If it is empty, [response] has the standard phrase. */
    public val reason: String = "",
    headers: Headers = Headers.EMPTY,
    body: String = "",
) : RuntimeException("denied with $status $reason".trimEnd()) {
    /** Denies with [status] and its standard phrase. */
    public constructor(status: Int) : this(status, reason = "")

    /** The whole HTTP response. */
    public val response: HttpResponse = if (body.isEmpty()) {
        HttpResponse(status, reason.ifEmpty { HttpStatus.reasonPhrase(status) }, headers)
    } else {
        val text = HttpResponse.text(body).withStatus(status).withHeaders(headers)
        HttpResponse(status, reason.ifEmpty { text.reason }, text.headers, text.body)
    }
}
