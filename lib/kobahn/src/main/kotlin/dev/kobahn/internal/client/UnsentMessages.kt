package dev.kobahn.internal.client

import dev.kobahn.Message
import dev.kobahn.WebSocket
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * Messages that wait for a connection, or for the system to take them, in order. Bounded in bytes;
 * one message may always wait. Thread-safe.
 */
internal class UnsentMessages(private val maxSize: Long) {
    private val messages = ArrayDeque<Message>()
    private var size = 0L

    /** Whether [drain] has begun: no message is added any more. */
    private var isDraining = false

    /** The failure of every call of [add], or null before [end]. */
    private var failure: Throwable? = null

    /** Lets one caller of [add] at a time wait for space, in order. */
    private val turn = Mutex()
    private val added = Channel<Unit>(Channel.CONFLATED)
    private val removed = Channel<Unit>(Channel.CONFLATED)

    /** Adds [message]; suspends while there is no space. Throws the failure of [end] after it. */
    suspend fun add(message: Message): Unit = turn.withLock {
        while (!tryAdd(message)) removed.receive()
        added.trySend(Unit).exceptionOrNull()?.let { throw it }
    }

    @Synchronized
    private fun tryAdd(message: Message): Boolean {
        failure?.let { throw it }
        val isFull = messages.isNotEmpty() && size + cost(message) > maxSize
        if (isDraining || isFull) return false
        messages.addLast(message)
        size += cost(message)
        return true
    }

    /** Sends what waits, and what comes, until it is cancelled or [webSocket] cannot send. */
    suspend fun sendTo(webSocket: WebSocket) {
        while (true) {
            val waiting = synchronized(this) { messages.toList() }
            for (message in waiting) webSocket.send(message)
            if (waiting.isEmpty()) {
                added.receive()
            } else {
                // Until then the messages would be lost with the connection.
                webSocket.flush()
                remove(waiting.size)
            }
        }
    }

    private fun remove(count: Int) {
        synchronized(this) { repeat(count) { size -= cost(messages.removeFirst()) } }
        removed.trySend(Unit)
    }

    /**
     * Suspends until nothing waits, or until the end. Earlier calls of [add] add their messages
     * first; later ones wait for the end, and fail.
     */
    suspend fun drain(): Unit = turn.withLock {
        synchronized(this) { isDraining = true }
        while (isWaiting) if (removed.receiveCatching().isClosed) break
    }

    @get:Synchronized
    private val isWaiting get() = messages.isNotEmpty()

    /** Nothing is sent any more: callers that wait, and all that come, get [failure]. */
    fun end(failure: Throwable) {
        synchronized(this) {
            this.failure = failure
            messages.clear()
            size = 0
        }
        added.close(failure)
        removed.close(failure)
    }

    private companion object {
        /** A message takes that much even if it is empty. */
        const val LEAST_COST = 64

        fun cost(message: Message) = maxOf(message.size, LEAST_COST)
    }
}
