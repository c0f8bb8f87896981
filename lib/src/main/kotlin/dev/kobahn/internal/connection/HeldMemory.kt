package dev.kobahn.internal.connection

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.DisposableHandle

/**
 * Tells the budget what [owner] holds, and [owner] what the budget wants of it. A connection gets one
 * when it holds enough to be counted; most never do. [update] may be called from any thread.
 */
internal class HeldMemory(budget: MemoryBudget, private val loop: Loop, private val owner: Owner) :
    MemoryBudget.Holder {
    /** All on the loop. */
    interface Owner {
        /** From now on it may not hold more ([isShort]), or it may again. */
        fun onMemoryShort(isShort: Boolean)

        /** Gives up what it holds, and closes unless it has ended. */
        fun giveUpMemory()
    }

    private val holding = budget.hold(this)

    // On the loop.
    private var timer: DisposableHandle? = null
    private var hasEnded = false

    fun update(octets: Long) = holding.update(octets)

    // Told from several threads, which may overtake each other: what counts is how it is by now.

    override fun pause() = loop.execute {
        if (hasEnded || !holding.isPaused.get()) return@execute
        owner.onMemoryShort(true)
        timer?.dispose()
        timer = loop.schedule(MemoryBudget.Holder.PATIENCE.seconds, holding::waited)
    }

    override fun resume() = loop.execute {
        if (holding.isPaused.get()) return@execute
        timer?.dispose()
        if (!hasEnded) owner.onMemoryShort(false)
    }

    override fun giveUp() = loop.execute {
        timer?.dispose()
        owner.giveUpMemory()
    }

    /** [owner] has ended, and counts for as long as it holds something. On the loop. */
    fun linger() {
        hasEnded = true
        timer?.dispose()
        holding.linger()
    }

    /** Nothing is held any more. On the loop. */
    fun end() {
        hasEnded = true
        timer?.dispose()
        holding.end()
    }
}
