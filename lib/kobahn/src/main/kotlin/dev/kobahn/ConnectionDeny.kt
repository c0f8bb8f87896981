package dev.kobahn

import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.appendJson

/**
 * Thrown in a server's `onConnect` before the connection is accepted, [ServerWebSocket.deny] being
 * the short way: the client gets [response]. Autobahn: `ConnectionDeny`.
 */
public class ConnectionDeny
@JvmOverloads
constructor(
    /** The HTTP status, 400 to 599 as a rule. */
    public val status: Int,
    /** The reason phrase; the standard one if it is empty. */
    public val reason: String = "",
    headers: Headers = Headers.EMPTY,
    body: String = "",
) : RuntimeException("denied with $status $reason".trimEnd()) {
    /** The whole answer. */
    public val response: HttpResponse = if (body.isEmpty()) {
        HttpResponse(status, reason.ifEmpty { HttpStatus.reasonPhrase(status) }, headers)
    } else {
        val text = HttpResponse.text(body, status, headers)
        HttpResponse(status, reason.ifEmpty { text.reason }, text.headers, text.body)
    }

    /** Status, reason and the fields of the answer as a JSON object. */
    public fun toJson(): String = StringBuilder().appendJson(
        linkedMapOf(
            "code" to status,
            "reason" to response.reason,
            "headers" to response.headers.toLowerCaseMap(),
        ),
    ).toString()

    /** The statuses Autobahn names. */
    public companion object {
        /** The request makes no sense. */
        public const val BAD_REQUEST: Int = 400

        /** Not for this client. */
        public const val FORBIDDEN: Int = 403

        /** Nothing is there. */
        public const val NOT_FOUND: Int = 404

        /** None of what the client offers will do. */
        public const val NOT_ACCEPTABLE: Int = 406

        /** The client took too long. */
        public const val REQUEST_TIMEOUT: Int = 408

        /** The server failed. */
        public const val INTERNAL_SERVER_ERROR: Int = 500

        /** The server cannot do that. */
        public const val NOT_IMPLEMENTED: Int = 501

        /** Not now. */
        public const val SERVICE_UNAVAILABLE: Int = 503
    }
}
