package dev.kobahn.internal.connection

import java.nio.ByteBuffer
import kotlin.random.Random
import kotlinx.coroutines.CompletableDeferred

/**
 * The Pings and Pongs of the application: the Pings whose Pongs it awaits, in the order in which they
 * were sent, and its hooks. A Pong answers the first Ping with its payload and all Pings before that
 * one, since a peer may answer only the most recent (RFC 6455 section 5.5.3). Thread-safe.
 *
 * @param onHookFailed is called once, when a hook has thrown; no hook is called after that
 */
internal class Pings(private val loop: Loop, private val onHookFailed: (Throwable) -> Unit) {
    private class Pending(val payload: ByteArray, val sentAt: Long) {
        val nanos = CompletableDeferred<Long>()
    }

    private val pending = ArrayDeque<Pending>(0)

    /** Starts anywhere, so that no payload of the application is taken for a number. */
    private var number = Random.nextLong()

    @Volatile
    private var pingHook: ((ByteArray) -> Boolean)? = null

    @Volatile
    private var pongHook: ((ByteArray) -> Unit)? = null

    /**
     * Sends a Ping by [send], suspends until its Pong, and returns the time between in nanoseconds.
     * Without a [payload] the Ping carries a number.
     */
    suspend fun await(payload: ByteArray?, send: (ByteArray) -> Unit): Long {
        val ping = synchronized(pending) {
            Pending(payload ?: nextNumber(), loop.nanoTime()).also { pending.addLast(it) }
        }
        try {
            send(ping.payload)
            return ping.nanos.await()
        } finally {
            synchronized(pending) { pending.remove(ping) }
        }
    }

    private fun nextNumber() = ByteBuffer.allocate(Long.SIZE_BYTES).putLong(++number).array()

    /** No Pong can come: every [await] throws what [cause] makes. */
    fun fail(cause: () -> Throwable) {
        val failed = synchronized(pending) { pending.toList() }
        failed.forEach { it.nanos.completeExceptionally(cause()) }
    }

    fun onPing(hook: (ByteArray) -> Boolean) {
        pingHook = hook
    }

    fun onPong(hook: (ByteArray) -> Unit) {
        pongHook = hook
    }

    /** A Ping arrived. Returns whether it is to be answered. On the loop. */
    fun pingReceived(payload: ByteArray): Boolean {
        val hook = pingHook ?: return true
        return try {
            hook(payload)
        } catch (failure: Throwable) {
            hookFailed(failure)
            true
        }
    }

    /** A Pong arrived. On the loop. */
    fun pongReceived(payload: ByteArray) {
        answered(payload)
        val hook = pongHook ?: return
        try {
            hook(payload)
        } catch (failure: Throwable) {
            hookFailed(failure)
        }
    }

    private fun answered(payload: ByteArray) {
        val now = loop.nanoTime()
        val answered = synchronized(pending) {
            val last = pending.indexOfFirst { it.payload.contentEquals(payload) }
            if (last < 0) return
            List(last + 1) { pending.removeFirst() }
        }
        answered.forEach { it.nanos.complete(now - it.sentAt) }
    }

    private fun hookFailed(failure: Throwable) {
        // A peer that goes on pinging must not fill the log.
        pingHook = null
        pongHook = null
        onHookFailed(failure)
    }
}
