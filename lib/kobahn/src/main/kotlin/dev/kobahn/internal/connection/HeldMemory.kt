package dev.kobahn.internal.connection

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.Role
import java.io.IOException
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

/**
 * The memory that a [connection] holds, as the budget of its server or client counts it: unread
 * messages, unparsed input, unsent output, the request, and what others keep for it. Made for a
 * connection that holds enough to count, or for which others keep something.
 *
 * On the loop, except where a KDoc says otherwise.
 */
internal class ConnectionMemory(private val connection: Connection, budget: MemoryBudget) :
    HeldMemory.Owner {
    private val output = connection.output
    private val held = HeldMemory(budget, connection.transport, this)

    /** Memory that others keep for this connection. */
    @Volatile
    private var kept = emptyList<KeptMemory>()

    /** Whether memory is short, so that nothing further is read and senders wait. */
    @Volatile
    var isShort = false
        private set

    /** Whether the handler has returned. */
    @Volatile
    private var isAbandoned = false

    override val heldMemory: Long
        get() = connection.heldMemory + if (connection.isClosed) 0 else keptWeight

    private val keptWeight get() = kept.sumOf { it.weight }

    /** The connection may hold more or less than before. From any thread. */
    fun update() = held.update()

    /** Others hold a part of what waits to be written. From any thread. */
    fun watch() = connection.onLoop { held.watch() }

    override fun reassessMemory(): Boolean {
        synchronized(output) { output.reassess() }
        val kept = kept
        kept.forEach { it.reassess() }
        return output.isShared || kept.isNotEmpty()
    }

    /** From now on [memory] counts as this connection's, until [release]. From any thread. */
    fun retain(memory: KeptMemory) {
        synchronized(output) { kept = kept + memory }
        watch()
        update()
    }

    /** From any thread. */
    fun release(memory: KeptMemory) {
        synchronized(output) { kept = kept - memory }
        update()
    }

    override fun onMemoryShort(isShort: Boolean) {
        this.isShort = isShort && !connection.isClosing
        if (this.isShort) return connection.reading.pause()
        connection.outgoing.onWritten()
        connection.reading.resume()
    }

    /** The connection closes: reading goes on to the peer's Close, and keeps nothing of it. */
    fun onClosing() {
        isShort = false
    }

    override fun giveUpMemory() {
        if (connection.isClosed) return forgetUnread()
        isShort = false
        val isSomethingLost = connection.incomingMessages.weight > 0
        // First, because everything else allocates and may fail.
        connection.incomingMessages.release()
        val cause =
            IOException("all connections held more than memoryBudget, and this one much of it")
        connection.beginClose(CloseCode.TRY_AGAIN_LATER, "out of memory", cause)
        if (isSomethingLost) connection.incomingMessages.fail(connection.closedException())
        // A peer that takes a byte now and then could keep the output before the Close for hours.
        val unreleased = connection.requestSize + output.weight + keptWeight
        if (unreleased >= MemoryBudget.GRAIN) return connection.drop(cause)
        connection.reading.goOn()
        update()
    }

    /** Memory is short after the end. A receiver learns that messages are missing. */
    private fun forgetUnread() {
        connection.incomingMessages.release()
        connection.incomingMessages.fail(connection.closedException())
        update()
    }

    /**
     * The connection has ended. A peer causes the handlers of a server, so messages that wait for
     * one count until the handler takes them or returns. Messages that wait for the application of a
     * client are its own affair.
     */
    fun onClosed() {
        if (isAbandoned || connection.config.protocol.role == Role.CLIENT) return held.end()
        held.update()
        held.linger()
    }

    /** The handler has returned: nobody keeps the messages that it has not received. From any thread. */
    fun onHandlerEnd() {
        isAbandoned = true
        connection.onLoop { if (connection.isClosed) held.end() }
    }
}
