package dev.kobahn.benchmarks

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import dev.kobahn.benchmarks.report.Report
import dev.kobahn.benchmarks.report.Table
import dev.kobahn.benchmarks.run.Environment
import dev.kobahn.benchmarks.run.Pinning
import dev.kobahn.benchmarks.run.RunSettings
import dev.kobahn.benchmarks.run.Runner
import dev.kobahn.benchmarks.run.ScenarioResult
import java.io.File

/** `run`: measures peers in scenarios. */
internal class RunCommand : CoreCliktCommand("run") {
    private val peers by option("--peers", metavar = "NAMES").split(",")
        .help("Which peers, separated by commas. Default: all that are here.")
    private val scenarios by option("--scenarios", metavar = "NAMES").split(",")
        .help("Which scenarios, separated by commas. Default: all.")
    private val rounds by option("--rounds").int().default(5).help("Default: 5.")
    private val warmUp by option("--warm-up", metavar = "SECONDS").double().default(5.0)
        .help("How long each peer works before the first round. Default: 5.")
    private val time by option("--time", metavar = "SECONDS").double().default(2.0)
        .help("How long each measurement lasts. Default: 2.")
    private val reference by option("--reference", metavar = "PEER").default(Peer.KOBAHN)
        .help("What ratios are to. Default: ${Peer.KOBAHN}.")
    private val core by option("--core").int().default(0)
        .help("The core of what is measured. Default: 0.")
    private val loadCore by option("--load-core").int().default(1)
        .help("The core of the load, or of the server that clients are measured with. Default: 1.")
    private val server by option("--server", metavar = "PEER").default("netty-epoll")
        .help("The server that clients are measured with. Default: netty-epoll.")
    private val java by option("--java", metavar = "PATH")
        .help("The JVM that peers run in. Default: the one this runs in.")
    private val jvmFlags by option("--jvm-flag", metavar = "FLAG").multiple()
        .help("A further flag for the JVMs of peers. May be repeated.")
    private val output by option("--output", metavar = "DIRECTORY")
        .help("Where the results go. Default: results, beside the jar.")

    override fun help(context: Context): String =
        "Measures peers in scenarios, one round after the other."

    override fun run() {
        val pinned = Pinning.pinThisProcess(loadCore)
        if (!pinned) echo("nothing is pinned: taskset or a second core is missing", err = true)
        val settings = settings(pinned)
        val chosen = chosenPeers()
        val environment = Environment.describe(settings, chosen)
        environment.forEach { echo(it) }
        val results = ArrayList<ScenarioResult>()
        for (scenario in chosenScenarios()) {
            val result = Runner(settings) { echo(it) }.run(scenario, chosen)
            results += result
            echo("\n" + Table(result, reference).console())
            // after each scenario, so that what is measured survives whatever comes
            Report(settings.output, reference).write(results, environment)
        }
        echo("results in ${settings.output}")
    }

    private fun settings(pinned: Boolean): RunSettings {
        val usual = RunSettings()
        return RunSettings(
            rounds = rounds,
            warmUp = (warmUp * NANOS).toLong(),
            time = (time * NANOS).toLong(),
            core = core,
            loadCore = loadCore,
            isPinned = pinned,
            server = server,
            java = java ?: usual.java,
            jvmFlags = jvmFlags,
            output = output?.let(::File) ?: besideTheJar().resolve("results"),
        )
    }

    private fun besideTheJar(): File =
        File(javaClass.protectionDomain.codeSource.location.toURI()).parentFile

    private fun chosenPeers(): List<Peer> {
        val names = peers ?: Peer.ALL.map { it.name }
        return names.map { name ->
            Peer.ALL.firstOrNull { it.name == name } ?: unknown("peer", name)
        }
            .filter { peer ->
                peer.missing?.let { echo("without ${peer.name}: $it") }
                peer.missing == null
            }
    }

    private fun chosenScenarios(): List<Scenario> {
        val names = scenarios ?: return Scenario.ALL
        return names.map { name ->
            Scenario.ALL.firstOrNull { it.name == name } ?: unknown("scenario", name)
        }
    }

    private fun unknown(what: String, name: String): Nothing =
        throw UsageError("no $what is called $name; `list` lists them")

    private companion object {
        const val NANOS = 1e9
    }
}
