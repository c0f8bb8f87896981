package dev.kobahn

import dev.kobahn.protocol.ConnectionException

/**
 * The connection is closed or closing: thrown by every call that sends or receives after that, and by
 * iteration over [WebSocket.incoming] when the end was not clean. Never a `CancellationException`: a
 * peer that goes away cancels nothing.
 *
 * [status] is what was known when this was thrown; [WebSocket.awaitClosed] gives the final word.
 */
public class ConnectionClosedException(
    /** How the connection ended. */
    public val status: CloseStatus,
) : ConnectionException("the connection is closed: $status", status.cause)
