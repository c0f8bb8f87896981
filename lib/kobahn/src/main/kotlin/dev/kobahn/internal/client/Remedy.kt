package dev.kobahn.internal.client

import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.Redirection
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.SEC_WEBSOCKET_VERSION
import dev.kobahn.protocol.handshake.WEBSOCKET
import dev.kobahn.protocol.handshake.hasElement

/** Says what to do about the usual mistakes, for the messages of exceptions. Stateless. */
internal object Remedy {
    private const val TOO_MANY_REQUESTS = 429

    /** So many bytes at the beginning of an answer tell what the server speaks. */
    const val BEGINNING = 5

    /** Returns what to do if [head] is the answer to [request], or null if there is no advice. */
    fun of(request: RequestHead, head: ResponseHead, body: ByteArray): String? {
        if (Redirection.isOne(head.status, head.headers)) return redirect(head)
        return when (head.status) {
            HttpStatus.OK -> "this is a page, and no WebSocket; check the path of the URL"

            HttpStatus.BAD_REQUEST ->
                "the port speaks TLS, so the URL must begin with wss".takeIf { isTls(head, body) }

            HttpStatus.UNAUTHORIZED -> when {
                "Authorization" in request.headers -> "the server does not accept the credentials"
                else -> "the server wants credentials, which basicAuth or bearerAuth would send"
            }

            HttpStatus.FORBIDDEN -> when {
                "Origin" in request.headers -> "check the origin, and the rights of the user"
                else -> "check the rights of the user; some servers demand an origin"
            }

            HttpStatus.NOT_FOUND -> "there is nothing at this path; check the path of the URL"

            HttpStatus.UPGRADE_REQUIRED -> upgrade(head)

            TOO_MANY_REQUESTS, HttpStatus.SERVICE_UNAVAILABLE -> "try again later"

            else -> null
        }
    }

    private fun redirect(head: ResponseHead): String {
        // Query and fragment may hold secrets, and so may the credentials of a URL.
        val location =
            head.headers["Location"].orEmpty().substringBefore('?').substringBefore('#')
        val isPrintable = '@' !in location && location.length <= MAX_LOCATION
        val target = if (isPrintable) "to $location" else "in Location"
        return "maxRedirects would let the client follow the redirect $target"
    }

    private fun upgrade(head: ResponseHead): String {
        val versions = head.headers[SEC_WEBSOCKET_VERSION]
        return when {
            versions != null -> "the server speaks version ${versions.take(MAX_LOCATION)}"

            head.headers.hasElement("Upgrade", WEBSOCKET) ->
                "a proxy on the way may have taken the Upgrade field from the request"

            else -> "the server wants another protocol"
        }
    }

    /** nginx, Go and others answer in plain HTTP if a client speaks HTTP where TLS is spoken. */
    private fun isTls(head: ResponseHead, body: ByteArray): Boolean {
        val text = head.reason + " " + String(body, Charsets.ISO_8859_1)
        return "HTTPS" in text || "TLS" in text || "SSL" in text
    }

    /** Returns what speaks if an answer has this [beginning], or null if that is not known. */
    fun ofBytes(beginning: ByteArray): String? {
        fun at(index: Int) = beginning.getOrNull(index)?.toInt()?.and(0xFF)
        return when {
            // RFC 8446 section 5.1: the header of an alert, or of a handshake record.
            (at(0) == 0x15 || at(0) == 0x16) && at(1) == 3 ->
                "the port speaks TLS, so the URL must begin with wss"

            // RFC 9113 section 3.4: a server begins with a SETTINGS frame, whose type is 4.
            at(
                0,
            ) == 0 && at(3) == 4 -> "the port speaks only HTTP/2, and a WebSocket needs HTTP/1.1"

            else -> null
        }
    }

    private const val MAX_LOCATION = 200
}
