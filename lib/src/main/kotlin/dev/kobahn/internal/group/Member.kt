package dev.kobahn.internal.group

import dev.kobahn.ConnectionClosedException
import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
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
) {
    /** Waits for the connection's end; set before anybody else knows of the member. */
    var watch: Job? = null

    // Guarded by the queue's monitor, but for the hasty look of who sends.
    private val queue = ArrayDeque<PreparedMessage>(0)
    private var octets = 0L
    private var ended = false

    @Volatile
    private var isSlow = false

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
        synchronized(queue) {
            if (ended) return false
            if (octets + message.cost <= policy.maxQueueSize) {
                enqueue(message)
                return true
            }
            clear()
        }
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            guarded { webSocket.close(policy.code, policy.reason) }
        }
        return false
    }

    private fun enqueueOrDrop(message: PreparedMessage, limit: Long): Boolean {
        synchronized(queue) {
            if (ended) return false
            while (queue.isNotEmpty() && octets + message.cost > limit) {
                octets -= queue.removeFirst().cost
                dropped.incrementAndGet()
            }
            enqueue(message)
        }
        return true
    }

    private fun enqueue(message: PreparedMessage) {
        queue.addLast(message)
        octets += message.cost
        if (isSlow) return
        isSlow = true
        scope.launch { sendQueued() }
    }

    private suspend fun sendQueued() {
        while (true) {
            val message = next() ?: break
            guarded { webSocket.send(message) }
        }
    }

    private fun next(): PreparedMessage? = synchronized(queue) {
        val next = queue.removeFirstOrNull()
        if (next == null) isSlow = false else octets -= next.cost
        next
    }

    /** Its membership is over: nothing that waits is sent. */
    fun end() {
        watch?.cancel()
        synchronized(queue) { clear() }
    }

    private fun clear() {
        ended = true
        queue.clear()
        octets = 0
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

    private val PreparedMessage.cost: Long get() = maxOf(message.size, LEAST).toLong()

    private companion object {
        const val LEAST = 64
    }
}
