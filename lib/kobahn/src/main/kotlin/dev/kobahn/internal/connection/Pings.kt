package dev.kobahn.internal.connection

import dev.kobahn.ReadingPausedException
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.CompletableDeferred

/**
 * The Pings and Pongs of the application: the Pings whose Pongs it awaits, in the order in which they
 * were sent, and its hooks. A Pong answers the first Ping with its payload and all Pings before that
 * one, since a peer may answer only the most recent (RFC 6455 section 5.5.3). Thread-safe.
 */
internal class Pings(private val connection: Connection) {
    private class Pending(val payload: ByteArray, val sentAt: Long) {
        val time = CompletableDeferred<Duration>()
    }

    private val pending = ArrayDeque<Pending>(0)

    /** The start is random, so a payload of the application is unlikely to equal a number. */
    private var number = Random.nextLong()

    @Volatile
    private var pingHook: ((ByteArray) -> Boolean)? = null

    @Volatile
    private var pongHook: ((ByteArray) -> Unit)? = null

    /**
     * Sends a Ping, suspends until its Pong, and returns the time between. Without a [payload] the
     * Ping carries a number.
     */
    suspend fun ping(payload: ByteArray?): Duration {
        val ping = synchronized(pending) {
            val now = connection.loop.nanoTime()
            Pending(payload ?: nextNumber(), now).also { pending.addLast(it) }
        }
        try {
            send(ping.payload)
            return ping.time.await()
        } finally {
            synchronized(pending) { pending.remove(ping) }
        }
    }

    private fun nextNumber() = ByteBuffer.allocate(Long.SIZE_BYTES).putLong(++number).array()

    private fun send(payload: ByteArray) {
        // Checked after the Ping is registered: a pause or the end that comes now makes it fail.
        if (connection.isReadingStuck) throw ReadingPausedException()
        val isSent = synchronized(connection.output) {
            !connection.isClosed && connection.protocol.sendPing(payload)
        }
        if (!isSent) throw connection.closedException()
        connection.transport.flush()
    }

    /** Reading pauses: every [ping] fails, unless the application makes room before it can see that. */
    fun onReadingPaused() {
        // First, because a Ping after the check may follow the message that made room.
        val waiting = synchronized(pending) { pending.toList() }
        if (!connection.isReadingStuck) return
        waiting.forEach { it.time.completeExceptionally(ReadingPausedException()) }
    }

    /** No Pong can come: every [ping] throws what [cause] makes. */
    fun fail(cause: () -> Throwable) {
        val failed = synchronized(pending) { pending.toList() }
        failed.forEach { it.time.completeExceptionally(cause()) }
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
        val now = connection.loop.nanoTime()
        val answered = synchronized(pending) {
            val last = pending.indexOfFirst { it.payload.contentEquals(payload) }
            if (last < 0) return
            List(last + 1) { pending.removeFirst() }
        }
        answered.forEach { it.time.complete((now - it.sentAt).nanoseconds) }
    }

    private fun hookFailed(failure: Throwable) {
        // A peer that goes on pinging must not fill the log.
        pingHook = null
        pongHook = null
        connection.fail(failure) {
            "a hook of the connection with ${connection.transport.peer} failed"
        }
    }
}
