package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import kotlinx.coroutines.CoroutineDispatcher

/** The ways of a [loop] to other dispatchers. Belongs to the loop, except for [to]. */
internal class HandOvers(private val loop: Loop) {
    // Guarded by its monitor.
    private val known = arrayOfNulls<HandOver>(KNOWN)
    private var next = 0

    private val unsent = ArrayDeque<HandOver>()
    private val watched = ArrayDeque<HandOver>()
    private var lastRelief = System.nanoTime() - RELIEF_INTERVAL * NANOS_PER_MILLI
    private var isClosed = false

    /** Whether the caller may hand something over: it is the loop, and that goes on. From any thread. */
    val isOpen: Boolean get() = loop.isCurrent && !isClosed

    /** Whether [relieve] has to be called within [RELIEF_INTERVAL]. */
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
    fun to(target: CoroutineDispatcher): HandOver = synchronized(known) {
        known.firstOrNull { it?.target === target } ?: HandOver(this, target).also {
            known[next] = it
            next = (next + 1) % KNOWN
        }
    }

    /** Has the loop do [action]. */
    fun execute(action: Runnable): Unit = loop.execute(action)

    /** Has [handOver] sent with the next call of [send]. */
    fun sendLater(handOver: HandOver) {
        if (handOver.isUnsent) return
        handOver.isUnsent = true
        unsent.addLast(handOver)
    }

    /** Hands over what was added. */
    fun send() {
        repeat(unsent.size) {
            val handOver = unsent.removeFirst()
            handOver.isUnsent = false
            watch(handOver)
            handOver.send()
        }
    }

    private fun watch(handOver: HandOver) {
        if (handOver.isListed) return
        handOver.isListed = true
        watched.addLast(handOver)
    }

    /** Does what [HandOver.relieve] says, where it is [RELIEF_INTERVAL] since the last time. */
    fun relieve() {
        if (watched.isEmpty()) return
        val now = System.nanoTime()
        if (now - lastRelief < RELIEF_INTERVAL * NANOS_PER_MILLI) return
        lastRelief = now
        repeat(watched.size) {
            val handOver = watched.removeFirst()
            handOver.isListed = false
            try {
                handOver.relieve()
            } finally {
                if (handOver.isWatched) watch(handOver)
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
        const val RELIEF_INTERVAL: Long = 1L
        private const val NANOS_PER_MILLI = 1_000_000L
        private const val KNOWN = 4
    }
}
