package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.Scenario
import java.io.Closeable

/** One peer in one scenario, ready to be measured again and again. */
internal interface Trial : Closeable {
    /** Whether [measure] is to be called once before its result counts. */
    val warmsUp: Boolean get() = true

    /** What it agreed to, for the report; null where there is nothing to say. */
    val note: String? get() = null

    /** Puts the peer to work for [lead] nanoseconds and then measures it for [time]. */
    fun measure(lead: Long, time: Long): Map<Metric, Double>

    companion object {
        fun of(scenario: Scenario, peer: Peer, settings: RunSettings): Trial = when (scenario) {
            is Scenario.Idle -> IdleTrial(scenario, peer, settings)
            is Scenario.Client -> ClientTrial(scenario, peer, settings)
            else -> ServerTrial(scenario, peer, settings)
        }
    }
}
