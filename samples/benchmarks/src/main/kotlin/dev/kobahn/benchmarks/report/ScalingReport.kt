package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.Scenario
import dev.kobahn.benchmarks.run.ScenarioResult
import java.io.File

/** Writes how cost grows to files: tables as Markdown, a chart as SVG, every round as CSV. */
internal class ScalingReport(
    private val directory: File,
    private val work: File,
    private val reference: String,
) {
    private val byConnections = sortedMapOf<Int, ScenarioResult>()
    private val byLoops = ArrayList<ScenarioResult>()

    fun add(scenario: Scenario, result: ScenarioResult) {
        if (scenario is Scenario.Rounds) byConnections[scenario.connections] = result
        if (scenario is Scenario.Loops) byLoops += result
    }

    fun write(environment: List<String>) {
        directory.mkdirs()
        directory.resolve("scaling.md").writeText(markdown(environment))
        val growths = Growth.of(byConnections)
        if (growths.isNotEmpty()) {
            directory.resolve("scaling.svg").writeText(GrowthChart(growths).svg())
        }
        work.resolve("scaling.csv").writeText(csv(byConnections.values + byLoops))
    }

    private fun markdown(environment: List<String>) = buildString {
        append("# Scaling\n\n").append(environment.joinToString("\n") { "- $it" }).append("\n")
        if (byConnections.isNotEmpty()) append(connections())
        if (byLoops.isNotEmpty()) append("\n## Loops\n")
        for (result in byLoops) append("\n${Table(result, reference).markdown()}\n")
    }

    private fun connections() = buildString {
        append("\n## Connections\n\n![CPU per message by connections](scaling.svg)\n")
        append("\n${GrowthTable(byConnections).markdown()}\n")
    }
}
