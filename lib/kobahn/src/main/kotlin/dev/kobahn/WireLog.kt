package dev.kobahn

/**
 * A receiver of the log of frames and bytes, see [WebSocketOptions.wireLog]. Autobahn:
 * `logRxFrame`, `logTxFrame`, `logRxBytes` and `logTxBytes`.
 */
public fun interface WireLog {
    /**
     * Logs the next [entry] of its connection. The entries of a connection come one at a time and
     * in order, on the event loop of the connection or the sending thread; do not block either. An
     * exception of this function is logged, and the connection logs no further entries.
     */
    public fun log(entry: WireLogEntry)
}
