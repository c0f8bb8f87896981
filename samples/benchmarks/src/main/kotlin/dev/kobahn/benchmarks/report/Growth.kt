package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.ScenarioResult

/** The CPU time per message of one peer, for each number of connections. */
internal class Growth(val peer: String, val points: List<Point>) {
    class Point(val connections: Int, val value: Double, val range: Pair<Double, Double>)

    companion object {
        fun of(results: Map<Int, ScenarioResult>): List<Growth> = peers(results).map { peer ->
            val points = results.mapNotNull { (connections, result) ->
                val own = result.of(peer)
                val value = own?.median(Metric.CPU) ?: return@mapNotNull null
                Point(connections, value, own.range(Metric.CPU)!!)
            }
            Growth(peer, points)
        }.filter { it.points.isNotEmpty() }
    }
}

internal fun peers(results: Map<Int, ScenarioResult>): List<String> =
    results.values.flatMap { it.peers }.map { it.peer }.distinct()

/** The growth as tables: all of it, and what is not the kernel's, which `raw` has to pay as well. */
internal class GrowthTable(private val results: Map<Int, ScenarioResult>) {
    private val counts = results.keys.sorted()

    fun markdown(): String {
        val tables = listOf(
            "CPU µs per message" to table("growth", ::ratio, ::cpu),
            "CPU µs per message beyond ${Peer.RAW}" to
                table("growth, µs", ::difference, ::beyondRaw),
            "p99 µs" to table("growth", ::ratio) { peer, count -> median(peer, count, Metric.P99) },
        )
        val about = results.values.map { it.about.substringAfter(", ") }.distinct()
        return about.joinToString("; ") + "\n\n" + tables.filter { it.second.size > 2 }
            .joinToString("\n") { (title, rows) ->
                val lines = rows.map { it.joinToString(" | ", "| ", " |") }
                "### $title\n\n" + lines.joinToString("\n") + "\n"
            } + failures()
    }

    private fun table(
        growthTitle: String,
        growth: (first: Double, last: Double) -> Double,
        value: (peer: String, count: Int) -> Double?,
    ): List<List<String>> {
        val header = listOf("peer") + counts.map { "%,d".format(it) } + growthTitle
        val rule = listOf("---") + List(header.size - 1) { "---:" }
        val rows = peers(results).mapNotNull { peer ->
            val values = counts.map { value(peer, it) }
            if (values.all { it == null }) return@mapNotNull null
            val (first, last) = values.first() to values.last()
            val grown = if (first == null || last == null) null else growth(first, last)
            listOf(peer) + (values + grown).map { it?.let(::number).orEmpty() }
        }
        return listOf(header, rule) + rows
    }

    private fun median(peer: String, count: Int, metric: Metric) =
        results.getValue(count).of(peer)?.median(metric)

    private fun ratio(first: Double, last: Double) = last / first

    private fun difference(first: Double, last: Double) = last - first

    private fun cpu(peer: String, count: Int) = median(peer, count, Metric.CPU)

    private fun beyondRaw(peer: String, count: Int): Double? {
        if (peer == Peer.RAW) return null
        val own = cpu(peer, count) ?: return null
        return cpu(Peer.RAW, count)?.let { own - it }
    }

    private fun failures() = results.flatMap { (count, result) ->
        val connections = "%,d connections".format(count)
        result.peers.filter { it.failure != null }
            .map { "\n${it.peer} failed with $connections: ${it.failure}\n" }
    }.joinToString("")

    private fun number(value: Double) =
        if (value < 1000) "%.2f".format(value) else "%,.0f".format(value)
}
