package dev.kobahn.internal.transport

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

/**
 * What a loop has for other dispatchers, handed over in batches: to wake a thread for each message
 * costs more than most handlers do. Belongs to the loop.
 *
 * A batch is run by one thread, block by block. If one of them takes its time, those behind it get
 * another thread: for that [relieve] has to be called now and then while the hand-over [isWatched].
 */
internal class HandOver {
    private var batch = Batch()
    private var target: CoroutineDispatcher? = null
    private val watched = ArrayDeque<Batch>()

    /** Whether a block may wait for another one of its batch. */
    val isWatched: Boolean get() = watched.isNotEmpty()

    /** Has [block], of a coroutine of [context], run by [target] after the next [send]. */
    fun add(target: CoroutineDispatcher, context: CoroutineContext, block: Runnable) {
        if (this.target !== target) send()
        this.target = target
        batch.add(context, block)
        if (batch.isFull) send()
    }

    /** Hands over what was added. */
    fun send() {
        val target = target ?: return
        this.target = null
        if (batch.isSingle) return batch.dispatchSingle(target)
        batch.dispatch(target)
        watched.addLast(batch)
        batch = Batch()
    }

    /** Gives another thread to the batches that did not get on since the last call. */
    fun relieve() {
        repeat(watched.size) {
            val batch = watched.removeFirst()
            batch.relieve()
            if (batch.isWaiting) watched.addLast(batch)
        }
    }
}

/**
 * Blocks for one dispatcher. Filled and watched by the loop, run by whoever the dispatcher has. It is
 * two objects, made for two messages at least.
 */
private class Batch : Runnable {
    private val blocks = arrayOfNulls<Runnable>(SIZE)

    // Guarded by the monitor.
    private var taken = 0

    // All below belongs to the loop.
    private var size = 0
    private var context: CoroutineContext = EmptyCoroutineContext
    private var target: CoroutineDispatcher? = null
    private var takenBefore = 0
    private var takenAtRequest = 0

    val isSingle: Boolean get() = size == 1

    val isFull: Boolean get() = size == SIZE

    /** Whether a block was not begun. */
    val isWaiting: Boolean get() = synchronized(this) { taken } < size

    fun add(context: CoroutineContext, block: Runnable) {
        this.context = context
        blocks[size++] = block
    }

    /** Without the batch, which can be filled again. */
    fun dispatchSingle(target: CoroutineDispatcher) {
        size = 0
        target.run(context, blocks[0]!!)
    }

    fun dispatch(target: CoroutineDispatcher) {
        this.target = target
        target.run(EmptyCoroutineContext, this)
    }

    /** Where no thread is to be had another request would only be one more that waits. */
    fun relieve() {
        val taken = synchronized(this) { taken }
        if (taken == takenBefore && taken > takenAtRequest) {
            takenAtRequest = taken
            target!!.run(EmptyCoroutineContext, this)
        }
        takenBefore = taken
    }

    private fun CoroutineDispatcher.run(context: CoroutineContext, block: Runnable) = try {
        dispatch(context, block)
    } catch (failure: Exception) {
        logger.error(failure) { "$this takes nothing, going on with Dispatchers.IO" }
        Dispatchers.IO.dispatch(context, block)
    }

    override fun run() {
        while (true) (take() ?: return).run()
    }

    private fun take(): Runnable? = synchronized(this) {
        if (taken < SIZE) blocks[taken]?.also { taken++ } else null
    }

    private companion object {
        /** Few enough that one thread has soon done with them. */
        const val SIZE = 32
    }
}

/** Runs coroutines on [target]; from the thread of [loop] by way of its [HandOver]. */
internal class HandOverDispatcher(private val loop: EventLoop, val target: CoroutineDispatcher) :
    CoroutineDispatcher() {
    override fun isDispatchNeeded(context: CoroutineContext): Boolean =
        target.isDispatchNeeded(context)

    override fun dispatch(context: CoroutineContext, block: Runnable) = when {
        loop.isCurrent -> loop.handOver.add(target, context, block)
        else -> target.dispatch(context, block)
    }
}
