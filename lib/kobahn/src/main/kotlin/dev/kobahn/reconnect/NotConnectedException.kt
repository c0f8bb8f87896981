package dev.kobahn.reconnect

import dev.kobahn.protocol.ConnectionException

/**
 * A message was not sent, as there is no connection at present and [Unsent.FAIL] does not let it
 * wait, or as there will be none any more.
 */
public class NotConnectedException internal constructor(
    /** The state without a connection. */
    public val state: ReconnectState,
    cause: Throwable? = null,
) : ConnectionException("not connected: $state", cause)
