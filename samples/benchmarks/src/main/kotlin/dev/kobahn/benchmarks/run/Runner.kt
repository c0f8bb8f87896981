package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.Scenario
import java.io.Closeable

/**
 * Measures peers in turn, A B C, A B C …, so that whatever else happens on the machine happens to
 * all of them. In each scenario all servers live from the first round to the last; the idle ones
 * wait in their selectors.
 *
 * @param say is told what goes on
 */
class Runner(private val settings: RunSettings, private val say: (String) -> Unit) {
    fun run(scenario: Scenario, peers: List<Peer>): ScenarioResult {
        say("${scenario.name}: ${scenario.about}")
        val entries = peers.filter { it.canDo(scenario) }.map { Entry(scenario, it) }
        try {
            entries.forEach { it.warmUp() }
            repeat(settings.rounds) { round -> entries.forEach { it.measure(round) } }
        } finally {
            entries.forEach { it.close() }
        }
        val results = entries.map { it.result() }
        return ScenarioResult(scenario.name, scenario.about, scenario.unit, results)
    }

    private inner class Entry(private val scenario: Scenario, private val peer: Peer) : Closeable {
        private var trial: Trial? = null
        private val measurements = ArrayList<Measurement>()
        private var failure: String? = null
        private var note: String? = null

        fun warmUp() = attempt {
            val trial = Trial.of(scenario, peer, settings).also { trial = it }
            if (trial.warmsUp) trial.measure(LEAD, settings.warmUp)
        }

        fun measure(round: Int) = attempt {
            val trial = trial ?: return@attempt
            val values = trial.measure(LEAD, settings.time)
            note = trial.note
            measurements += Measurement(round, values)
            val result = result()
            val cost = values.getValue(result.cost)
            say("  round ${round + 1} ${peer.name}: ${result.cost.title} ${"%.3f".format(cost)}")
        }

        /** A peer that fails is out of the scenario; the others go on. */
        private fun attempt(block: () -> Unit) {
            if (failure != null) return
            try {
                block()
            } catch (e: Exception) {
                failure = e.message ?: e.toString()
                say("  ${peer.name} failed: $failure")
                settings.work.resolve("failures.log").appendText(
                    "${scenario.name} ${peer.name}: ${e.stackTraceToString()}\n",
                )
                close()
            }
        }

        override fun close() {
            trial?.close()
            trial = null
        }

        fun result() = PeerResult(peer.name, measurements, failure, note)
    }

    private companion object {
        /** How long a peer works before each measurement, in nanoseconds. */
        const val LEAD = 500_000_000L
    }
}
