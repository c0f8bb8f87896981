package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.PeerResult
import dev.kobahn.benchmarks.run.ScenarioResult

/**
 * The reference beside the best of the other peers in a JVM in each scenario, which for cost and
 * p99 may be two. Neither `raw`, which does less, nor other settings of the reference are others.
 */
internal class Summary(private val results: List<ScenarioResult>, private val reference: String) {
    fun markdown(): String {
        val lines = listOf(HEADER, HEADER.map { "---" }) + results.mapNotNull(::row)
        return "## Summary\n\n" + lines.joinToString("\n") { it.joinToString(" | ", "| ", " |") } +
            "\n\nBelow 1.00 $reference takes less than the best of the others in a JVM.\n"
    }

    private fun row(result: ScenarioResult): List<String>? {
        val own = result.of(reference) ?: return null
        val cost = own.median(own.cost) ?: return null
        val first = listOf(result.name, result.unitOf(own.cost), number(cost))
        return first + best(result, own.cost, cost) +
            best(result, Metric.P99, own.median(Metric.P99))
    }

    private fun best(result: ScenarioResult, metric: Metric, own: Double?): List<String> {
        val others = result.peers.filter { isOther(it) && it.median(metric) != null }
        val best = others.minByOrNull { it.median(metric)!! }
        if (best == null || own == null) return listOf("", "", "")
        val value = best.median(metric)!!
        return listOf(best.peer, number(value), "%.2f".format(own / value))
    }

    private fun isOther(peer: PeerResult) = peer.peer != Peer.RAW &&
        !peer.peer.startsWith(reference) &&
        Peer.ALL.none { it.name == peer.peer && it is Peer.Script }

    private fun number(value: Double) = when {
        value < 1 -> "%.3f"
        value < 100 -> "%.2f"
        else -> "%,.0f"
    }.format(value)

    private companion object {
        val HEADER =
            listOf("scenario", "cost", "own", "cheapest other", "its", "ratio") +
                listOf("best p99 µs", "its", "ratio")
    }
}
