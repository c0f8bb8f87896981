package dev.kobahn

import dev.kobahn.protocol.ConnectionException

/**
 * A connection is closed or closing. Every later call that sends or receives throws this, and so
 * does iteration over [WebSocket.incoming] after an unclean end. It is never a
 * `CancellationException`: a peer that disconnects cancels nothing.
 *
 * [status] is the status at the time of the throw; [WebSocket.awaitClosed] returns the final one.
 */
public class ConnectionClosedException(
    /** The status of the connection. */
    public val status: CloseStatus,
) : ConnectionException("the connection is closed: $status", status.cause)
