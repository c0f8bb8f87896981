package dev.kobahn.internal.connection

import java.nio.ByteBuffer
import kotlin.random.Random
import kotlinx.coroutines.CompletableDeferred

/**
 * The Pings whose answers the application waits for, in the order in which they were sent. A Pong
 * answers the first Ping with its payload and all before that, since a peer may answer only the most
 * recent (RFC 6455 section 5.5.3). Thread-safe.
 */
internal class PendingPings(private val loop: Loop) {
    private class Pending(val payload: ByteArray, val sentAt: Long) {
        val nanos = CompletableDeferred<Long>()
    }

    private val pending = ArrayDeque<Pending>(0)

    /** Begins anywhere, so that no payload of the application's own is taken for a number. */
    private var number = Random.nextLong()

    /** As `await(payload, send)` with a number as the payload. */
    suspend fun await(send: (ByteArray) -> Unit): Long {
        val number = synchronized(pending) { ++number }
        return await(ByteBuffer.allocate(Long.SIZE_BYTES).putLong(number).array(), send)
    }

    /** Registers a Ping, has [send] send it, and suspends until its Pong; the time between in nanoseconds. */
    suspend fun await(payload: ByteArray, send: (ByteArray) -> Unit): Long {
        val ping = synchronized(pending) {
            Pending(payload, loop.nanoTime()).also { pending.addLast(it) }
        }
        try {
            send(payload)
            return ping.nanos.await()
        } finally {
            synchronized(pending) { pending.remove(ping) }
        }
    }

    fun onPong(payload: ByteArray) {
        val now = loop.nanoTime()
        val answered = synchronized(pending) {
            val last = pending.indexOfFirst { it.payload.contentEquals(payload) }
            if (last < 0) return
            List(last + 1) { pending.removeFirst() }
        }
        answered.forEach { it.nanos.complete(now - it.sentAt) }
    }

    /** No Pong can come: everyone who waits gets what [cause] makes. */
    fun fail(cause: () -> Throwable) {
        val failed = synchronized(pending) { pending.toList() }
        failed.forEach { it.nanos.completeExceptionally(cause()) }
    }
}
