package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.ScenarioResult
import java.io.File

/** Writes what was measured to files: every round as CSV, medians as Markdown, a chart as SVG. */
internal class Report(private val directory: File, private val reference: String) {
    fun write(results: List<ScenarioResult>, environment: List<String>) {
        directory.mkdirs()
        directory.resolve("rounds.csv").writeText(csv(results))
        directory.resolve("results.md").writeText(markdown(results, environment))
        directory.resolve("chart.svg").writeText(Chart(results).svg())
    }

    private fun csv(results: List<ScenarioResult>) = buildString {
        append("scenario,peer,round,").append(
            Metric.entries.joinToString(",") {
                it.name.lowercase()
            },
        ).append('\n')
        for (result in results) {
            for (peer in result.peers) {
                for (measurement in peer.measurements) {
                    val values = Metric.entries.map {
                        measurement.values[it]?.let { value -> "%.4f".format(value) }.orEmpty()
                    }
                    append(
                        "${result.name},${peer.peer},${measurement.round},${values.joinToString(
                            ",",
                        )}\n",
                    )
                }
            }
        }
    }

    private fun markdown(results: List<ScenarioResult>, environment: List<String>) = buildString {
        append(environment.joinToString("\n") { "- $it" }).append("\n\n![](chart.svg)\n")
        for (result in results) {
            append(
                '\n',
            ).append(Table(result, reference).markdown()).append('\n')
        }
    }
}
