package dev.kobahn.samples

import dev.kobahn.Message
import dev.kobahn.WebSocket
import dev.kobahn.protocol.CloseCode
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * What is to be sent to one of many, so that a slow one holds up nobody: [offer] never suspends,
 * and when more than [limit] octets wait, the connection is closed with 1008. Messages are shared
 * among outboxes, not copied. Thread-safe.
 */
internal class Outbox(private val limit: Long) {
    private val queue = Channel<Message>(Channel.UNLIMITED)
    private val waiting = AtomicLong()
    private val overflow = CompletableDeferred<Unit>()

    /** Lets [message] be sent. One message is always taken, whatever its size. */
    fun offer(message: Message) {
        if (overflow.isCompleted) return
        val before = waiting.getAndAdd(cost(message))
        val isTooMuch = before > 0 && before + cost(message) > limit
        if (isTooMuch) overflow.complete(Unit) else queue.trySend(message)
    }

    /** Sends what is offered, until the outbox overflows or the connection ends, or cancellation. */
    suspend fun sendTo(webSocket: WebSocket) = coroutineScope {
        val sending = launch {
            for (message in queue) {
                webSocket.send(message)
                waiting.addAndGet(-cost(message))
            }
        }
        overflow.await()
        sending.cancel()
        queue.cancel()
        webSocket.close(CloseCode.POLICY_VIOLATION, "too slow")
    }

    private fun cost(message: Message) = message.size.toLong() + OVERHEAD

    private companion object {
        /** Empty messages take memory too. */
        const val OVERHEAD = 64L
    }
}
