package dev.kobahn

/**
 * Takes the log of the frames and octets of connections, see [WebSocketOptions.wireLog]. Autobahn:
 * `logRxFrame`, `logTxFrame`, `logRxOctets` and `logTxOctets`.
 */
public fun interface WireLog {
    /**
     * Takes the next [entry] of its connection. The entries of a connection come one at a time and
     * in order, on the connection's loop or the thread that sends, which must not be blocked. What
     * this throws is logged, and nothing more of the connection comes.
     */
    public fun log(entry: WireLogEntry)
}
