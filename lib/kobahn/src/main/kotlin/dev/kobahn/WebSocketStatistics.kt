package dev.kobahn

/** The traffic and the timings of a connection, see [WebSocket.statistics]. Thread-safe. */
public interface WebSocketStatistics {
    /**
     * The traffic since the connection began, or since [resetTraffic], as of this call. Counting is
     * always on and costs almost nothing. Autobahn: `trafficStats`.
     */
    public val traffic: TrafficStats

    /** Resets [traffic] to 0. Autobahn: `trafficStats.reset()`. */
    public fun resetTraffic()

    /**
     * The times of the last events, or null while they are not tracked. Autobahn: `trackedTimings`.
     */
    public val timings: Timings?

    /**
     * Whether times are tracked. Setting it to true starts anew, without any times. The option
     * [trackTimings][WebSocketOptions.trackTimings] has the first value. Autobahn:
     * `setTrackTimings`.
     */
    public var trackTimings: Boolean
}
