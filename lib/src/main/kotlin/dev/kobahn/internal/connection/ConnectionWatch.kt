package dev.kobahn.internal.connection

import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.protocol.Protocol

/** What is observed of a connection: its traffic and its times. */
internal class ConnectionWatch(
    private val transport: Transport,
    private val protocol: Protocol,
    config: ConnectionConfig,
) {
    private val output get() = transport.output
    private val counts get() = protocol.traffic

    /** The times, or null where they are not tracked. */
    @Volatile
    var timings: Timings? = null
        private set

    init {
        if (config.trackTimings) trackTimings(true)
    }

    fun trackTimings(on: Boolean) {
        timings = if (on) Timings(transport.loop::nanoTime) else null
    }

    /** The connection is open; [unsent] octets of the handshake will be appended. On the loop. */
    fun opened(unsent: Int) {
        val sent = synchronized(output) { output.appended } + unsent
        counts.opened(sent, transport.received)
        timings?.track("onOpen")
    }

    /** Octets came, and are not parsed yet. On the loop. */
    fun octetsReceived() {
        if (!protocol.closeExpected) counts.octetsReceived(transport.received)
    }

    /** From any thread, as [resetTrafficStats]. */
    val trafficStats: TrafficStats
        get() = TrafficStats(synchronized(output) { counts.sinceReset(output.appended) })

    fun resetTrafficStats() {
        synchronized(output) { counts.reset(output.appended) }
    }
}
