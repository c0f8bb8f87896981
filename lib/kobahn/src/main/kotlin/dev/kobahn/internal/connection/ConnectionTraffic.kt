package dev.kobahn.internal.connection

import dev.kobahn.Timings
import dev.kobahn.TrafficStats

/** What went over the connection. From any thread, as [resetTrafficStats]. */
internal val Connection.trafficStats: TrafficStats
    get() = synchronized(output) { TrafficStats(protocol.traffic.sinceReset(output.appended)) }

internal fun Connection.resetTrafficStats() {
    synchronized(output) { protocol.traffic.reset(output.appended) }
}

internal fun Connection.trackTimings(on: Boolean) {
    timings = if (on) Timings(loop::nanoTime) else null
}

/** The connection is open; [unsent] octets of the handshake will be appended. On the loop. */
internal fun Connection.countOpening(unsent: Int) {
    val sent = synchronized(output) { output.appended } + unsent
    protocol.traffic.opened(sent, transport.received)
}

/** Octets came, and are not parsed yet. On the loop. */
internal fun Connection.countReceived() {
    if (!protocol.closeExpected) protocol.traffic.octetsReceived(transport.received)
}
