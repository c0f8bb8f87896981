package dev.kobahn.internal.group

import dev.kobahn.ConnectionClosedException
import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.ConnectionFace
import dev.kobahn.internal.connection.KeptMemory
import dev.kobahn.internal.connection.logError
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/**
 * A connection in a group. What it has no room for waits here, in order, until a coroutine has sent
 * it; while there is one, everything takes that way.
 *
 * @param face how the application knows it
 * @param dropped where messages that were dropped are counted
 */
internal class Member<F : Any>(
    val face: F,
    val webSocket: WebSocket,
    private val slowConsumer: SlowConsumer,
    private val scope: CoroutineScope,
    private val dropped: AtomicLong,
) : KeptMemory {
    /** Waits for the connection's end; set before anybody else knows of the member. */
    var watch: Job? = null

    // Guarded by the queue's monitor, but for the hasty look of who sends.
    private val queue = ArrayDeque<Waiting>(0)
    private var octets = 0L
    private var ended = false

    @Volatile
    private var isSlow = false

    @Volatile
    override var weight = 0L
        private set

    private val connection get() = (webSocket as? ConnectionFace)?.connection

    /** A message that waits, and the [part] of it that counts as kept for this member. */
    private class Waiting(val message: PreparedMessage) {
        val cost: Long get() = maxOf(message.message.size, LEAST).toLong()

        var part = 0L
    }

    /** Sends where there is room; false if there is none. */
    fun trySend(message: PreparedMessage): Boolean = webSocket.trySend(message)

    /** Whether its handler has yet to decide about the connection, which nobody else may open. */
    val isUndecided: Boolean get() = webSocket.state == WebSocketState.CONNECTING

    /**
     * Sends where there is room and else does what is due to a slow member. False if its membership
     * is over, null if it is passed over, since it is undecided.
     */
    fun offer(message: PreparedMessage): Boolean? {
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
            val hasRoom = octets + next.cost <= policy.maxQueueSize
            if (hasRoom) enqueue(next) else clear()
            hasRoom
        }
        connection?.weigh()
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
            while (queue.isNotEmpty() && octets + next.cost > limit) {
                removeFirst()
                dropped.incrementAndGet()
            }
            enqueue(next)
        }
        connection?.weigh()
        return true
    }

    private fun enqueue(next: Waiting) {
        queue.addLast(next)
        octets += next.cost
        next.message.forms.retain()
        assess(next)
        if (isSlow) return
        isSlow = true
        scope.launch { sendQueued() }
    }

    private fun removeFirst(): PreparedMessage {
        val first = queue.removeFirst()
        octets -= first.cost
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
        connection?.retain(this)
        try {
            while (true) {
                val message = next() ?: break
                guarded { webSocket.send(message) }
            }
        } finally {
            connection?.release(this)
        }
    }

    private fun next(): PreparedMessage? = synchronized(queue) {
        isSlow = queue.isNotEmpty()
        if (isSlow) removeFirst() else null
    }

    /** Its membership is over: nothing that waits is sent. */
    fun end() {
        watch?.cancel()
        synchronized(queue) { clear() }
        connection?.weigh()
    }

    private fun clear() {
        ended = true
        while (queue.isNotEmpty()) removeFirst()
    }

    /** A coroutine here has nobody to tell of its failure. */
    private suspend fun guarded(call: suspend () -> Unit) {
        try {
            call()
        } catch (_: ConnectionClosedException) {
            // It leaves the group by itself.
        } catch (failure: Exception) {
            logError(failure) { "a group failed to serve $webSocket" }
        }
    }

    private companion object {
        const val LEAST = 64
    }
}
