package dev.kobahn.internal.transport

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * What a loop has for another dispatcher, [target]. To wake a thread for each message costs more than
 * most handlers do, so they are run by one thread, in a [Stint]: it takes what waits, and what comes
 * meanwhile. Only if that is more than one stint is for, another thread is asked for; and if
 * something waits for longer than a handler should take, by [relieve].
 *
 * From another thread than the loop's it is [target], no more.
 */
internal class HandOver(private val all: HandOvers, val target: CoroutineDispatcher) :
    CoroutineDispatcher() {
    // These belong to [all].
    var isUnsent = false
    var isListed = false

    // All below is guarded by the monitor.
    private val waiting = ArrayDeque<Runnable>()

    /** Those that were asked for and have not ended, but for the late: nobody knows when those come back. */
    private val stints = ArrayList<Stint>(1)

    /** One for the next time: where messages come one by one there is one for each. */
    private var spare: Stint? = null
    private var lastContext: CoroutineContext = EmptyCoroutineContext
    private var added = 0L
    private var addedBefore = 0L

    override fun isDispatchNeeded(context: CoroutineContext): Boolean =
        target.isDispatchNeeded(context)

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (!all.isOpen) return target.dispatch(context, block)
        add(context, block)
        all.sendLater(this)
    }

    /** Has [block], of a coroutine of [context], run by [target], at the latest after the next [send]. */
    fun add(context: CoroutineContext, block: Runnable): Unit = synchronized(this) {
        waiting.addLast(block)
        lastContext = context
        added++
    }

    /** Asks for as many threads as what waits needs. */
    fun send() {
        while (true) ask(synchronized(this) { if (isUnderstaffed) newStint() else return })
    }

    private val isUnderstaffed get() = waiting.size > Stint.SIZE * stints.size

    private fun newStint(): Stint {
        val stint = spare ?: Stint(this)
        spare = null
        stints.add(stint)
        return stint
    }

    private fun ask(stint: Stint) {
        val isOne = synchronized(this) { waiting.size == 1 }
        ask(if (isOne) lastContext else EmptyCoroutineContext, stint)
    }

    private fun ask(context: CoroutineContext, block: Runnable) = try {
        target.dispatch(context, block)
    } catch (failure: Throwable) {
        // Errors too: without memory for a thread the others still have to be served.
        logger.error(failure) { "$target takes nothing, going on with Dispatchers.IO" }
        Dispatchers.IO.dispatch(context, block)
    }

    /** The next block for [stint], or null if there is none or it has something else to do first. */
    fun take(stint: Stint): Runnable? = synchronized(this) {
        if (stint.isOver || stint.isDue) return null
        val block = waiting.removeFirstOrNull() ?: return null
        if (waiting.isEmpty()) lastContext = EmptyCoroutineContext
        stint.count()
        block
    }

    /** Whether [stint] is to go on; else it has ended, and [send] has to be called. */
    fun goesOn(stint: Stint): Boolean = synchronized(this) {
        if (stint.hasPutOff || (waiting.isNotEmpty() && !stint.isOver)) return true
        if (stints.remove(stint)) {
            stint.renew()
            spare = stint
        }
        false
    }

    /** Whether a thread is at work here, or about to be, that is not late. */
    val isAtWork: Boolean get() = synchronized(this) { stints.isNotEmpty() }

    /** Whether [relieve] has to be called. */
    val isWatched: Boolean get() = synchronized(this) {
        waiting.isNotEmpty() || stints.isNotEmpty()
    }

    /**
     * To be called now and then while [isWatched]. What waited at the last call and still does gets
     * another thread, unless one is on its way: where none is to be had another request would only
     * be one more that waits. What a stint put off does not wait for more than the block that runs,
     * and is done by the loop if even that did not end since the last call.
     */
    fun relieve() {
        val putOff = synchronized(this) { look() }
        putOff.forEach(all::execute)
        helper()?.let(::ask)
    }

    /** What is put off by those that are late from now on. */
    private fun look(): List<Runnable> {
        val late = stints.filter { it.isLateNow() }
        stints.removeAll(late)
        return late.flatMap { it.takePutOff() }
    }

    private fun helper(): Stint? = synchronized(this) {
        val taken = added - waiting.size
        val isOverdue = taken < addedBefore
        addedBefore = added
        if (isOverdue && stints.all { it.hasBegun }) newStint() else null
    }

    /** The loop ends and will not [relieve] anybody: nothing may wait for anything else. */
    fun close() {
        val putOff: List<Runnable>
        val blocks: List<Runnable>
        synchronized(this) {
            stints.forEach { it.isLate = true }
            putOff = stints.flatMap { it.takePutOff() }
            stints.clear()
            blocks = waiting.toList()
            waiting.clear()
        }
        putOff.forEach(all::execute)
        blocks.forEach { ask(EmptyCoroutineContext, it) }
    }
}
