package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Payload
import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.Scenario
import dev.kobahn.benchmarks.load.BroadcastLoad
import dev.kobahn.benchmarks.load.EchoLoad
import dev.kobahn.benchmarks.load.HandshakeLoad
import dev.kobahn.benchmarks.load.IdleLoad
import dev.kobahn.benchmarks.load.Load
import dev.kobahn.benchmarks.load.Target
import dev.kobahn.benchmarks.servers.ServerSettings
import java.io.Closeable

/** One peer in one scenario, ready to be measured again and again. */
internal interface Trial : Closeable {
    /** Whether [measure] is to be called once before its result counts. */
    val warmsUp: Boolean get() = true

    /** What it agreed to, for the report; null where there is nothing to say. */
    val note: String? get() = null

    /** Puts the peer to work for [lead] nanoseconds and then measures it for [time]. */
    fun measure(lead: Long, time: Long): Map<Metric, Double>

    companion object {
        fun of(scenario: Scenario, peer: Peer, settings: RunSettings): Trial = when (scenario) {
            is Scenario.Idle -> IdleTrial(scenario, peer, settings)
            is Scenario.Client -> ClientTrial(scenario, peer, settings)
            else -> ServerTrial(scenario, peer, settings)
        }
    }
}

/** A server under a load that is measured by time. The server lives as long as the trial. */
private class ServerTrial(private val scenario: Scenario, peer: Peer, settings: RunSettings) :
    Trial {
    private val compressed = (scenario as? Scenario.Echo)?.compressed == true
    private val raw = peer.name == Peer.RAW
    private val process: PeerProcess
    private val port: Int

    init {
        val (process, port) = Launcher(settings).server(peer, settings.core, compressed)
        this.process = process
        this.port = port
    }

    override var note: String? = null
        private set

    override fun measure(lead: Long, time: Long): Map<Metric, Double> = load().use { load ->
        load.open()
        load.run(lead)
        val usage = ProcessUsage(process.pid)
        val before = usage.cpuNanos()
        val result = load.run(time)
        note = load.note
        val cpu = usage.cpuNanos() - before
        val seconds = result.nanos / 1e9
        val latencies = result.latencies
        buildMap {
            put(Metric.CPU, cpu / 1e3 / result.operations)
            put(Metric.RATE, result.operations / seconds)
            payloadSize?.let { put(Metric.OCTETS, result.operations * it / seconds / 1e6) }
            put(Metric.P50, latencies.getValueAtPercentile(50.0) / 1e3)
            put(Metric.P99, latencies.getValueAtPercentile(99.0) / 1e3)
            put(Metric.P999, latencies.getValueAtPercentile(99.9) / 1e3)
            put(Metric.RSS, usage.residentOctets() / MIB)
            put(Metric.BUSY, 100.0 * cpu / result.nanos)
            put(Metric.OTHER_BUSY, 100.0 * result.loadNanos / result.nanos)
        }
    }

    private val payloadSize = when (scenario) {
        is Scenario.Echo -> scenario.payload.size
        is Scenario.Broadcast -> scenario.payload.size
        else -> null
    }

    private fun load(): Load = when (scenario) {
        is Scenario.Echo -> EchoLoad(
            Target(port, raw = raw, offer = if (compressed) OFFER else null),
            scenario.payload,
            scenario.connections,
            scenario.inFlight,
        )

        is Scenario.Handshake -> HandshakeLoad(Target(port, raw = raw), scenario.atOnce)

        is Scenario.Broadcast ->
            BroadcastLoad(
                Target(port, ServerSettings.BROADCAST),
                scenario.payload,
                scenario.connections,
            )

        is Scenario.Idle, is Scenario.Client -> error("${scenario.name} has a trial of its own")
    }

    override fun close() = process.close()

    private companion object {
        const val OFFER = "permessage-deflate"
    }
}

/**
 * What further connections take of memory, beyond half as many that were there before and have had
 * the server load its code: in a JVM the growth of the live heap and of all that is outside of it.
 */
private class IdleTrial(
    private val scenario: Scenario.Idle,
    private val peer: Peer,
    private val settings: RunSettings,
) : Trial {
    override val warmsUp: Boolean get() = false

    override fun measure(lead: Long, time: Long): Map<Metric, Double> {
        val (process, port) = Launcher(
            settings,
        ).server(peer, settings.core, compressed = false, idle = true)
        val payload = Payload.ascii(32)
        return process.use {
            IdleLoad(Target(port, raw = peer.name == Peer.RAW), payload).use { load ->
                load.open(scenario.connections / 2)
                repeat(WARM_UP) { load.echo() }
                val before = memory(process, load)
                load.open(scenario.connections)
                load.echo()
                val after = memory(process, load)
                val each = (after.all - before.all) / scenario.connections / KIB
                mapOf(
                    Metric.MEMORY to each,
                    Metric.HEAP to (after.heap - before.heap) / scenario.connections / KIB,
                    Metric.RSS to ProcessUsage(process.pid).residentOctets() / MIB,
                )
            }
        }
    }

    private class Memory(val heap: Double, outside: Double) {
        val all = heap + outside
    }

    private fun memory(process: PeerProcess, load: IdleLoad): Memory {
        load.rest(REST)
        if (peer !is Peer.Jvm) {
            return Memory(
                0.0,
                ProcessUsage(process.pid).residentOctets().toDouble(),
            )
        }
        process.say("memory")
        val heap = process.await("heap").toDouble()
        return Memory(heap, ProcessUsage(process.pid).residentOctets().toDouble())
    }

    override fun close() = Unit

    private companion object {
        const val WARM_UP = 5
        const val REST = 1_000_000_000L
    }
}

/**
 * A client that talks to a server of [RunSettings.server], which runs where else the load does.
 * Both are new in each round: a client that had to pause would run into timeouts of its own.
 */
private class ClientTrial(
    private val scenario: Scenario.Client,
    private val peer: Peer,
    private val settings: RunSettings,
) : Trial {
    private val launcher = Launcher(settings)

    override val warmsUp: Boolean get() = false

    override val note: String = "with ${settings.server}"

    override fun measure(lead: Long, time: Long): Map<Metric, Double> {
        val serverPeer = Peer.ALL.first { it.name == settings.server }
        val (server, port) = launcher.server(serverPeer, settings.loadCore, compressed = false)
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
            Metric.RSS to usage.residentOctets() / MIB,
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

private const val KIB = 1024.0
private const val MIB = 1024.0 * 1024.0
