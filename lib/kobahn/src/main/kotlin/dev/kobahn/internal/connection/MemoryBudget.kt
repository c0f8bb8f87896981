package dev.kobahn.internal.connection

import dev.kobahn.protocol.extension.closeAll
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * How much all connections of a server, or of a client, may hold together: what came and the
 * application has not taken, the messages that are being put together, and what waits to be sent.
 * Each connection has bounds of its own; many that stay within them would still fill the heap.
 *
 * A connection that holds less than [GRAIN] counts as one that holds nothing, and a change of less
 * than [GRAIN] does not count. So small messages and idle connections cost nothing here. What the
 * application took does not count.
 *
 * Above three quarters of [limit] a connection is paused if it grows and holds at least the average.
 * It goes on once all together hold less than that again. If they do not within [Holder.PATIENCE],
 * the connection is closed. Above [limit] the connections that hold most are closed at once, as many
 * as it takes to come below three quarters. So honest connections, which hold little, go on.
 *
 * Thread-safe. No monitor is held while a [Holder] is called.
 *
 * @param limit in octets
 * @param nanoTime the clock, as [System.nanoTime]
 * @param onEviction is told how many are closed and how much they held; not again before all hold less than three quarters
 */
internal class MemoryBudget(
    val limit: Long,
    private val nanoTime: () -> Long = System::nanoTime,
    private val onEviction: (count: Int, octets: Long) -> Unit = { _, _ -> },
) {
    private val mark = limit - limit / 4
    private val total = AtomicLong()

    /** The part of [total] whose holders were not told to give it up. */
    private val staying = AtomicLong()
    private val holdings = ConcurrentHashMap.newKeySet<Holding>()
    private val paused = ConcurrentHashMap.newKeySet<Holding>()

    /** How many hold something that counts. */
    private val active = AtomicInteger()
    private val isTold = AtomicBoolean()
    private val lookedAt = AtomicLong(nanoTime() - LOOK_INTERVAL)

    /** What all hold together, in octets. */
    val used: Long get() = total.get()

    /** Whether that is more than there is: nobody is let in. */
    val isOver: Boolean get() = used > limit

    /** Whether more than three quarters are held, so that those that hold much have to wait. */
    val isTight: Boolean get() = used > mark

    private val mustSomeLeave: Boolean get() = staying.get() > limit

    /** Somebody who holds something. Called from any thread. */
    interface Holder {
        /** How many octets it holds now. Asked for under a monitor, so this waits for nobody. */
        val held: Long

        /** Looks anew at what others hold too, of which its part grows when they go. */
        fun reassess()

        /** Has it hold no more than now, until [resume] or [giveUp]. */
        fun pause()

        fun resume()

        /** Gives up what it holds, and ends. */
        fun giveUp()

        companion object {
            /** How long a holder is paused before it has to give up, in seconds. */
            const val PATIENCE: Int = 5
        }
    }

    /** The part of [holder], which holds something for the first time. */
    fun hold(holder: Holder): Holding = Holding(holder)

    /** What one connection holds. */
    inner class Holding internal constructor(internal val holder: Holder) {
        @Volatile
        internal var charged = 0L
            private set
        private var hasEnded = false
        private var isLingering = false

        /** Whether it held something that counts. */
        private var isListed = false

        @Volatile
        internal var isLeaving = false

        internal val isPaused: Boolean get() = this in paused

        /**
         * Counts anew what the holder holds. Asks for the amount and charges it in one step: of two
         * threads the later one charges what is there after the changes of both.
         */
        fun update() = changed(charge())

        /** Does what [update] does, and tells nobody to wait, to go on or to leave. */
        internal fun refresh() {
            holder.reassess()
            total.addAndGet(charge())
        }

        private fun charge() = synchronized(this) {
            val held = if (hasEnded) 0 else holder.held
            charge(if (held < GRAIN) 0 else held)
        }

        private fun changed(change: Long) {
            if (change == 0L) return
            val now = total.addAndGet(change)
            if (change > 0) return grown(this, now)
            if (now <= mark && now - change > mark) relax()
            if (!hasEnded && !isMuch(now)) resume()
        }

        private fun charge(octets: Long): Long {
            val change = octets - charged
            val isLittle = change in (1 - GRAIN)..<GRAIN
            if (hasEnded || change == 0L || (isLittle && octets > 0)) return 0
            if (charged == 0L) active.incrementAndGet()
            if (!isListed) isListed = holdings.add(this)
            if (octets == 0L) active.decrementAndGet()
            if (isLingering) keep(octets > 0)
            charged = octets
            if (!isLeaving) staying.addAndGet(change)
            return change
        }

        private fun keep(holdsSomething: Boolean) {
            if (holdsSomething) holdings.add(this) else holdings.remove(this)
        }

        /** From now on it is forgotten whenever it holds nothing. */
        fun linger() = synchronized(this) {
            isLingering = true
            keep(charged > 0)
        }

        /** Marks it as one that has to leave. Returns what that frees in octets; 0 if nothing, or if it was marked. */
        internal fun leave(): Long = synchronized(this) {
            if (isLeaving || hasEnded || charged == 0L) return 0
            isLeaving = true
            staying.addAndGet(-charged)
            charged
        }

        internal fun giveUp() = leaving(holder::giveUp)

        /** Calls [step], by which the holder gives up. If it fails the holder stays, and may be chosen again. */
        fun leaving(step: () -> Unit) {
            try {
                step()
            } catch (failure: Throwable) {
                stay()
                throw failure
            }
        }

        private fun stay() = synchronized(this) {
            if (isLeaving) staying.addAndGet(charged)
            isLeaving = false
        }

        /** It holds nothing any more, and never will. */
        fun end() {
            val change = synchronized(this) { charge(0).also { hasEnded = true } }
            holdings.remove(this)
            paused.remove(this)
            changed(change)
        }

        /** To be called when it was paused for [Holder.PATIENCE]. */
        fun waited() {
            lookAnew(this)
            if (mustSomeLeave) evict(chooseLargest())
            if (!isTight || !isMuch(used)) return resume()
            if (leave() > 0) evict(listOf(this))
        }

        /** Whether it holds at least as much as they do on the average where all hold [total]. */
        internal fun isMuch(total: Long): Boolean =
            charged > 0 && charged >= total / maxOf(1, active.get())

        /** Pauses the holder if memory is tight and it holds at least the average. */
        internal fun pauseIfMuch() {
            if (!isTight || !isMuch(used) || isLeaving) return
            pause()
            // Nobody may be left to come below the mark and let it go on.
            if (!isTight) resume()
        }

        private fun pause() {
            if (!paused.add(this)) return
            try {
                holder.pause()
            } catch (failure: Throwable) {
                paused.remove(this)
                throw failure
            }
        }

        internal fun resume() {
            if (!paused.remove(this)) return
            try {
                holder.resume()
            } catch (failure: Throwable) {
                // It was not told, and is still paused.
                paused.add(this)
                throw failure
            }
        }
    }

    private fun grown(holding: Holding, now: Long) {
        if (now <= mark || (!mustSomeLeave && !holding.isMuch(now))) return
        lookAnew(holding)
        if (mustSomeLeave) evict(chooseLargest())
        holding.pauseIfMuch()
    }

    /**
     * Counts anew what all hold, since some may hold less without having said so; only what
     * [holding] holds if that was done a moment ago, unless some have to leave. Lets those go on
     * that need not wait any more.
     */
    private fun lookAnew(holding: Holding) {
        val isForAll = mustSomeLeave || isLookDue()
        if (isForAll) holdings.forEach { it.refresh() } else holding.refresh()
        if (!isTight) return relax()
        if (isForAll) resumeAll(paused.filterNot { it.isMuch(used) })
    }

    /** Not too often: a peer could cause a look with each message, and a look takes time. */
    private fun isLookDue(): Boolean {
        val now = nanoTime()
        val last = lookedAt.get()
        return now - last >= LOOK_INTERVAL && lookedAt.compareAndSet(last, now)
    }

    /** Those that hold most, as many as it takes to come below [mark], if all hold more than [limit]. */
    private fun chooseLargest(): List<Holding> = synchronized(holdings) {
        var excess = staying.get()
        if (excess <= limit) return emptyList()
        excess -= mark
        val chosen = ArrayList<Holding>()
        // Sorted by a copy, since the amounts change meanwhile.
        val parts = holdings.map { it to it.charged }.sortedByDescending { it.second }
        for ((holding) in parts) {
            if (excess <= 0) break
            val freed = holding.leave()
            if (freed == 0L) continue
            excess -= freed
            chosen.add(holding)
        }
        chosen
    }

    private fun evict(chosen: List<Holding>) {
        if (chosen.isEmpty()) return
        val octets = chosen.sumOf { it.charged }
        try {
            closeAll(chosen.map { it::giveUp })
        } finally {
            if (isTold.compareAndSet(false, true)) tell(chosen.size, octets)
        }
    }

    /** Nothing comes of it if the logger fails: who happens to grow must not be hit by that. */
    private fun tell(count: Int, octets: Long) {
        try {
            onEviction(count, octets)
        } catch (_: Exception) {
            // Nobody is left who could be told.
        }
    }

    private fun relax() {
        isTold.set(false)
        resumeAll(paused)
    }

    private fun resumeAll(those: Iterable<Holding>) = closeAll(those.map { it::resume })

    companion object {
        /** In octets; less is not counted. */
        const val GRAIN: Long = 16 * 1024

        /** In nanoseconds. */
        private const val LOOK_INTERVAL = 100_000_000L

        /** A budget of [limit] for [whose] connections, which logs when it closes some; null if 0, which is no limit. */
        fun of(limit: Long, whose: String): MemoryBudget? = if (limit == 0L) {
            null
        } else {
            MemoryBudget(limit) { count, octets ->
                connectionLogger.warn {
                    "closing $count connection(s) that hold $octets octets: all of " +
                        "$whose would hold more than memoryBudget, $limit octets. " +
                        "Further ones are closed without a line until there is room again."
                }
            }
        }
    }
}
