package dev.kobahn

import dev.kobahn.protocol.ConnectionException
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.onOneLine
import java.io.IOException

/**
 * The opening handshake failed. For a client: the server refused it, answered something else, or
 * nothing, and the message begins with the server's host and port; if the time was over it says what
 * took it. A transport that cannot be connected is a plain [IOException]. For a server, in
 * [ServerWebSocket.awaitOpen]: it was refused, or the client went away.
 *
 * The message may quote the server's reason phrase, escaped so that it stays on its line; [body] and
 * [headers] are as they came.
 */
public class HandshakeException internal constructor(
    message: String,
    /** The HTTP status of the answer, or null if there was no valid one. */
    public val status: Int? = null,
    /** The fields of the answer. */
    public val headers: Headers = Headers.EMPTY,
    /** The beginning of the answer's body, at most 64 KiB. */
    public val body: ByteArray = ByteArray(0),
    cause: Throwable? = null,
) : ConnectionException(message.onOneLine(), cause) {
    /** [body] read as UTF-8. */
    public val bodyText: String get() = body.decodeToString()
}
