package dev.kobahn.internal.connection

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.DisposableHandle

/**
 * The account of one connection, [owner], at the budget: it tells the budget how much memory the
 * owner holds, and the owner what the budget asks of it. [update] may be called from any thread.
 */
internal class HeldMemory(
    budget: MemoryBudget,
    private val transport: Transport,
    private val owner: Owner,
) : MemoryBudget.Holder {
    /** On the loop, except [heldMemory] and [reassessMemory]. */
    interface Owner {
        /** The bytes that it holds. Asked for from any thread, under a monitor, so it waits for nobody. */
        val heldMemory: Long

        /** The owner may hold no more than now if [isShort], or may again. */
        fun onMemoryShort(isShort: Boolean)

        /** Gives up the memory that it can, and closes unless it has ended. */
        fun giveUpMemory()

        /**
         * Counts anew the memory that it shares with others, of which its part grows when they go.
         * Returns whether it shares any. From any thread.
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

    /** Counts anew the memory of [owner]. Call it after each change. */
    fun update() = holding.update()

    // Several threads call these and may overtake each other: only the present state counts.

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

    /** [owner] shares memory with others: it is counted anew now and then until it does not. On the loop. */
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

    /** [owner] has ended. It counts as long as it holds memory. On the loop. */
    fun linger() {
        stopTimers()
        holding.linger()
    }

    /** [owner] holds no memory any more. On the loop. */
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

/** Memory that a group keeps for a connection that cannot take it yet. It counts as the connection's. */
internal interface KeptMemory {
    /** The size in bytes. Asked for from any thread, under a monitor, so it waits for nobody. */
    val weight: Long

    /** Counts anew the memory that several connections share: their number may have changed. */
    fun reassess()
}
