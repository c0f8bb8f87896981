package dev.kobahn

import kotlin.time.Duration

/** The options of automatic Pings by short names, see [WebSocketOptions.autoPing]. */
@WebSocketDsl
public class AutoPingOptions internal constructor(private val options: WebSocketOptions) {
    /** [WebSocketOptions.autoPingInterval]. */
    public var interval: Duration by options::autoPingInterval

    /** [WebSocketOptions.autoPingTimeout]. */
    public var timeout: Duration by options::autoPingTimeout

    /** [WebSocketOptions.autoPingSize]. */
    public var size: Int by options::autoPingSize

    /** [WebSocketOptions.autoPingRestartOnAnyTraffic]. */
    public var restartOnAnyTraffic: Boolean by options::autoPingRestartOnAnyTraffic

    internal companion object {
        const val LEAST_SIZE = 12
        val SIZES = LEAST_SIZE..125
    }
}
