package dev.kobahn

import kotlin.time.Duration

/** The options of automatic Pings, under short names; see [WebSocketOptions.autoPing]. */
@WebSocketDsl
public class AutoPingOptions internal constructor(private val options: WebSocketOptions) {
    /** The same as [WebSocketOptions.autoPingInterval]. */
    public var interval: Duration by options::autoPingInterval

    /** The same as [WebSocketOptions.autoPingTimeout]. */
    public var timeout: Duration by options::autoPingTimeout

    /** The same as [WebSocketOptions.autoPingSize]. */
    public var size: Int by options::autoPingSize

    /** The same as [WebSocketOptions.autoPingRestartOnAnyTraffic]. */
    public var restartOnAnyTraffic: Boolean by options::autoPingRestartOnAnyTraffic

    internal companion object {
        const val LEAST_SIZE = 12
        val SIZES = LEAST_SIZE..125
    }
}
