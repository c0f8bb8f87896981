package dev.kobahn.internal.transport

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * What a loop has for another dispatcher, [target]. To wake a thread for each message costs more than
 * most handlers do, so they are run by one thread, in a [Batch]: it takes what waits, and what comes
 * meanwhile. Only if that is more than one batch is for, another thread is asked for; and if
 * something waits for longer than a handler should take, by [checkStalled].
 *
 * From another thread than the loop's it is [target], no more.
 */
internal class BatchingDispatcher(private val all: BatchingDispatchers, val target: CoroutineDispatcher) :
    CoroutineDispatcher() {
    // These belong to [all].
    var isUnsent = false
    var isListed = false

    // All below is guarded by the monitor.
    private val waiting = ArrayDeque<Runnable>()

    /** Those that were asked for and have not ended, but for the late: nobody knows when those come back. */
    private val batches = ArrayList<Batch>(1)

    /** One for the next time: where messages come one by one there is one for each. */
    private var spare: Batch? = null
    private var lastContext: CoroutineContext = EmptyCoroutineContext
    private var added = 0L
    private var addedBefore = 0L

    /** After how many looks a batch that has not begun is given up: more each time it was in vain. */
    private var stallLimit = STALL_LIMIT
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
        while (true) ask(synchronized(this) { if (isUnderstaffed) newBatch() else return })
    }

    private val isUnderstaffed get() = waiting.size > Batch.SIZE * batches.size

    private fun newBatch(): Batch {
        val batch = spare ?: Batch(this)
        spare = null
        batch.isAbandoned = isClosed
        batches.add(batch)
        return batch
    }

    private fun ask(batch: Batch) {
        val context = synchronized(this) {
            if (waiting.size == 1) lastContext else EmptyCoroutineContext
        }
        try {
            target.dispatch(context, batch)
        } catch (failure: Throwable) {
            // Errors too: without memory for a thread the others still have to be served.
            report(failure)
            Dispatchers.IO.dispatch(context, replace(batch))
        }
    }

    private fun report(failure: Throwable) {
        try {
            logger.error(failure) { "$target takes nothing, going on with Dispatchers.IO" }
        } catch (_: Throwable) {
            // Without memory nobody can be told, but what waits has to be run all the same.
        }
    }

    /** Who throws may have taken [batch] all the same, and it must not run twice. */
    private fun replace(batch: Batch): Batch {
        val deferred: List<Runnable>
        val another = synchronized(this) {
            deferred = giveUp(batch)
            batches.remove(batch)
            newBatch()
        }
        deferred.forEach(all::execute)
        return another
    }

    /** The next block for [batch], or null if there is none or it has something else to do first. */
    fun take(batch: Batch): Runnable? = synchronized(this) {
        if (batch.isOver || batch.isDue) return null
        val block = waiting.removeFirstOrNull() ?: return null
        if (waiting.isEmpty()) lastContext = EmptyCoroutineContext
        batch.count()
        // A late one that gets on again does not show that others are found a thread.
        if (!batch.isAbandoned) stallLimit = STALL_LIMIT
        block
    }

    /** Whether [batch] is to go on; else it has ended, and [send] has to be called. */
    fun goesOn(batch: Batch): Boolean = synchronized(this) {
        if (batch.hasDeferred || (waiting.isNotEmpty() && !batch.isOver)) return true
        if (batches.remove(batch) && batch.isReusable) {
            batch.renew()
            spare = batch
        }
        false
    }

    /** Whether a thread is at work here, or about to be, that is not late. */
    val isAtWork: Boolean get() = synchronized(this) { batches.isNotEmpty() }

    /** Whether [checkStalled] has to be called. */
    val isWatched: Boolean get() = synchronized(this) {
        waiting.isNotEmpty() || batches.isNotEmpty()
    }

    /**
     * To be called now and then while [isWatched]. What waited at the last call and still does gets
     * another thread, unless one is on its way: where none is to be had another request would only
     * be one more that waits. What a batch put off does not wait for more than the block that runs,
     * and is done by the loop if even that did not end since the last call.
     */
    fun checkStalled() {
        synchronized(this) { abandonStalled() }.forEach(all::execute)
        helper()?.let(::ask)
    }

    private fun abandonStalled(): List<Runnable> {
        val deferred = ArrayList<Runnable>()
        var isInVain = false
        batches.removeAll { batch ->
            if (!batch.isStalled(stallLimit)) return@removeAll false
            deferred += giveUp(batch)
            if (!batch.hasBegun) isInVain = true
            true
        }
        if (isInVain && stallLimit < Int.MAX_VALUE / 2) stallLimit *= 2
        return deferred
    }

    /** Nobody relies on [batch] any more. Returns what it put off. */
    private fun giveUp(batch: Batch): List<Runnable> {
        batch.isAbandoned = true
        return batch.takeDeferred()
    }

    private fun helper(): Batch? = synchronized(this) {
        val taken = added - waiting.size
        val isOverdue = taken < addedBefore
        addedBefore = added
        if (isOverdue && batches.all { it.hasBegun }) newBatch() else null
    }

    /** The loop ends and will not [checkStalled] anybody: nothing may wait for anything else. */
    fun close() {
        val deferred: List<Runnable>
        val further: List<Batch>
        synchronized(this) {
            deferred = batches.flatMap(::giveUp)
            batches.clear()
            isClosed = true
            further = List(waiting.size) { newBatch() }
        }
        deferred.forEach(all::execute)
        further.forEach(::ask)
    }

    companion object {
        /** So many looks, a second or more, and a thread that was asked for will hardly come any more. */
        const val STALL_LIMIT: Int = 1_000
    }
}
