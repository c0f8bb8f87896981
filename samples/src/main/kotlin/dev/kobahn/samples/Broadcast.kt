package dev.kobahn.samples

import dev.kobahn.ServerWebSocket
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * Passes every message of every connection on to all of them, the sender included. Thread-safe.
 *
 * @param limit how many octets may wait for one connection before it is closed as too slow
 */
internal class Broadcast(private val limit: Long = 16L * 1024 * 1024) {
    private val outboxes: MutableSet<Outbox> = ConcurrentHashMap.newKeySet()

    /** The life of one connection: suspends until it ends. */
    suspend fun serve(webSocket: ServerWebSocket): Unit = coroutineScope {
        val outbox = Outbox(limit)
        // before the client knows that it is connected, so that it misses nothing from then on
        outboxes.add(outbox)
        try {
            webSocket.accept()
            launch { outbox.sendTo(webSocket) }
            for (message in webSocket.incoming) outboxes.forEach { it.offer(message) }
            coroutineContext.cancelChildren()
        } finally {
            outboxes.remove(outbox)
        }
    }
}
