package dev.kobahn.internal.group

import dev.kobahn.ConnectionClosedException
import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.KeptMemory
import dev.kobahn.internal.connection.RealWebSocket
import dev.kobahn.internal.connection.logError
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/**
 * A connection in a group. Messages without room wait in its queue, in order, until a coroutine has
 * sent them. While the queue is in use, all messages go through it.
 *
 * @param face the object by which the application knows the connection
 * @param dropped the counter of dropped messages
 */
internal class Member<F : Any>(
    val face: F,
    val webSocket: WebSocket,
    private val slowConsumer: SlowConsumer,
    private val scope: CoroutineScope,
    private val dropped: AtomicLong,
) : KeptMemory {
    /** The coroutine that waits for the connection's end. Set before the member is published. */
    var watch: Job? = null

    // Guarded by the monitor of the queue. Senders also read [isSlow] without it.
    private val queue = ArrayDeque<Waiting>(0)
    private var bytes = 0L
    private var ended = false

    @Volatile
    private var isSlow = false

    @Volatile
    override var weight = 0L
        private set

    private val connection get() = (webSocket as? RealWebSocket)?.connection

    /** A waiting message, and the [part] of it that counts as memory kept for this member. */
    private class Waiting(val message: PreparedMessage) {
        val cost: Long get() = maxOf(message.message.size, LEAST).toLong()

        var part = 0L
    }

    /** Sends [message] if there is room, and returns whether it did. */
    fun trySend(message: PreparedMessage): Boolean = webSocket.trySend(message)

    /**
     * Whether the handler has not accepted or denied the connection yet. Only the handler may open
     * it.
     */
    val isUndecided: Boolean get() = webSocket.state == WebSocketState.CONNECTING

    /**
     * Sends [message] if there is room, and else applies the policy for slow members. Returns false
     * if the membership has ended, and null if the member is skipped because it is undecided.
     */
    fun sendOrEnqueue(message: PreparedMessage): Boolean? {
        if (!isSlow) {
            if (trySend(message)) return true
            if (isUndecided) return null
        }
        return when (slowConsumer) {
            is SlowConsumer.Disconnect -> enqueueOrClose(message, slowConsumer)
            is SlowConsumer.DropOldest -> enqueueOrDrop(message, slowConsumer.maxQueueSize)
            SlowConsumer.Suspend -> error("a member that suspends its group has no queue")
        }
    }

    private fun enqueueOrClose(message: PreparedMessage, policy: SlowConsumer.Disconnect): Boolean {
        val next = Waiting(message)
        val isQueued = synchronized(queue) {
            if (ended) return false
            val hasRoom = bytes + next.cost <= policy.maxQueueSize
            if (hasRoom) enqueue(next) else clear()
            hasRoom
        }
        connection?.updateMemory()
        if (isQueued) return true
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            guarded { webSocket.close(policy.code, policy.reason) }
        }
        return false
    }

    private fun enqueueOrDrop(message: PreparedMessage, limit: Long): Boolean {
        val next = Waiting(message)
        synchronized(queue) {
            if (ended) return false
            while (queue.isNotEmpty() && bytes + next.cost > limit) {
                removeFirst()
                dropped.incrementAndGet()
            }
            enqueue(next)
        }
        connection?.updateMemory()
        return true
    }

    private fun enqueue(next: Waiting) {
        queue.addLast(next)
        bytes += next.cost
        next.message.forms.retain()
        assess(next)
        if (isSlow) return
        isSlow = true
        scope.launch { sendQueued() }
    }

    private fun removeFirst(): PreparedMessage {
        val first = queue.removeFirst()
        bytes -= first.cost
        weight -= first.part
        first.message.forms.release()
        return first.message
    }

    private fun assess(waiting: Waiting) {
        val part = waiting.message.forms.part(waiting.cost)
        weight += part - waiting.part
        waiting.part = part
    }

    override fun reassess() = synchronized(queue) { queue.forEach(::assess) }

    private suspend fun sendQueued() {
        connection?.memory?.retain(this)
        try {
            while (true) {
                val message = next() ?: break
                guarded { webSocket.send(message) }
            }
        } finally {
            connection?.memory?.release(this)
        }
    }

    private fun next(): PreparedMessage? = synchronized(queue) {
        isSlow = queue.isNotEmpty()
        if (isSlow) removeFirst() else null
    }

    /** Ends the membership and discards waiting messages. */
    fun end() {
        watch?.cancel()
        synchronized(queue) { clear() }
        connection?.updateMemory()
    }

    private fun clear() {
        ended = true
        while (queue.isNotEmpty()) removeFirst()
    }

    /** Logs a failure of [call]: the coroutine has no caller to report it to. */
    private suspend fun guarded(call: suspend () -> Unit) {
        try {
            call()
        } catch (_: ConnectionClosedException) {
            // The connection leaves the group by itself.
        } catch (failure: Exception) {
            logError(failure) { "a group failed to serve $webSocket" }
        }
    }

    private companion object {
        const val LEAST = 64
    }
}
