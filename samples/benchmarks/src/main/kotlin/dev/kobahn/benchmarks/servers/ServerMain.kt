package dev.kobahn.benchmarks.servers

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
import java.lang.management.MemoryType
import kotlin.system.exitProcess

/** The servers that run in a JVM, by name; only the one that is asked for loads its classes. */
internal val PEER_SERVERS: Map<String, () -> PeerServer> = mapOf(
    "kobahn" to { KobahnServer() },
    "kobahn-default" to { KobahnServer(onDefaultDispatcher = true) },
    "netty-nio" to { NettyServer(epoll = false) },
    "netty-boringssl" to { NettyServer(epoll = false, boringSsl = true) },
    "netty-epoll" to { NettyServer(epoll = true) },
    "vertx" to { VertxServer() },
    "undertow" to { UndertowServer() },
    "jetty" to { JettyServer() },
    "java-websocket" to { JavaWebSocketServer() },
    "ktor-cio" to { KtorServer() },
    "raw" to { RawServer() },
)

/**
 * A process of its own: takes the name of a server, its number of loops and whether it is to
 * compress and to encrypt, says `listening PORT`, and ends with its standard input. The line `memory` is answered with the bytes
 * of the heap that are in use after a collection, `allocation` with those that all threads that live
 * have ever allocated.
 */
fun main(args: Array<String>) {
    val server = PEER_SERVERS.getValue(args[0])()
    val settings = ServerSettings(
        deflate = "deflate" in args,
        loops = args[1].toInt(),
        tls = "tls" in args,
    )
    println("listening ${server.start(settings)}")
    while (true) {
        val line = readlnOrNull() ?: exitProcess(0)
        if (line == "memory") println("heap ${liveHeap()}")
        if (line == "allocation") println("allocated ${allocated()}")
    }
}

/**
 * What the last collection left; what is in use now would count whole buffers of threads to
 * allocate in.
 */
private fun liveHeap(): Long {
    // what finalizers and cleaners let go of is only collected the second time
    repeat(2) { System.gc() }
    return ManagementFactory.getMemoryPoolMXBeans().filter { it.type == MemoryType.HEAP }
        .sumOf { it.collectionUsage?.used ?: 0 }
}

private fun allocated(): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    return threads.getThreadAllocatedBytes(threads.allThreadIds).sum()
}
