package dev.kobahn.samples

import dev.kobahn.ServerWebSocket
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocketGroup

/**
 * Passes every message of every connection on to all of them, the sender included. Thread-safe.
 *
 * @param limit how many bytes may wait for one connection before it is closed as too slow
 */
internal class Broadcast(limit: Long = 16L * 1024 * 1024) {
    private val group = WebSocketGroup(SlowConsumer.Disconnect(maxQueueSize = limit))

    /** The life of one connection: suspends until it ends. */
    suspend fun serve(webSocket: ServerWebSocket) {
        // before the client knows that it is connected, so that it misses nothing from then on
        group.join(webSocket) { for (message in webSocket.incoming) group.broadcast(message) }
    }
}
