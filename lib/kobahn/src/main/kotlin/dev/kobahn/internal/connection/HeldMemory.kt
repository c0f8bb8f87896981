package dev.kobahn.internal.connection

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.DisposableHandle

/**
 * Tells the budget what [owner] holds, and [owner] what the budget wants of it. A connection gets one
 * when it holds enough to be counted; most never do. [update] may be called from any thread.
 */
internal class HeldMemory(
    budget: MemoryBudget,
    private val transport: Transport,
    private val owner: Owner,
) : MemoryBudget.Holder {
    /** On the loop, but for [heldMemory] and [reassessMemory]. */
    interface Owner {
        /** How many octets it holds; from any thread, which it must not keep waiting. */
        val heldMemory: Long

        /** From now on it may not hold more ([isShort]), or it may again. */
        fun onMemoryShort(isShort: Boolean)

        /** Gives up what it holds, and closes unless it has ended. */
        fun giveUpMemory()

        /**
         * Looks anew at what others hold too, of which its part grows when they go; whether it holds
         * such. From any thread.
         */
        fun reassessMemory(): Boolean
    }

    private val holding = budget.hold(this)

    // On the loop.
    private var timer: DisposableHandle? = null
    private var look: DisposableHandle? = null
    private var hasEnded = false

    override val held: Long get() = owner.heldMemory

    override fun reassess() {
        owner.reassessMemory()
    }

    /** Counts anew what [owner] holds. Call it after each change. */
    fun update() = holding.update()

    // Told from several threads, which may overtake each other: what counts is how it is by now.

    override fun pause() = onLoop {
        if (!hasEnded && holding.isPaused) {
            timer?.dispose()
            timer = schedule(holding::waited)
            owner.onMemoryShort(true)
        }
    }

    override fun resume() = onLoop {
        if (!holding.isPaused) {
            timer?.dispose()
            if (!hasEnded) owner.onMemoryShort(false)
        }
    }

    override fun giveUp() = onLoop {
        timer?.dispose()
        holding.leaving(owner::giveUpMemory)
    }

    /** [owner] holds what others hold too: it is looked at now and then until it does not. On the loop. */
    fun watch() {
        if (look != null || hasEnded) return
        look = schedule {
            look = null
            if (owner.reassessMemory()) watch()
            update()
        }
    }

    private inline fun onLoop(crossinline action: () -> Unit) =
        transport.loop.execute { transport.guarded(action) }

    private inline fun schedule(crossinline action: () -> Unit) =
        transport.loop.schedule(MemoryBudget.Holder.PATIENCE.seconds) { transport.guarded(action) }

    /** [owner] has ended, and counts for as long as it holds something. On the loop. */
    fun linger() {
        stopTimers()
        holding.linger()
    }

    /** Nothing is held any more. On the loop. */
    fun end() {
        stopTimers()
        holding.end()
    }

    private fun stopTimers() {
        hasEnded = true
        timer?.dispose()
        look?.dispose()
    }
}
