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

    /** After how many looks a stint that has not begun is given up: more each time it was in vain. */
    private var patience = PATIENCE
    private var isClosed = false

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
        stint.isLate = isClosed
        stints.add(stint)
        return stint
    }

    private fun ask(stint: Stint) {
        val context = synchronized(this) {
            if (waiting.size == 1) lastContext else EmptyCoroutineContext
        }
        try {
            target.dispatch(context, stint)
        } catch (failure: Throwable) {
            // Errors too: without memory for a thread the others still have to be served.
            report(failure)
            Dispatchers.IO.dispatch(context, replace(stint))
        }
    }

    private fun report(failure: Throwable) {
        try {
            logger.error(failure) { "$target takes nothing, going on with Dispatchers.IO" }
        } catch (_: Throwable) {
            // Without memory nobody can be told, but what waits has to be run all the same.
        }
    }

    /** Who throws may have taken [stint] all the same, and it must not run twice. */
    private fun replace(stint: Stint): Stint {
        val putOff: List<Runnable>
        val another = synchronized(this) {
            putOff = giveUp(stint)
            stints.remove(stint)
            newStint()
        }
        putOff.forEach(all::execute)
        return another
    }

    /** The next block for [stint], or null if there is none or it has something else to do first. */
    fun take(stint: Stint): Runnable? = synchronized(this) {
        if (stint.isOver || stint.isDue) return null
        val block = waiting.removeFirstOrNull() ?: return null
        if (waiting.isEmpty()) lastContext = EmptyCoroutineContext
        stint.count()
        // A late one that gets on again does not show that others are found a thread.
        if (!stint.isLate) patience = PATIENCE
        block
    }

    /** Whether [stint] is to go on; else it has ended, and [send] has to be called. */
    fun goesOn(stint: Stint): Boolean = synchronized(this) {
        if (stint.hasPutOff || (waiting.isNotEmpty() && !stint.isOver)) return true
        if (stints.remove(stint) && stint.isReusable) {
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
        synchronized(this) { putOffByTheLate() }.forEach(all::execute)
        helper()?.let(::ask)
    }

    private fun putOffByTheLate(): List<Runnable> {
        val putOff = ArrayList<Runnable>()
        var isInVain = false
        stints.removeAll { stint ->
            if (!stint.isStuck(patience)) return@removeAll false
            putOff += giveUp(stint)
            if (!stint.hasBegun) isInVain = true
            true
        }
        if (isInVain && patience < Int.MAX_VALUE / 2) patience *= 2
        return putOff
    }

    /** Nobody relies on [stint] any more. Returns what it put off. */
    private fun giveUp(stint: Stint): List<Runnable> {
        stint.isLate = true
        return stint.takePutOff()
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
        val further: List<Stint>
        synchronized(this) {
            putOff = stints.flatMap(::giveUp)
            stints.clear()
            isClosed = true
            further = List(waiting.size) { newStint() }
        }
        putOff.forEach(all::execute)
        further.forEach(::ask)
    }

    companion object {
        /** So many looks, a second or more, and a thread that was asked for will hardly come any more. */
        const val PATIENCE: Int = 1_000
    }
}
