package dev.kobahn.internal.connection

import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.TrafficCounts

/** What is observed of a connection: its traffic, its times, its frames where they are logged. */
internal class ConnectionWatch(
    private val transport: Transport,
    private val protocol: Protocol,
    config: ConnectionConfig,
) {
    private val output get() = transport.output
    private val counts get() = protocol.traffic

    /** The log, or null where frames are not logged. */
    val log: ConnectionLog? = transport.log.takeIf { config.wireLog?.frames == true }

    /** The times, or null where they are not tracked. */
    @Volatile
    var timings: Timings? = null
        private set

    /** What was counted when counting last began anew. */
    @Volatile
    private var origin: LongArray? = null

    init {
        if (config.trackTimings) trackTimings(true)
        log?.let { protocol.watch(it.sent, it.received) }
    }

    fun trackTimings(on: Boolean) {
        timings = if (on) Timings(transport.loop::nanoTime) else null
    }

    /** The connection is open; [unsent] octets of the handshake will be appended. On the loop. */
    fun opened(unsent: Int) {
        val sent = synchronized(output) { output.appended } + unsent
        counts.lazySet(TrafficCounts.PREOPEN_RECEIVED, transport.received)
        counts.lazySet(TrafficCounts.PREOPEN_SENT, sent)
        counts.isPreopenFinal = true
        log?.state(WebSocketState.OPEN)
        timings?.track("onOpen")
    }

    /** Octets came, and are not parsed yet. On the loop. */
    fun octetsReceived() {
        if (protocol.closeExpected) return
        val received = transport.received - counts[TrafficCounts.PREOPEN_RECEIVED]
        counts.lazySet(TrafficCounts.WIRE_RECEIVED, received)
    }

    /** From any thread, as [resetTrafficStats]. */
    val trafficStats: TrafficStats
        get() {
            val now = total()
            origin?.forEachIndexed { place, count -> now[place] -= count }
            return TrafficStats(now)
        }

    fun resetTrafficStats() {
        origin = total()
    }

    private fun total(): LongArray {
        // Asked first, for what is counted before the opening is final then.
        val isOpened = counts.isPreopenFinal
        val total = counts.toArray()
        if (isOpened) {
            val sent = synchronized(output) { output.appended } - total[TrafficCounts.PREOPEN_SENT]
            total[TrafficCounts.WIRE_SENT] = maxOf(0, sent)
        }
        return total
    }
}
