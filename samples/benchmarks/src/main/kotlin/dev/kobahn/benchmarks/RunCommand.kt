package dev.kobahn.benchmarks

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import dev.kobahn.benchmarks.report.Report
import dev.kobahn.benchmarks.report.Table
import dev.kobahn.benchmarks.run.Environment
import dev.kobahn.benchmarks.run.Launcher
import dev.kobahn.benchmarks.run.Runner
import dev.kobahn.benchmarks.run.ScenarioResult

/** `run`: measures peers in scenarios. */
internal class RunCommand : CoreCliktCommand("run") {
    private val measuring by MeasuringOptions(some = null)
    private val scenarios by option("--scenarios", metavar = "NAMES").split(",")
        .help("Which scenarios, separated by commas. Default: all.")
    private val server by option("--server", metavar = "PEER").default("netty-epoll")
        .help("The server that clients are measured with. Default: netty-epoll.")

    override fun help(context: Context): String =
        "Measures peers in scenarios, one round after the other."

    override fun run() {
        val chosen = chosenScenarios()
        val settings = measuring.settings(server) { echo(it, err = true) }
        val peers = measuring.chosenPeers { echo(it) }
        val environment = Environment.describe(settings, peers, FLAGS)
        environment.forEach { echo(it) }
        val report = Report(measuring.output, measuring.work, measuring.reference)
        val results = ArrayList<ScenarioResult>()
        for (scenario in chosen) {
            val result = Runner(settings) { echo(it) }.run(scenario, peers)
            results += result
            echo("\n" + Table(result, measuring.reference).console())
            // after each scenario, so that what is measured survives whatever comes
            report.write(results, environment)
        }
        echo("results in ${measuring.output}")
    }

    private fun chosenScenarios(): List<Scenario> {
        val names = scenarios ?: return Scenario.ALL
        return names.map { name ->
            Scenario.ALL.firstOrNull { it.name == name } ?: unknown("scenario", name)
        }
    }

    private companion object {
        val FLAGS = Launcher.FLAGS.joinToString(" ") +
            "; the collector is what the JVM chooses, on one core Serial; for `idle` " +
            Launcher.IDLE_FLAGS.joinToString(" ")
    }
}
