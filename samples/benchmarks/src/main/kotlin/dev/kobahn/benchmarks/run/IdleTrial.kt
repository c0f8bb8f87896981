package dev.kobahn.benchmarks.run

import dev.kobahn.benchmarks.Payload
import dev.kobahn.benchmarks.Peer
import dev.kobahn.benchmarks.Scenario
import dev.kobahn.benchmarks.load.ClientTls
import dev.kobahn.benchmarks.load.IdleLoad
import dev.kobahn.benchmarks.load.Target

/**
 * What further connections take of memory, beyond half as many that were there before and have had
 * the server load its code: in a JVM the growth of the live heap and of all that is outside of it.
 */
internal class IdleTrial(
    private val scenario: Scenario.Idle,
    private val peer: Peer,
    private val settings: RunSettings,
) : Trial {
    override val warmsUp: Boolean get() = false

    override fun measure(lead: Long, time: Long): Map<Metric, Double> {
        val plan = ServerPlan(
            listOf(settings.core),
            tls = scenario.tls,
            flags = Launcher.IDLE_FLAGS,
        )
        val (process, port) = Launcher(settings).server(peer, plan)
        val payload = Payload.ascii(32)
        return process.use {
            val target =
                Target(port, raw = peer.name == Peer.RAW, tls = ClientTls.of(scenario))
            IdleLoad(target, payload).use { load ->
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
                    Metric.RSS to ProcessUsage(process.pid).residentBytes() / MIB,
                )
            }
        }
    }

    private class Memory(val heap: Double, outside: Double) {
        val all = heap + outside
    }

    private fun memory(process: PeerProcess, load: IdleLoad): Memory {
        load.rest(REST)
        val heap = if (peer is Peer.Jvm) liveHeap(process) else 0.0
        return Memory(heap, ProcessUsage(process.pid).residentBytes().toDouble())
    }

    private fun liveHeap(process: PeerProcess): Double {
        process.say("memory")
        return process.await("heap").toDouble()
    }

    override fun close() = Unit

    private companion object {
        const val WARM_UP = 5
        const val REST = 1_000_000_000L
    }
}
