package dev.kobahn.benchmarks.clients

import dev.kobahn.benchmarks.Payload
import kotlin.system.exitProcess

/** The clients, by name; only the one that is asked for loads its classes. */
internal val PEER_CLIENTS: Map<String, () -> PeerClient> = mapOf(
    "kobahn" to { KobahnClient() },
    "okhttp" to { OkHttpPeerClient() },
    "java-websocket" to { JavaWebSocketClient() },
    "jdk" to { JdkClient() },
    "ktor-cio" to { KtorClient() },
)

/**
 * A process of its own: takes the name of a client, a port, the number of connections, how many
 * messages each keeps under way, and their size. It says `connected`, answers the line `report`
 * with what was done since the last one, and ends with its standard input.
 */
fun main(args: Array<String>) {
    val client = PEER_CLIENTS.getValue(args[0])()
    val (port, connections, inFlight, size) = args.drop(1).map(String::toInt)
    val meter = ClientMeter()
    val payload = Payload.ascii(size)
    val exchanges = List(connections) { Exchange(payload, it, inFlight, meter) }
    client.start("ws://127.0.0.1:$port/", exchanges)
    println("connected")
    while (true) {
        val line = readlnOrNull() ?: exitProcess(0)
        if (line != "report") continue
        val done = meter.interval()
        val latencies = PERCENTILES.joinToString(" ") { done.getValueAtPercentile(it).toString() }
        println("done ${done.totalCount} $latencies")
    }
}

internal val PERCENTILES = listOf(50.0, 99.0, 99.9)
