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

    /** Those that were asked for and have not ended. */
    private val stints = ArrayList<Stint>(1)

    /** How many of them are not late: nobody knows when those others come back. */
    private var punctual = 0

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
        while (true) {
            val stint = synchronized(this) { if (isUnderstaffed) newStint() else return }
            stint.begin()
        }
    }

    private val isUnderstaffed get() = waiting.size > Stint.SIZE * punctual

    private fun newStint(): Stint {
        val stint = spare ?: Stint(this)
        spare = null
        stints.add(stint)
        punctual++
        return stint
    }

    private fun Stint.begin() {
        val context = synchronized(this@HandOver) {
            val context = if (waiting.size == 1) lastContext else EmptyCoroutineContext
            lastContext = EmptyCoroutineContext
            context
        }
        run(context, this)
    }

    private fun run(context: CoroutineContext, block: Runnable) = try {
        target.dispatch(context, block)
    } catch (failure: Throwable) {
        // Errors too: without memory for a thread the others still have to be served.
        logger.error(failure) { "$target takes nothing, going on with Dispatchers.IO" }
        Dispatchers.IO.dispatch(context, block)
    }

    /** The next block for [stint], or null if it has nothing to do any more. */
    fun take(stint: Stint): Runnable? = synchronized(this) {
        if (stint.isOver) return null
        val block = waiting.removeFirstOrNull() ?: return null
        stint.count()
        block
    }

    /** Whether [stint] is to go on: else it has ended, and others are asked for if they are needed. */
    fun goesOn(stint: Stint): Boolean {
        synchronized(this) {
            if (stint.hasPutOff || (waiting.isNotEmpty() && !stint.isOver)) return true
            stints.remove(stint)
            if (!stint.isLate) {
                punctual--
                stint.renew()
                spare = stint
            }
        }
        send()
        return false
    }

    /** Whether a thread is at work here, or about to be, that is not late. */
    val isAtWork: Boolean get() = synchronized(this) { punctual > 0 }

    /** Whether [relieve] has to be called. */
    val isWatched: Boolean get() = synchronized(this) { waiting.isNotEmpty() } || isAtWork

    /**
     * To be called now and then while [isWatched]. What waited at the last call and still does gets
     * another thread, unless one is on its way: where none is to be had another request would only
     * be one more that waits. What a stint put off that did not get on since then is done here.
     */
    fun relieve() {
        val late = synchronized(this) {
            stints.filter { it.isStuck() }.also { punctual -= it.size }
        }
        late.forEach { it.doPutOffElsewhere() }
        helper()?.begin()
    }

    private fun helper(): Stint? = synchronized(this) {
        val taken = added - waiting.size
        val isOverdue = taken < addedBefore
        addedBefore = added
        if (isOverdue && stints.all { it.hasBegun }) newStint() else null
    }

    /** The loop ends and will not [relieve] anybody: nothing may wait for anything else. */
    fun close() {
        val blocks = synchronized(this) {
            stints.forEach { it.isLate = true }
            punctual = 0
            waiting.toList().also { waiting.clear() }
        }
        blocks.forEach { run(EmptyCoroutineContext, it) }
        synchronized(this) { stints.toList() }.forEach { it.doPutOffElsewhere() }
    }
}
