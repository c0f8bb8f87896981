package dev.kobahn

import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus

/**
 * The denial of a connection, thrown in a server's `onConnect` before it accepts the connection;
 * [ServerWebSocket.deny] is the short way. The client gets [response]. Autobahn: `ConnectionDeny`.
 */
public class ConnectionDeny
@JvmOverloads
constructor(
    /** The HTTP status, usually 400 to 599. */
    public val status: Int,
    /** The reason phrase. If it is empty, [response] has the standard phrase. */
    public val reason: String = "",
    headers: Headers = Headers.EMPTY,
    body: String = "",
) : RuntimeException("denied with $status $reason".trimEnd()) {
    /** The whole HTTP response. */
    public val response: HttpResponse = if (body.isEmpty()) {
        HttpResponse(status, reason.ifEmpty { HttpStatus.reasonPhrase(status) }, headers)
    } else {
        val text = HttpResponse.text(body, status, headers)
        HttpResponse(status, reason.ifEmpty { text.reason }, text.headers, text.body)
    }

    /** Returns the status, the reason and the header fields of the response as a JSON object. */
    public fun toJson(): String = StringBuilder().appendJson(
        linkedMapOf(
            "code" to status,
            "reason" to response.reason,
            "headers" to response.headers.toLowerCaseMap(),
        ),
    ).toString()

    /** The HTTP statuses that Autobahn names. */
    public companion object {
        /** The request is malformed. */
        public const val BAD_REQUEST: Int = 400

        /** The client has no permission. */
        public const val FORBIDDEN: Int = 403

        /** The resource does not exist. */
        public const val NOT_FOUND: Int = 404

        /** The server supports nothing of the client's offer. */
        public const val NOT_ACCEPTABLE: Int = 406

        /** The client took too long. */
        public const val REQUEST_TIMEOUT: Int = 408

        /** The server failed. */
        public const val INTERNAL_SERVER_ERROR: Int = 500

        /** The server does not support the request. */
        public const val NOT_IMPLEMENTED: Int = 501

        /** The server is overloaded or down for now. */
        public const val SERVICE_UNAVAILABLE: Int = 503
    }
}
