package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.PeerResult
import dev.kobahn.benchmarks.run.ScenarioResult

/** What was measured, as rows of text: medians over the rounds, the cheapest peer first. */
internal class Table(private val result: ScenarioResult, private val reference: String) {
    private val metrics = Metric.entries.filter { metric ->
        result.peers.any { it.median(metric) != null }
    }

    val header: List<String> = listOf("peer") + metrics.flatMap {
        when {
            isCost(it) -> listOf(it.title, "min–max", "ratio")
            it == Metric.P99 -> listOf(it.title, "p99 ratio")
            else -> listOf(it.title)
        }
    }.ifEmpty { listOf("result") }

    val rows: List<List<String>> = result.peers.sortedBy { it.median(it.cost) ?: Double.MAX_VALUE }
        .map { peer -> if (peer.measurements.isEmpty()) failed(peer) else row(peer) }

    private fun isCost(metric: Metric) = metric == Metric.CPU || metric == Metric.MEMORY

    private fun failed(peer: PeerResult) =
        listOf(peer.peer, "$FAILED: ${peer.failure}") + List(header.size - 2) { "" }

    private fun row(peer: PeerResult) = listOf(peer.peer) + metrics.flatMap { metric ->
        val median = format(peer.median(metric), metric)
        when {
            isCost(metric) -> listOf(median, range(peer, metric), ratio(peer, metric))
            metric == Metric.P99 -> listOf(median, ratio(peer, metric))
            else -> listOf(median)
        }
    }

    private fun range(peer: PeerResult, metric: Metric): String {
        val (least, most) = peer.range(metric) ?: return ""
        return "${format(least, metric)}–${format(most, metric)}"
    }

    private fun ratio(peer: PeerResult, metric: Metric): String {
        val base = result.of(reference)?.median(metric) ?: return ""
        return peer.median(metric)?.let { "%.2f".format(it / base) }.orEmpty()
    }

    private fun format(value: Double?, metric: Metric): String = when {
        value == null -> ""
        value < 1 && metric.decimals > 1 -> "%.3f".format(value)
        else -> "%,.${metric.decimals}f".format(value)
    }

    /** For a terminal. */
    fun console(): String {
        val cells = listOf(header) + rows
        val complete = cells.filterNot { it[1].startsWith(FAILED) }
        val widths = header.indices.map { column -> complete.maxOf { it[column].length } }
        val lines = cells.map { row ->
            row.mapIndexed { column, cell ->
                if (column == 0) cell.padEnd(widths[0]) else cell.padStart(widths[column])
            }.joinToString("  ").trimEnd()
        }
        val all = listOf("${result.name}: ${title()}") + lines + notes()
        return all.joinToString("\n", postfix = "\n")
    }

    fun markdown(): String {
        val rule = listOf("---") + List(header.size - 1) { "---:" }
        val lines = (listOf(header, rule) + rows).map { it.joinToString(" | ", "| ", " |") }
        val all = listOf("### ${result.name}", "", title(), "") + lines + "" + notes()
        return all.joinToString("\n")
    }

    private fun title() = "${result.about}; CPU and memory per ${result.unit}, ratios to $reference"

    private fun notes(): List<String> {
        val failures = result.peers.filter { it.failure != null && it.measurements.isNotEmpty() }
            .map { "${it.peer} failed in round ${it.measurements.size + 1}: ${it.failure}" }
        val notes = result.peers.filter { it.note != null }.groupBy({ it.note }, { it.peer })
            .map { (note, peers) -> "${peers.joinToString()}: $note" }
        return failures + notes
    }

    private companion object {
        const val FAILED = "failed"
    }
}
