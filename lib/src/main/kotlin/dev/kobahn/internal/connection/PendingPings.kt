package dev.kobahn.internal.connection

import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred

/**
 * The Pings the application waits for. Each carries a number; a Pong answers its Ping and all
 * before it, since a peer may answer only the most recent (RFC 6455 section 5.5.3). Thread-safe.
 */
internal class PendingPings(private val loop: Loop) {
    private class Pending(val number: Long, val sentAt: Long) {
        val nanos = CompletableDeferred<Long>()
    }

    private val pending = ArrayDeque<Pending>(0)
    private var last = 0L

    /** Registers a Ping, has [send] send it with its payload, and suspends until its Pong; the time between in nanoseconds. */
    suspend fun await(send: (ByteArray) -> Unit): Long {
        val ping = synchronized(pending) {
            Pending(++last, loop.nanoTime()).also { pending.addLast(it) }
        }
        try {
            send(ByteBuffer.allocate(Long.SIZE_BYTES).putLong(ping.number).array())
            return ping.nanos.await()
        } finally {
            synchronized(pending) { pending.remove(ping) }
        }
    }

    fun onPong(payload: ByteArray) {
        if (payload.size != Long.SIZE_BYTES) return
        val number = ByteBuffer.wrap(payload).getLong()
        val now = loop.nanoTime()
        val answered = synchronized(pending) {
            if (pending.none { it.number == number }) return
            pending.filter { it.number <= number }
        }
        answered.forEach { it.nanos.complete(now - it.sentAt) }
    }

    /** No Pong can come: everyone who waits gets what [cause] makes. */
    fun fail(cause: () -> Throwable) {
        val failed = synchronized(pending) { pending.toList() }
        failed.forEach { it.nanos.completeExceptionally(cause()) }
    }
}
