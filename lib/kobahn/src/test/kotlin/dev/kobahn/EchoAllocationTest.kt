package dev.kobahn

import com.sun.management.ThreadMXBean
import dev.kobahn.protocol.whereMeasured
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import java.lang.management.ManagementFactory
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/** The garbage of a whole echo server, of which a handler waits for each single message. */
class EchoAllocationTest :
    FunSpec({
        for ((name, dispatcher) in mapOf("the loop" to null, "others" to Dispatchers.Default)) {
            test("an echo on $name costs its message and nothing more").config(
                enabledOrReasonIf = whereMeasured,
            ) {
                allocationPerEcho(dispatcher) shouldBeLessThan MESSAGE + TURN
            }
        }
    })

private const val SIZE = 32

/** The message and its array. */
private const val MESSAGE = 24L + 16 + SIZE

/** What a turn of the loop costs, which one connection shares with none. */
private const val TURN = 72L

private const val WARM_UP = 3_000
private const val ECHOES = 3_000

private suspend fun allocationPerEcho(dispatcher: CoroutineDispatcher?): Long = webSocketServer {
    handlerDispatcher = dispatcher
    onConnect { for (message in incoming) send(message) }
}.use { server ->
    RawPeer(server.port).use { peer ->
        peer.handshake()
        val text = RawPeer.text("x".repeat(SIZE))
        val echo = { peer.send(text).readFrame() }
        repeat(WARM_UP) { echo() }
        val before = allocatedByServers()
        repeat(ECHOES) { echo() }
        ((allocatedByServers() - before) / ECHOES).also { peer.send(RawPeer.CLOSE).readFrame() }
    }
}

/** By all loops and dispatchers: who has nothing to do allocates nothing. */
private fun allocatedByServers(): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    return threads.getThreadInfo(threads.allThreadIds).filterNotNull()
        .filter { it.threadName.startsWith("kobahn-loop") || it.threadName.startsWith("Default") }
        .sumOf { threads.getThreadAllocatedBytes(it.threadId).coerceAtLeast(0) }
}
