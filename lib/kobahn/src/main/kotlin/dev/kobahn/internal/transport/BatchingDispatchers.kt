package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import kotlinx.coroutines.CoroutineDispatcher

/** The ways of a [loop] to other dispatchers. Belongs to the loop, except for [to]. */
internal class BatchingDispatchers(private val loop: Loop) {
    // Guarded by its monitor.
    private val known = arrayOfNulls<BatchingDispatcher>(KNOWN)
    private var next = 0

    private val unsent = ArrayDeque<BatchingDispatcher>()
    private val watched = ArrayDeque<BatchingDispatcher>()
    private var lastCheck = System.nanoTime() - CHECK_INTERVAL * NANOS_PER_MILLI
    private var isClosed = false

    /** Whether the caller may hand something over: it is the loop, and that goes on. From any thread. */
    val isOpen: Boolean get() = loop.isCurrent && !isClosed

    /** Whether [checkStalled] has to be called within [CHECK_INTERVAL]. */
    val isWatched: Boolean get() = watched.isNotEmpty()

    /** Whether a thread is at work for the loop, or about to be. */
    val isAtWork: Boolean
        get() {
            repeat(watched.size) { if (watched[it].isAtWork) return true }
            return false
        }

    /**
     * The way to [target]. Some are kept, of the others each call makes one of its own: there may be
     * a dispatcher for each connection. From any thread.
     */
    fun to(target: CoroutineDispatcher): BatchingDispatcher = synchronized(known) {
        known.firstOrNull { it?.target === target } ?: BatchingDispatcher(this, target).also {
            known[next] = it
            next = (next + 1) % KNOWN
        }
    }

    /** Has the loop do [action]. */
    fun execute(action: Runnable): Unit = loop.execute(action)

    /** Has [dispatcher] sent with the next call of [send]. */
    fun sendLater(dispatcher: BatchingDispatcher) {
        if (dispatcher.isUnsent) return
        dispatcher.isUnsent = true
        unsent.addLast(dispatcher)
    }

    /** Hands over what was added. */
    fun send() {
        repeat(unsent.size) {
            val dispatcher = unsent.removeFirst()
            dispatcher.isUnsent = false
            watch(dispatcher)
            dispatcher.send()
        }
    }

    private fun watch(dispatcher: BatchingDispatcher) {
        if (dispatcher.isListed) return
        dispatcher.isListed = true
        watched.addLast(dispatcher)
    }

    /** Does what [BatchingDispatcher.checkStalled] says, where it is [CHECK_INTERVAL] since the last time. */
    fun checkStalled() {
        if (watched.isEmpty()) return
        val now = System.nanoTime()
        if (now - lastCheck < CHECK_INTERVAL * NANOS_PER_MILLI) return
        lastCheck = now
        repeat(watched.size) {
            val dispatcher = watched.removeFirst()
            dispatcher.isListed = false
            try {
                dispatcher.checkStalled()
            } finally {
                if (dispatcher.isWatched) watch(dispatcher)
            }
        }
    }

    /** The loop ends: what waits is handed over, and nobody waits for anybody else. */
    fun close() {
        isClosed = true
        send()
        watched.forEach { it.close() }
        watched.clear()
    }

    companion object {
        /** How long a handler may keep others from their thread, in milliseconds. */
        const val CHECK_INTERVAL: Long = 1L
        private const val NANOS_PER_MILLI = 1_000_000L
        private const val KNOWN = 4
    }
}
