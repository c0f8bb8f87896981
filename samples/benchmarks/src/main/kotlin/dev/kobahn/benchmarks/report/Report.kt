package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.run.Measurement
import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.PeerResult
import dev.kobahn.benchmarks.run.ScenarioResult
import java.io.File

/** Writes what was measured to files: medians as Markdown, a chart as SVG, every round as CSV. */
internal class Report(
    private val directory: File,
    private val work: File,
    private val reference: String,
) {
    fun write(results: List<ScenarioResult>, environment: List<String>) {
        directory.mkdirs()
        directory.resolve("results.md").writeText(markdown(results, environment))
        directory.resolve("chart.svg").writeText(Chart(results).svg())
        work.resolve("rounds.csv").writeText(csv(results))
    }

    private fun markdown(results: List<ScenarioResult>, environment: List<String>) = buildString {
        append("# Results\n\n").append(environment.joinToString("\n") { "- $it" })
        append("\n\n![Cost of each peer in each scenario](chart.svg)\n")
        append("\n${Summary(results, reference).markdown()}\n## Scenarios\n")
        for (result in results) append("\n${Table(result, reference).markdown()}\n")
    }
}

/** Every round of [results], one a line. */
internal fun csv(results: List<ScenarioResult>): String = buildString {
    append("scenario,peer,round,")
    append(Metric.entries.joinToString(",", postfix = "\n") { it.name.lowercase() })
    for (result in results) {
        for (peer in result.peers) peer.measurements.forEach { append(row(result, peer, it)) }
    }
}

private fun row(result: ScenarioResult, peer: PeerResult, measurement: Measurement): String {
    val values = Metric.entries.map { metric ->
        measurement.values[metric]?.let { "%.4f".format(it) }.orEmpty()
    }
    val cells = listOf(result.name, peer.peer, measurement.round.toString()) + values
    return cells.joinToString(",", postfix = "\n")
}
