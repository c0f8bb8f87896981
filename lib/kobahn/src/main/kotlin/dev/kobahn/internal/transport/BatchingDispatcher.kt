package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * Runs coroutines that an event loop resumes on [target], several in one task: waking a thread for
 * each message costs more than most handlers do. Blocks that another thread dispatches, or that come
 * after the end of the loop, go to [target] as they are.
 *
 * [dispatch] queues a block. The loop calls [submit] twice a turn, and [checkStalled] about every
 * millisecond. This is the life of a [Batch], the task that [target] gets:
 *
 * ```
 *                           .------------------.  more blocks have come
 *                           v                  |
 *     REQUESTED ------> RUN BLOCKS ------> RUN DEFERRED ACTIONS ------> END
 *         |                 |                  |
 *         `-----------------+------------------'
 *                           v  checked, and found stalled
 *                       ABANDONED
 * ```
 *
 * - A batch runs blocks until the queue is empty, or it has run [Batch.SIZE] of them, or a check has
 *   found deferred actions: those run next.
 * - A batch has stalled if it started no block between two checks, or has not started at all after
 *   [stallLimit] checks. The loop then runs the deferred actions, and another batch is requested for
 *   blocks that wait. If the stalled thread goes on it runs blocks again, but defers nothing.
 */
internal class BatchingDispatcher(
    private val owner: BatchingDispatchers,
    val target: CoroutineDispatcher,
) : CoroutineDispatcher() {
    // Both belong to [owner].
    var isUnsubmitted = false
    var isWatched = false

    // The monitor guards all state below.
    private val queue = ArrayDeque<Runnable>()

    /** Batches that were requested and have neither ended nor been abandoned. */
    private val batches = ArrayList<Batch>(1)

    /** A batch that has ended. If messages come one by one, each needs a batch. */
    private var spare: Batch? = null
    private var lastContext: CoroutineContext = EmptyCoroutineContext
    private var enqueued = 0L
    private var enqueuedBefore = 0L

    /** Checks after which a batch that has not started is abandoned. Doubles until a batch starts. */
    private var stallLimit = STALL_LIMIT
    private var isClosed = false

    override fun isDispatchNeeded(context: CoroutineContext): Boolean =
        target.isDispatchNeeded(context)

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (!owner.isOpen) return target.dispatch(context, block)
        enqueue(context, block)
        owner.submitLater(this)
    }

    /** Queues [block], of a coroutine with [context]. Call [submit] afterwards. */
    fun enqueue(context: CoroutineContext, block: Runnable): Unit = synchronized(this) {
        queue.addLast(block)
        lastContext = context
        enqueued++
    }

    /** Requests as many batches as the queue needs. */
    fun submit() {
        while (true) request(synchronized(this) { if (needsBatch) newBatch() else return })
    }

    private val needsBatch get() = queue.size > Batch.SIZE * batches.size

    private fun newBatch(): Batch {
        val batch = spare ?: Batch(this)
        spare = null
        batch.isAbandoned = isClosed
        batches.add(batch)
        return batch
    }

    private fun request(batch: Batch) {
        val context = synchronized(this) {
            if (queue.size == 1) lastContext else EmptyCoroutineContext
        }
        try {
            target.dispatch(context, batch)
        } catch (failure: Throwable) {
            // Errors too: if memory for a thread is lacking, other connections still need the loop.
            report(failure)
            Dispatchers.IO.dispatch(context, replace(batch))
        }
    }

    private fun report(failure: Throwable) {
        try {
            logger.error(failure) { "$target takes nothing, going on with Dispatchers.IO" }
        } catch (_: Throwable) {
            // Logging may need memory that is lacking. The blocks have to run nevertheless.
        }
    }

    /** A target that throws may run [batch] nevertheless, so another one takes its place. */
    private fun replace(batch: Batch): Batch = synchronized(this) {
        batch.abandon(owner.loop)
        batches.remove(batch)
        newBatch()
    }

    /** Returns the next block for [batch], or null if its deferred actions are next. */
    fun nextBlock(batch: Batch): Runnable? = synchronized(this) {
        if (batch.isFull || batch.isDeferredDue) return null
        val block = queue.removeFirstOrNull() ?: return null
        if (queue.isEmpty()) lastContext = EmptyCoroutineContext
        batch.started++
        // An abandoned batch that goes on is no sign that the target has threads again.
        if (!batch.isAbandoned) stallLimit = STALL_LIMIT
        block
    }

    /** Returns whether [batch] has more to do. If not, it has ended: call [submit]. */
    fun continues(batch: Batch): Boolean = synchronized(this) {
        if (batch.hasDeferred || (queue.isNotEmpty() && !batch.isFull)) return true
        if (batches.remove(batch) && batch.isReusable) {
            batch.reset()
            spare = batch
        }
        false
    }

    /** Whether a batch runs or was requested, and is not abandoned. */
    val hasBatch: Boolean get() = synchronized(this) { batches.isNotEmpty() }

    /** Whether [checkStalled] has to be called. */
    val needsChecks: Boolean
        get() = synchronized(this) { queue.isNotEmpty() || batches.isNotEmpty() }

    /**
     * Call every millisecond while [needsChecks]. Abandons the batches that made no progress since
     * the previous call. Requests another batch if a block has waited since then, unless a requested
     * batch has not started: a target without a free thread would only get one more task that waits.
     */
    fun checkStalled() {
        synchronized(this) {
            abandonStalled()
            extraBatch()
        }?.let(::request)
    }

    private fun abandonStalled() {
        var neverStarted = false
        batches.removeAll { batch ->
            if (!batch.checkStalled(stallLimit)) return@removeAll false
            batch.abandon(owner.loop)
            if (!batch.hasStarted) neverStarted = true
            true
        }
        if (neverStarted && stallLimit < Int.MAX_VALUE / 2) stallLimit *= 2
    }

    private fun extraBatch(): Batch? {
        val started = enqueued - queue.size
        val isOverdue = started < enqueuedBefore
        enqueuedBefore = enqueued
        return if (isOverdue && batches.all { it.hasStarted }) newBatch() else null
    }

    /** The loop ends and checks no more: abandons all batches, and requests one for each block. */
    fun close() {
        val further = synchronized(this) {
            batches.forEach { it.abandon(owner.loop) }
            batches.clear()
            isClosed = true
            List(queue.size) { newBatch() }
        }
        further.forEach(::request)
    }

    companion object {
        /** A second or more of checks, after which a requested batch will hardly start. */
        const val STALL_LIMIT: Int = 1_000
    }
}

/** The [BatchingDispatcher]s of a [loop]. All but [to] and [isOpen] belong to the loop. */
internal class BatchingDispatchers(val loop: Loop) {
    // Its monitor guards both.
    private val known = arrayOfNulls<BatchingDispatcher>(KNOWN)
    private var next = 0

    private val unsubmitted = ArrayDeque<BatchingDispatcher>()
    private val watched = ArrayDeque<BatchingDispatcher>()
    private var lastCheck = System.nanoTime() - CHECK_INTERVAL * NANOS_PER_MILLI
    private var isClosed = false

    /** Whether the caller is on the loop, and the loop goes on. From any thread. */
    val isOpen: Boolean get() = loop.isCurrent && !isClosed

    /** Whether [checkStalled] has to be called within [CHECK_INTERVAL]. */
    val needsChecks: Boolean get() = watched.isNotEmpty()

    /** Whether a thread works for the loop, or is about to. */
    val hasBatch: Boolean
        get() {
            repeat(watched.size) { if (watched[it].hasBatch) return true }
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
        if (dispatcher.isUnsubmitted) return
        dispatcher.isUnsubmitted = true
        unsubmitted.addLast(dispatcher)
    }

    /** Calls [BatchingDispatcher.submit] of each dispatcher that has new blocks. */
    fun submit() {
        repeat(unsubmitted.size) {
            val dispatcher = unsubmitted.removeFirst()
            dispatcher.isUnsubmitted = false
            watch(dispatcher)
            dispatcher.submit()
        }
    }

    private fun watch(dispatcher: BatchingDispatcher) {
        if (dispatcher.isWatched) return
        dispatcher.isWatched = true
        watched.addLast(dispatcher)
    }

    /** Calls [BatchingDispatcher.checkStalled] where needed, if [CHECK_INTERVAL] has passed. */
    fun checkStalled() {
        if (watched.isEmpty()) return
        val now = System.nanoTime()
        if (now - lastCheck < CHECK_INTERVAL * NANOS_PER_MILLI) return
        lastCheck = now
        repeat(watched.size) {
            val dispatcher = watched.removeFirst()
            dispatcher.isWatched = false
            try {
                dispatcher.checkStalled()
            } finally {
                if (dispatcher.needsChecks) watch(dispatcher)
            }
        }
    }

    /** The loop ends: submits all blocks, and closes the dispatchers. */
    fun close() {
        isClosed = true
        submit()
        watched.forEach { it.close() }
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
 * A task of a [dispatcher]'s target: runs queued blocks one after the other, then the actions that
 * they deferred, which write their answers. Answers that left one by one would bring the next
 * requests one by one, each with a switch of threads. See [BatchingDispatcher] for its life.
 *
 * The monitor of [dispatcher] guards all state.
 */
internal class Batch(private val dispatcher: BatchingDispatcher) : Runnable {
    /** The number of blocks that were started. */
    var started: Int = 0
    private var startedBefore = 0
    private var checksBeforeStart = 0
    private val deferred = ArrayDeque<Runnable>()

    val hasStarted: Boolean get() = started > 0
    val hasDeferred: Boolean get() = deferred.isNotEmpty()

    /** Whether the batch has run its share of blocks, so that others may have the thread. */
    val isFull: Boolean get() = started == SIZE

    /** Whether the deferred actions have waited long enough and come before further blocks. */
    var isDeferredDue: Boolean = false
        private set

    /** Whether the batch may keep its thread, or never start: nothing is deferred to its end. */
    var isAbandoned: Boolean = false

    /** Whether the object may serve as another batch after its end. */
    var isReusable: Boolean = true
        private set

    /** Makes this a new batch, after its end. */
    fun reset() {
        started = 0
        startedBefore = 0
        checksBeforeStart = 0
    }

    /**
     * Returns whether the batch has started no block since the previous call; or, before its first
     * block, whether this is call number [stallLimit].
     */
    fun checkStalled(stallLimit: Int): Boolean {
        isDeferredDue = hasDeferred
        if (!hasStarted) return ++checksBeforeStart >= stallLimit
        return (started == startedBefore).also { startedBefore = started }
    }

    override fun run() {
        val outer = CURRENT.get()
        CURRENT.set(this)
        try {
            do {
                while (true) guarded(dispatcher.nextBlock(this) ?: break)
                runDeferred()
            } while (dispatcher.continues(this))
            // A target that runs its tasks in place runs this within submit, which goes on itself.
            if (outer?.dispatcher !== dispatcher) dispatcher.submit()
        } finally {
            CURRENT.set(outer)
        }
    }

    private fun defer(action: Runnable): Boolean = synchronized(dispatcher) {
        if (isAbandoned || !hasStarted) return false
        if (deferred.lastOrNull() !== action) deferred.addLast(action)
        // A broadcast to that many has left an array too large to keep.
        if (deferred.size > KEPT) isReusable = false
        true
    }

    /** Leaves the deferred actions to [loop], and defers no more. */
    fun abandon(loop: Loop) {
        isAbandoned = true
        while (true) loop.execute(deferred.removeFirstOrNull() ?: break)
    }

    private fun runDeferred() {
        // Actions that these defer count as deferred from now on, and run next.
        repeat(synchronized(dispatcher) { deferred.size.also { isDeferredDue = false } }) {
            guarded(synchronized(dispatcher) { deferred.removeFirstOrNull() } ?: return)
        }
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

    companion object {
        /** Few enough blocks that one thread has soon run them. */
        const val SIZE: Int = 32

        private const val KEPT = 1024

        private val CURRENT = ThreadLocal<Batch?>()

        /**
         * Defers [action] to the end of the batch that this thread runs; earlier if that takes more
         * than a millisecond. Returns false without keeping [action] if there is no such batch, or
         * it is abandoned.
         */
        fun defer(action: Runnable): Boolean = CURRENT.get()?.defer(action) ?: false
    }
}
