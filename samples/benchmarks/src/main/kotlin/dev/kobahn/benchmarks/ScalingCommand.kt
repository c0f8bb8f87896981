package dev.kobahn.benchmarks

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.int
import dev.kobahn.benchmarks.report.ScalingReport
import dev.kobahn.benchmarks.report.Table
import dev.kobahn.benchmarks.run.Environment
import dev.kobahn.benchmarks.run.Launcher
import dev.kobahn.benchmarks.run.Machine
import dev.kobahn.benchmarks.run.Runner

/** `scaling`: the cost of a message with more connections, and with more loops. */
internal class ScalingCommand : CoreCliktCommand("scaling") {
    private val measuring by MeasuringOptions(PEERS)
    private val connections by option("--connections", metavar = "COUNTS").int().split(",")
        .default(Scaling.CONNECTIONS)
        .help("Numbers of connections. 0 leaves this part out. Default: 10 to 50,000.")
    private val atOnce by option("--at-once", metavar = "COUNT").int().default(Scaling.AT_ONCE)
        .help("How many of the connections have a message under way. Default: 10.")
    private val loops by option("--loops", metavar = "COUNTS").int().split(",")
        .default(Scaling.LOOPS)
        .help("Numbers of loops and cores. 0 leaves this part out. Default: 1,2.")

    override fun help(context: Context): String =
        "Measures what a message costs with more connections and with more loops."

    override fun run() {
        val settings = measuring.settings(server = "") { echo(it, err = true) }
        val peers = measuring.chosenPeers { echo(it) }
        val environment = Environment.describe(settings, peers, FLAGS) + leftOut() +
            loopCounts().map { "cores with $it loops: ${settings.serverCores(it).joinToString()}" }
        environment.forEach { echo(it) }
        val report = ScalingReport(measuring.output, measuring.work, measuring.reference)
        for (scenario in Scaling.connections(counts(), atOnce) + Scaling.loops(loopCounts())) {
            val result = Runner(settings) { echo(it) }.run(scenario, peers)
            echo("\n" + Table(result, measuring.reference).console())
            report.add(scenario, result)
            report.write(environment)
        }
        echo("results in ${measuring.output}")
    }

    /** Each connection is an open file, in the server and here. */
    private fun counts() =
        connections.filter { it > 0 && it + Scaling.OTHER_FILES <= Machine.files }

    private fun loopCounts() = loops.filter { it in 1..Machine.cores }

    private fun leftOut(): List<String> {
        val tooMany = connections.filter { it > 0 } - counts().toSet()
        val tooManyLoops = loops.filter { it > 0 } - loopCounts().toSet()
        return tooMany.map { "without $it connections: ulimit -n is ${Machine.files}" } +
            tooManyLoops.map { "without $it loops: there are ${Machine.cores} cores" }
    }

    private companion object {
        val PEERS = listOf(Peer.KOBAHN, "netty-nio", "netty-epoll", "undertow", Peer.RAW)
        val FLAGS = Launcher.ROUNDS_FLAGS.joinToString(" ") + " for numbers of connections, " +
            Launcher.LOOPS_FLAGS.joinToString(" ") + " for numbers of loops"
    }
}
