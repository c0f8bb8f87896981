package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.Scenario
import dev.kobahn.benchmarks.load.BroadcastLoad
import dev.kobahn.benchmarks.load.ClientTls
import dev.kobahn.benchmarks.load.EchoLoad
import dev.kobahn.benchmarks.load.HandshakeLoad
import dev.kobahn.benchmarks.load.Load
import dev.kobahn.benchmarks.load.RoundsLoad
import dev.kobahn.benchmarks.load.Target
import dev.kobahn.benchmarks.servers.ServerSettings

/** A server under a load that is measured by time. The server lives as long as the trial. */
internal class ServerTrial(
    private val scenario: Scenario,
    private val peer: Peer,
    private val settings: RunSettings,
) : Trial {
    private val echo = (scenario as? Scenario.Loops)?.echo ?: scenario as? Scenario.Echo
    private val compressed = echo?.compressed == true
    private val raw = peer.name == Peer.RAW
    private val process: PeerProcess
    private val port: Int

    init {
        val (process, port) = Launcher(settings).server(peer, plan())
        this.process = process
        this.port = port
    }

    private fun plan() = ServerPlan(
        settings.serverCores(scenario.loops),
        scenario.loops,
        compressed,
        scenario.tls,
        flags = when (scenario) {
            is Scenario.Loops -> Launcher.LOOPS_FLAGS
            is Scenario.Rounds -> Launcher.ROUNDS_FLAGS
            else -> Launcher.FLAGS
        },
    )

    override var note: String? = null
        private set

    override fun measure(lead: Long, time: Long): Map<Metric, Double> {
        val load = load()
        val values = load.use { measure(it, lead, time) }
        ProcessUsage(process.pid).awaitRest()
        if (load.unanswered == 0) return values
        return values + (Metric.STUCK to load.unanswered.toDouble())
    }

    private fun measure(load: Load, lead: Long, time: Long): Map<Metric, Double> {
        load.open()
        load.run(lead)
        val usage = ProcessUsage(process.pid)
        val allocated = allocated()
        val before = usage.cpuNanos()
        val result = load.run(time)
        val cpu = usage.cpuNanos() - before
        val allocation = allocated() - allocated
        note = load.note
        val seconds = result.nanos / 1e9
        val latencies = result.latencies
        return buildMap {
            put(Metric.CPU, cpu / 1e3 / result.operations)
            put(Metric.RATE, result.operations / seconds)
            payloadSize?.let { put(Metric.BYTES, result.operations * it / seconds / 1e6) }
            put(Metric.P50, latencies.getValueAtPercentile(50.0) / 1e3)
            put(Metric.P99, latencies.getValueAtPercentile(99.0) / 1e3)
            put(Metric.P999, latencies.getValueAtPercentile(99.9) / 1e3)
            if (peer is Peer.Jvm) put(Metric.ALLOCATED, allocation / result.operations)
            put(Metric.RSS, usage.residentBytes() / MIB)
            put(Metric.BUSY, 100.0 * cpu / result.nanos)
            put(Metric.OTHER_BUSY, 100.0 * result.loadNanos / result.nanos)
        }
    }

    private fun allocated(): Double {
        if (peer !is Peer.Jvm) return 0.0
        process.say("allocation")
        return process.await("allocated").toDouble()
    }

    private val payloadSize = when (scenario) {
        is Scenario.Broadcast -> scenario.payload.size
        is Scenario.Rounds -> scenario.payload.size
        else -> echo?.payload?.size
    }

    private fun load(): Load = when (scenario) {
        is Scenario.Echo -> load(scenario)

        is Scenario.Loops -> load(scenario.echo)

        is Scenario.Rounds -> RoundsLoad(
            Target(port, raw = raw),
            scenario.payload,
            scenario.connections,
            scenario.atOnce,
        )

        is Scenario.Handshake -> HandshakeLoad(
            Target(port, raw = raw, tls = ClientTls.of(scenario)),
            scenario.atOnce,
        )

        is Scenario.Broadcast ->
            BroadcastLoad(
                Target(port, ServerSettings.BROADCAST),
                scenario.payload,
                scenario.connections,
            )

        is Scenario.Idle, is Scenario.Client -> error("${scenario.name} has a trial of its own")
    }

    private fun load(echo: Scenario.Echo) = EchoLoad(
        Target(
            port,
            raw = raw,
            offer = if (compressed) OFFER else null,
            tls = ClientTls.of(scenario),
        ),
        echo.payload,
        echo.connections,
        echo.inFlight,
    )

    override fun close() = process.close()

    private companion object {
        const val OFFER = "permessage-deflate"
    }
}
