package dev.kobahn.internal.connection

import dev.kobahn.protocol.extension.closeAll
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * Bounds the memory of all connections of a server, or of a client, together: unread messages,
 * messages that are arriving, and output that waits to be sent. Each connection has bounds of its own,
 * but many that stay within them would still fill the heap.
 *
 * A connection that holds less than [GRAIN] counts as one that holds nothing, and a change of less
 * than [GRAIN] does not count. So small messages and idle connections cost nothing here. Messages that
 * the application has taken do not count.
 *
 * Above three quarters of [limit], a connection that grows and holds at least the average is paused. It
 * goes on once all together hold less than that again. If they do not within [Holder.PATIENCE], the
 * connection is closed. Above [limit], the connections that hold most are closed at once, as many as it
 * takes to come below three quarters. So honest connections, which hold little, go on.
 *
 * Thread-safe. No monitor is held while a [Holder] is called.
 *
 * @param limit in bytes
 * @param nanoTime the clock, as [System.nanoTime]
 * @param onEviction is called with the number of connections that are closed and the bytes they hold;
 * not again before all hold less than three quarters
 */
internal class MemoryBudget(
    val limit: Long,
    private val nanoTime: () -> Long = System::nanoTime,
    private val onEviction: (count: Int, bytes: Long) -> Unit = { _, _ -> },
) {
    private val mark = limit - limit / 4
    private val total = AtomicLong()

    /** The part of [total] whose holders were not told to give it up. */
    private val staying = AtomicLong()
    private val holdings = ConcurrentHashMap.newKeySet<Holding>()
    private val paused = ConcurrentHashMap.newKeySet<Holding>()

    /** The number of holders that count. */
    private val active = AtomicInteger()
    private val isTold = AtomicBoolean()
    private val lookedAt = AtomicLong(nanoTime() - LOOK_INTERVAL)

    /** The bytes that all hold together. */
    val used: Long get() = total.get()

    /** Whether all hold more than the limit, so that no connection is let in. */
    val isOver: Boolean get() = used > limit

    /** Whether all hold more than three quarters, so that those that hold much have to wait. */
    val isTight: Boolean get() = used > mark

    private val mustSomeLeave: Boolean get() = staying.get() > limit

    /** A connection that holds memory. Called from any thread. */
    interface Holder {
        /** The bytes that it holds now. Asked for under a monitor, so it waits for nobody. */
        val held: Long

        /** Counts anew the memory that it shares with others, of which its part grows when they go. */
        fun reassess()

        /** The holder must not grow until [resume] or [giveUp]. */
        fun pause()

        fun resume()

        /** The holder gives up its memory and ends. */
        fun giveUp()

        companion object {
            /** The seconds a holder is paused before it has to give up. */
            const val PATIENCE: Int = 5
        }
    }

    /** Returns the account of [holder], which holds memory for the first time. */
    fun hold(holder: Holder): Holding = Holding(holder)

    /** The account of one connection. */
    inner class Holding internal constructor(internal val holder: Holder) {
        @Volatile
        internal var charged = 0L
            private set
        private var hasEnded = false
        private var isLingering = false

        /** Whether it has counted once. */
        private var isListed = false

        @Volatile
        internal var isLeaving = false

        internal val isPaused: Boolean get() = this in paused

        /**
         * Counts the holder anew. Asking for the amount and charging it are one step: of two threads, the
         * later one charges the amount after the changes of both.
         */
        fun update() = changed(charge())

        /** Counts the holder anew as [update] does. Pauses, resumes and closes nobody. */
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

        private fun charge(bytes: Long): Long {
            val change = bytes - charged
            val isLittle = change in (1 - GRAIN)..<GRAIN
            if (hasEnded || change == 0L || (isLittle && bytes > 0)) return 0
            if (charged == 0L) active.incrementAndGet()
            if (!isListed) isListed = holdings.add(this)
            if (bytes == 0L) active.decrementAndGet()
            if (isLingering) keep(bytes > 0)
            charged = bytes
            if (!isLeaving) staying.addAndGet(change)
            return change
        }

        private fun keep(holdsSomething: Boolean) {
            if (holdsSomething) holdings.add(this) else holdings.remove(this)
        }

        /** From now on the account is listed only while it holds something. */
        fun linger() = synchronized(this) {
            isLingering = true
            keep(charged > 0)
        }

        /**
         * Marks the holder as leaving. Returns the number of bytes that its end will free; 0 if it
         * was marked before.
         */
        internal fun leave(): Long = synchronized(this) {
            if (isLeaving || hasEnded || charged == 0L) return 0
            isLeaving = true
            staying.addAndGet(-charged)
            charged
        }

        internal fun giveUp() = leaving(holder::giveUp)

        /** Calls [step], by which the holder gives up. If it fails, the holder stays and can be chosen again. */
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

        /** The holder has ended and holds nothing. */
        fun end() {
            val change = synchronized(this) { charge(0).also { hasEnded = true } }
            holdings.remove(this)
            paused.remove(this)
            changed(change)
        }

        /** Call it when the holder was paused for [Holder.PATIENCE]. */
        fun waited() {
            lookAnew(this)
            if (mustSomeLeave) evict(chooseLargest())
            if (!isTight || !isMuch(used)) return resume()
            if (leave() > 0) evict(listOf(this))
        }

        /** Whether it holds at least the average, if all together hold [total]. */
        internal fun isMuch(total: Long): Boolean =
            charged > 0 && charged >= total / maxOf(1, active.get())

        /** Pauses the holder if memory is tight and it holds at least the average. */
        internal fun pauseIfMuch() {
            if (!isTight || !isMuch(used) || isLeaving) return
            pause()
            // If all have come below the mark meanwhile, nobody else would resume it.
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
                // The holder did not learn it, and is still paused.
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
     * Counts all holders anew, since some may hold less without having reported it. If that was done a
     * moment ago, and none has to leave, counts only [holding] anew. Resumes holders that need not wait
     * any more.
     */
    private fun lookAnew(holding: Holding) {
        val isForAll = mustSomeLeave || isLookDue()
        if (isForAll) holdings.forEach { it.refresh() } else holding.refresh()
        if (!isTight) return relax()
        if (isForAll) resumeAll(paused.filterNot { it.isMuch(used) })
    }

    /** Allows one recount in [LOOK_INTERVAL]: a peer could cause one with each message. */
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
        val bytes = chosen.sumOf { it.charged }
        try {
            closeAll(chosen.map { it::giveUp })
        } finally {
            if (isTold.compareAndSet(false, true)) tell(chosen.size, bytes)
        }
    }

    /** Ignores a failure of the logger: the connection that happens to grow must not be hit by it. */
    private fun tell(count: Int, bytes: Long) {
        try {
            onEviction(count, bytes)
        } catch (_: Exception) {
            // There is no other place to report it.
        }
    }

    private fun relax() {
        isTold.set(false)
        resumeAll(paused)
    }

    private fun resumeAll(those: Iterable<Holding>) = closeAll(those.map { it::resume })

    companion object {
        /** In bytes. Less does not count. */
        const val GRAIN: Long = 16 * 1024

        /** In nanoseconds. */
        private const val LOOK_INTERVAL = 100_000_000L

        /**
         * Returns a budget of [limit] bytes for the connections of [whose], which logs when it closes some;
         * null if [limit] is 0, which is no limit.
         */
        fun of(limit: Long, whose: String): MemoryBudget? = if (limit == 0L) {
            null
        } else {
            MemoryBudget(limit) { count, bytes ->
                connectionLogger.warn {
                    "closing $count connection(s) that hold $bytes bytes: all of " +
                        "$whose would hold more than memoryBudget, $limit bytes. " +
                        "Further ones are closed without a line until there is room again."
                }
            }
        }
    }
}
