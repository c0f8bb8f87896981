package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.Scenario

/**
 * A client that talks to a server of [RunSettings.server], which runs where else the load does.
 * Both are new in each round: a client that had to pause would run into timeouts of its own.
 */
internal class ClientTrial(
    private val scenario: Scenario.Client,
    private val peer: Peer,
    private val settings: RunSettings,
) : Trial {
    private val launcher = Launcher(settings)

    override val warmsUp: Boolean get() = false

    override val note: String = "with ${settings.server}"

    override fun measure(lead: Long, time: Long): Map<Metric, Double> {
        val serverPeer = Peer.ALL.first { it.name == settings.server }
        val plan = ServerPlan(listOf(settings.loadCore))
        val (server, port) = launcher.server(serverPeer, plan)
        return server.use { client(port).use { measure(it, server, time) } }
    }

    private fun client(port: Int) = launcher.client(
        peer,
        settings.core,
        port,
        scenario.connections,
        scenario.inFlight,
        scenario.size,
    )

    private fun measure(client: PeerProcess, server: PeerProcess, time: Long): Map<Metric, Double> {
        Thread.sleep(settings.warmUp / NANOS_PER_MILLI)
        report(client)
        val usage = ProcessUsage(client.pid)
        val serverUsage = ProcessUsage(server.pid)
        val before = usage.cpuNanos()
        val serverBefore = serverUsage.cpuNanos()
        val start = System.nanoTime()
        Thread.sleep(time / NANOS_PER_MILLI)
        val cpu = usage.cpuNanos() - before
        val serverCpu = serverUsage.cpuNanos() - serverBefore
        val nanos = System.nanoTime() - start
        val (count, p50, p99, p999) = report(client)
        return mapOf(
            Metric.CPU to cpu / 1e3 / count,
            Metric.RATE to count / (nanos / 1e9),
            Metric.P50 to p50 / 1e3,
            Metric.P99 to p99 / 1e3,
            Metric.P999 to p999 / 1e3,
            Metric.RSS to usage.residentBytes() / MIB,
            Metric.BUSY to 100.0 * cpu / nanos,
            Metric.OTHER_BUSY to 100.0 * serverCpu / nanos,
        )
    }

    private fun report(client: PeerProcess): List<Double> {
        client.say("report")
        return client.await("done").split(' ').map(String::toDouble)
    }

    override fun close() = Unit

    private companion object {
        const val NANOS_PER_MILLI = 1_000_000
    }
}
