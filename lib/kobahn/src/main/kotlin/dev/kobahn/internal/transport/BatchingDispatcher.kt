package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * Runs on [target], several in one task, the coroutines that an event loop resumes: waking a thread
 * for each message costs more than most handlers do. Blocks that another thread dispatches, or that come
 * after the end of the loop, go to [target] as they are.
 *
 * [dispatch] adds a block to a [Batch]. The loop calls [submit] twice a turn, which gives [target]
 * the batches of that turn as tasks. A batch runs its blocks, then the actions that they deferred,
 * and is over. If one of its blocks keeps the thread, the loop runs the deferred actions, and the
 * blocks behind it get another thread.
 */
internal class BatchingDispatcher(
    private val owner: BatchingDispatchers,
    val target: CoroutineDispatcher,
) : CoroutineDispatcher() {
    // All three belong to the loop.
    private val batches = ArrayDeque<Batch>()

    /** Whether the next [BatchingDispatchers.submit] includes this. */
    private var isEnlisted = false

    /** Batches that are over. If messages come one by one, each needs a batch. */
    private val spares = ArrayDeque<Batch>(0)

    override fun isDispatchNeeded(context: CoroutineContext): Boolean =
        target.isDispatchNeeded(context)

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (!owner.isOpen) return target.dispatch(context, block)
        enlist()
        val batch = batches.lastOrNull()?.takeUnless { it.isFull } ?: newBatch()
        batch.add(context, block)
    }

    private fun enlist() {
        if (isEnlisted) return
        owner.submitLater(this)
        isEnlisted = true
    }

    private fun newBatch(): Batch {
        val batch = spares.removeLastOrNull() ?: Batch(this, owner.loop)
        batches.addLast(batch)
        return batch
    }

    /** Keeps [batch], which is over, for the next turn. */
    fun recycle(batch: Batch) {
        if (batch.reset() && spares.size < MAX_SPARES) spares.addLast(batch)
    }

    /**
     * Gives [target] the batches since the previous call, and adds each to [watched]. A block
     * that the target runs in place may add further batches; they wait for the next call, and so
     * does a batch whose submission throws.
     */
    fun submit(watched: MutableList<Batch>) {
        isEnlisted = false
        try {
            repeat(batches.size) { submit(batches.removeFirst(), watched) }
        } finally {
            if (batches.isNotEmpty()) enlist()
        }
    }

    private fun submit(batch: Batch, watched: MutableList<Batch>) {
        try {
            batch.submit()
        } catch (failure: Throwable) {
            batches.addFirst(batch)
            throw failure
        }
        watched.add(batch)
    }

    private companion object {
        /** One may still end while the next one runs. */
        const val MAX_SPARES = 2
    }
}

/** The [BatchingDispatcher]s of a [loop]. All but [to] and [isOpen] belong to the loop. */
internal class BatchingDispatchers(val loop: Loop) {
    // The monitor of known guards known and next.
    private val known = arrayOfNulls<BatchingDispatcher>(KNOWN)
    private var next = 0

    private val unsubmitted = ArrayDeque<BatchingDispatcher>()
    private val watched = ArrayDeque<Batch>()
    private var lastCheck = loop.nanoTime() - CHECK_INTERVAL * NANOS_PER_MILLI
    private var isClosed = false

    /** Whether the caller is on the loop, and the loop goes on. From any thread. */
    val isOpen: Boolean get() = loop.isCurrent && !isClosed

    /** Whether [submit] has something to do. */
    val hasUnsubmitted: Boolean get() = unsubmitted.isNotEmpty()

    /** Whether [checkStalled] has to be called within [CHECK_INTERVAL]. */
    val needsChecks: Boolean get() = watched.isNotEmpty()

    /** Whether a thread works for the loop, or is about to. */
    val hasActiveBatch: Boolean
        get() {
            repeat(watched.size) { if (watched[it].isActive) return true }
            return false
        }

    /**
     * Returns the dispatcher for [target]. Remembers only the last few, since each connection may
     * have a target of its own. From any thread.
     */
    fun to(target: CoroutineDispatcher): BatchingDispatcher = synchronized(known) {
        known.firstOrNull { it?.target === target } ?: BatchingDispatcher(this, target).also {
            known[next] = it
            next = (next + 1) % KNOWN
        }
    }

    /** Includes [dispatcher] in the next [submit]. */
    fun submitLater(dispatcher: BatchingDispatcher) {
        unsubmitted.addLast(dispatcher)
    }

    /** Submits the batches of each dispatcher that has new blocks. */
    fun submit() {
        while (watched.firstOrNull()?.isSettled == true) forget(watched.removeFirst())
        repeat(unsubmitted.size) { unsubmitted.removeFirst().submit(watched) }
    }

    private fun forget(batch: Batch) = batch.dispatcher.recycle(batch)

    /** Calls [Batch.checkStalled] where needed, if [CHECK_INTERVAL] has passed. */
    fun checkStalled() {
        if (watched.isEmpty()) return
        val time = loop.nanoTime()
        if (time - lastCheck < CHECK_INTERVAL * NANOS_PER_MILLI) return
        lastCheck = time
        repeat(watched.size) {
            val batch = watched.removeFirst()
            try {
                batch.checkStalled()
            } finally {
                if (batch.isSettled) forget(batch) else watched.addLast(batch)
            }
        }
    }

    /** The loop ends: submits all batches. Blocks that are left become tasks of their own. */
    fun close() {
        isClosed = true
        submit()
        watched.forEach { it.dissolve() }
        watched.clear()
    }

    companion object {
        /** How long a handler may delay the blocks behind it in its batch, in milliseconds. */
        const val CHECK_INTERVAL: Long = 1L
        private const val NANOS_PER_MILLI = 1_000_000L
        private const val KNOWN = 4
    }
}

/**
 * A task of a [dispatcher]'s target: runs blocks one after the other, then the actions that they
 * deferred, which write their answers. Answers that left one by one would bring the next requests
 * one by one, each with a switch of threads.
 *
 * Two threads may run a batch, if the first was stalled, or if the target took the batch and threw.
 * They share the blocks, and each goes on until none is left.
 */
internal class Batch(val dispatcher: BatchingDispatcher, private val loop: Loop) : Runnable {
    private val target get() = dispatcher.target

    // The monitor guards all state.
    private val blocks = ArrayDeque<Runnable>()
    private val deferred = ArrayDeque<Runnable>(0)
    private var context: CoroutineContext = EmptyCoroutineContext
    private var added = 0
    private var started = 0
    private var startedAtLastCheck = 0
    private var startedAtThreadRequest = 0
    private var running = 0

    /** Whether a block keeps its thread or the target threw. Then nothing is deferred. */
    private var isStalled = false

    /** Whether the deferred actions have waited long enough and come before further blocks. */
    private var isDeferredDue = false

    /** Whether further blocks need another batch. */
    val isFull: Boolean get() = synchronized(this) { added == SIZE }

    /** Whether all blocks and deferred actions have run. */
    val isOver: Boolean
        get() = synchronized(this) { running == 0 && blocks.isEmpty() && deferred.isEmpty() }

    /** Whether the loop has nothing more to do for the batch. */
    val isSettled: Boolean get() = isOver || synchronized(this) { isStalled && blocks.isEmpty() }

    /** Whether the batch is neither over nor stalled. */
    val isActive: Boolean get() = synchronized(this) { !isStalled && !isOver }

    /** Adds [block], of a coroutine with [context]. */
    fun add(context: CoroutineContext, block: Runnable): Unit = synchronized(this) {
        this.context = if (added == 0) context else EmptyCoroutineContext
        blocks.addLast(block)
        added++
    }

    /** Makes this a new batch, after its end. Returns false if another thread may still have it. */
    fun reset(): Boolean = synchronized(this) {
        if (isStalled) return false
        added = 0
        started = 0
        startedAtLastCheck = 0
        isDeferredDue = false
        context = EmptyCoroutineContext
        true
    }

    /** Gives the batch to the target. */
    fun submit() {
        dispatch(synchronized(this) { context }, this)
    }

    private fun dispatch(context: CoroutineContext, task: Runnable) {
        try {
            target.dispatch(context, task)
        } catch (failure: Throwable) {
            // Errors too: if memory for a thread is lacking, other connections still need the loop.
            logRejection(failure)
            // The target may have taken the batch: it must not be reused.
            synchronized(this) { isStalled = true }
            Dispatchers.IO.dispatch(context, task)
        }
    }

    private fun logRejection(failure: Throwable) {
        try {
            logger.error(failure) { "$target takes nothing, going on with Dispatchers.IO" }
        } catch (_: Throwable) {
            // Logging may need memory that is lacking. The blocks have to run nevertheless.
        }
    }

    override fun run() {
        val outer = CURRENT.get()
        CURRENT.set(this)
        synchronized(this) { running++ }
        try {
            while (true) guarded(next() ?: break)
        } finally {
            synchronized(this) { running-- }
            CURRENT.set(outer)
        }
    }

    /** Returns the next block or deferred action, or null if there is none. */
    private fun next(): Runnable? = synchronized(this) {
        if (isDeferredDue) deferred.removeFirstOrNull()?.let { return it }
        isDeferredDue = false
        val block = blocks.removeFirstOrNull()?.also { started++ }
        block ?: deferred.removeFirstOrNull()
    }

    /** Runs [block] as a thread of a pool would, so that the batch survives its failure. */
    private fun guarded(block: Runnable) {
        // If the previous block left the thread interrupted, a system call would close its channel.
        Thread.interrupted()
        try {
            block.run()
        } catch (failure: Throwable) {
            report(failure)
        }
    }

    private fun report(failure: Throwable) = try {
        val thread = Thread.currentThread()
        thread.uncaughtExceptionHandler.uncaughtException(thread, failure)
    } catch (another: Throwable) {
        logger.error(another) { "An UncaughtExceptionHandler failed" }
    }

    private fun defer(action: Runnable): Boolean = synchronized(this) {
        if (isStalled) return false
        if (deferred.lastOrNull() !== action) deferred.addLast(action)
        true
    }

    /**
     * Call every millisecond until the batch [isOver]. If it started no block since the previous
     * call, the loop runs what was deferred, and another thread the blocks that wait; one at a time,
     * because a target without a free thread would only get one more task that waits.
     */
    fun checkStalled() {
        val needsThread = synchronized(this) {
            isDeferredDue = deferred.isNotEmpty()
            val isStuck = started > 0 && started == startedAtLastCheck
            startedAtLastCheck = started
            if (!isStuck) return
            stall()
            blocks.isNotEmpty() && started > startedAtThreadRequest
        }
        if (!needsThread) return
        dispatch(EmptyCoroutineContext, this)
        // Not before: if no thread could be requested, the next check tries again.
        synchronized(this) { startedAtThreadRequest = startedAtLastCheck }
    }

    private fun stall() {
        isStalled = true
        while (true) loop.execute(deferred.removeFirstOrNull() ?: break)
    }

    /** The loop ends and checks no more: the target gets each block as a task of its own. */
    fun dissolve() {
        val rest = synchronized(this) {
            stall()
            blocks.toList().also { blocks.clear() }
        }
        rest.forEach { dispatch(EmptyCoroutineContext, it) }
    }

    companion object {
        /** Few enough blocks that one thread has soon run them. */
        const val SIZE: Int = 32

        private val CURRENT = ThreadLocal<Batch?>()

        /**
         * Defers [action] to the end of the batch that this thread runs; earlier if a block of the
         * batch keeps the thread for more than a millisecond. Returns false without keeping [action]
         * if there is no such batch, or it is stalled.
         */
        fun defer(action: Runnable): Boolean = CURRENT.get()?.defer(action) ?: false
    }
}
