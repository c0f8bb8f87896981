package dev.kobahn.internal.connection

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * How much all connections of a server, or of a client, may hold together: what came and the
 * application has not taken, the messages that are being put together, and what waits to be sent.
 * Each connection has bounds of its own; many that stay within them would still fill the heap.
 *
 * Nothing is counted of a connection that holds less than [GRAIN], and changes of less are not
 * either, so that small messages and idle connections never come here. What many have in their
 * queues by reference is nobody's, and what the application took is its own.
 *
 * Above three quarters of [limit] a connection that grows, and holds at least as much as they do on
 * the average, is paused, until they hold less again; if they do not within [Holder.PATIENCE] it is
 * closed. Above [limit] those that hold most are closed at once, as many as it takes to come below
 * the three quarters. So honest ones, who hold little, go on.
 *
 * Thread-safe. A [Holder] is called outside of every monitor.
 *
 * @param limit in octets
 * @param onEviction is told how many are closed and what they held; once until they hold less again
 */
internal class MemoryBudget(
    val limit: Long,
    private val onEviction: (count: Int, octets: Long) -> Unit = { _, _ -> },
) {
    private val mark = limit - limit / 4
    private val total = AtomicLong()

    /** What those hold that are told to give it up, and have not. */
    private val leaving = AtomicLong()
    private val holdings = ConcurrentHashMap.newKeySet<Holding>()

    /** How many hold something that is counted. */
    private val active = AtomicInteger()
    private val isTold = AtomicBoolean()

    /** What all hold together, in octets. */
    val used: Long get() = total.get()

    /** Whether that is more than there is: nobody is let in. */
    val isOver: Boolean get() = used > limit

    /** Whether so much is held that those that hold much have to wait. */
    val isTight: Boolean get() = used > mark

    /** Who holds something. Called from any thread. */
    interface Holder {
        /** Grows no more until [resume], or [giveUp]. */
        fun pause()

        fun resume()

        /** Gives up what it holds, and ends. */
        fun giveUp()

        companion object {
            /** How long somebody is paused before it is closed, in seconds. */
            const val PATIENCE: Int = 5
        }
    }

    /** The part of [holder], which holds something for the first time. */
    fun hold(holder: Holder): Holding = Holding(holder).also(holdings::add)

    /** What one connection holds. */
    inner class Holding internal constructor(internal val holder: Holder) {
        @Volatile
        internal var charged = 0L
            private set
        private var hasEnded = false

        @Volatile
        internal var isLeaving = false

        internal val isPaused = AtomicBoolean()

        /** It holds [octets] now. */
        fun update(octets: Long) {
            changed(synchronized(this) { charge(if (octets < GRAIN) 0 else octets) })
        }

        private fun changed(change: Long) {
            if (change == 0L) return
            val now = total.addAndGet(change)
            if (change > 0) return grown(this, now)
            if (now <= mark && now - change > mark) relax()
            if (isPaused.get() && !hasEnded && !isMuch(now)) resume()
        }

        private fun charge(octets: Long): Long {
            val change = octets - charged
            val isLittle = change in (1 - GRAIN)..<GRAIN
            if (hasEnded || change == 0L || (isLittle && octets > 0)) return 0
            if (charged == 0L) active.incrementAndGet()
            if (octets == 0L) active.decrementAndGet()
            charged = octets
            if (isLeaving) leaving.addAndGet(change)
            return change
        }

        /** Has it leave; what that frees in octets, or 0 if that is nothing or it is about to already. */
        internal fun leave(): Long = synchronized(this) {
            if (isLeaving || hasEnded || charged == 0L) return 0
            isLeaving = true
            leaving.addAndGet(charged)
            charged
        }

        /** It holds nothing any more, and never will. */
        fun end() {
            val change = synchronized(this) { charge(0).also { hasEnded = true } }
            holdings.remove(this)
            changed(change)
        }

        /** It was paused for [Holder.PATIENCE]. */
        fun waited() {
            if (!isTight || !isMuch(used)) return resume()
            if (leave() > 0) evict(listOf(this))
        }

        /** Whether it holds at least as much as they do on the average where all hold [total]. */
        internal fun isMuch(total: Long): Boolean =
            charged > 0 && charged >= total / maxOf(1, active.get())

        internal fun resume() {
            if (isPaused.compareAndSet(true, false)) holder.resume()
        }
    }

    private fun grown(holding: Holding, now: Long) {
        if (now <= mark) return
        if (now - leaving.get() > limit) evictLargest()
        if (!holding.isMuch(now) || holding.isLeaving) return
        if (holding.isPaused.compareAndSet(false, true)) holding.holder.pause()
    }

    private fun evictLargest() {
        val chosen = ArrayList<Holding>()
        synchronized(holdings) {
            var excess = total.get() - leaving.get()
            if (excess <= limit) return
            excess -= mark
            // In the order of one moment, for they go on to change.
            val parts = holdings.map { it to it.charged }.sortedByDescending { it.second }
            for ((holding) in parts) {
                if (excess <= 0) break
                val freed = holding.leave()
                if (freed == 0L) continue
                excess -= freed
                chosen.add(holding)
            }
        }
        evict(chosen)
    }

    private fun evict(chosen: List<Holding>) {
        val octets = chosen.sumOf { it.charged }
        chosen.forEach { it.holder.giveUp() }
        if (isTold.compareAndSet(false, true)) onEviction(chosen.size, octets)
    }

    private fun relax() {
        isTold.set(false)
        holdings.forEach { it.resume() }
    }

    companion object {
        /** In octets; less is not counted. */
        const val GRAIN: Long = 16 * 1024

        /** A budget of [limit] for [whose] connections, which logs when it closes some; null if 0, which is no limit. */
        fun of(limit: Long, whose: String): MemoryBudget? = if (limit == 0L) {
            null
        } else {
            MemoryBudget(limit) { count, octets ->
                connectionLogger.warn {
                    "$count connections, which hold most ($octets octets), are closed: all of " +
                        "$whose would hold more than memoryBudget, $limit octets. " +
                        "Further ones are closed without a line until there is room again."
                }
            }
        }
    }
}
