package dev.kobahn

import dev.kobahn.protocol.ConnectionException
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.onOneLine
import java.io.IOException

/**
 * A failed opening handshake.
 *
 * On a client, the server refused the handshake, sent an invalid response, or sent none. The
 * message begins with the server's host and port; after a timeout it names the step that took the
 * time. For the usual mistakes it says the remedy. A failure to connect the transport is a plain [IOException] instead. On a server,
 * [ServerWebSocket.awaitOpen] throws this if the handshake was refused or the client disconnected.
 *
 * The message may quote the server's reason phrase, escaped so that it stays on one line. [body]
 * and [headers] are unchanged.
 */
public open class HandshakeException internal constructor(
    message: String,
    /** The HTTP status of the response, or null if there was no valid response. */
    public val status: Int? = null,
    /** The header fields of the response. */
    public val headers: Headers = Headers.EMPTY,
    /** The first bytes of the response's body, at most 64 KiB. */
    public val body: ByteArray = ByteArray(0),
    cause: Throwable? = null,
    /**
     * The URLs from that of `connect` to the one that failed, if `maxRedirects` let the client
     * follow redirects; otherwise empty.
     */
    public val redirects: List<WebSocketUrl> = emptyList(),
) : ConnectionException(message.onOneLine(), cause) {
    /** The text of [body], decoded as UTF-8. */
    public val bodyText: String get() = body.decodeToString()
}
