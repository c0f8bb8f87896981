package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.loggerNamed
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.CodecPool
import io.github.oshai.kotlinlogging.KLogger
import java.nio.ByteBuffer
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel

/**
 * A thread that waits for its channels, its timers and its tasks, and serves them in turns.
 *
 * A turn: the loop serves each ready channel, then runs the tasks that this caused, then writes all
 * that they sent on the channel in one system call. At the end it runs due timers and further tasks,
 * and writes on all other channels that have output. All steps are bounded: neither a task
 * that always queues another one nor a flood on one connection starves the others.
 *
 * No failure ends the loop, not even a lack of memory. A failure is logged; a failure that repeats
 * itself is logged once, and the loop pauses before it tries again.
 *
 * Thread-safe unless stated otherwise. After the loop has stopped, its tasks run on [Dispatchers.IO]
 * and its timers never fire.
 *
 * @param name the thread's name
 * @param othersMayWrite whether other threads may write to the loop's channels
 * @param isDaemon whether the JVM may end while the loop runs
 * @param openSelector opens the loop's selector
 */
internal class EventLoop(
    name: String,
    val othersMayWrite: Boolean = !isAndroid,
    isDaemon: Boolean = true,
    openSelector: () -> Selector = Selector::open,
) : Loop {
    // All buffers are allocated now, because memory may be short later.

    /** The buffer into which all channels of the loop are read. On the loop. */
    val readBuffer: ByteBuffer = DirectBuffers.allocate()

    /** The buffer from which the loop writes. On the loop. */
    val writeBuffer: ByteBuffer = DirectBuffers.allocate()

    private val reserve = Reserve()
    private val thread = LoopThread({ run() }, name, isDaemon)
    private val tasks = TaskQueue()
    private val timers = TimerQueue(this)
    private val atTurnEnd = ArrayDeque<ReadyHandler>()
    private val nextTurn = ArrayDeque<Runnable>()

    private val dispatchers = BatchingDispatchers(this)
    private val waking = Runnable { wake() }

    // Set before the loop sleeps. The thread that resets it wakes the loop, so that each sleep costs
    // at most one wake-up.
    private val asleep = AtomicBoolean()
    private val steps = AtomicLong()
    private val ended: CompletableJob = Job()

    @Volatile
    private var stopping = false

    /** Whether the last call of [select] failed. */
    private var selectingFails = false

    override val segments: SegmentPool = SegmentPool(POOLED_SEGMENTS)
    override val codecs: CodecPool = CodecPool(segments, POOLED_CODECS)
    override val dispatcher: CoroutineDispatcher = LoopDispatcher(this)

    /** Ktor binds, accepts and connects with this. */
    val selectorManager: LoopSelectorManager = LoopSelectorManager(this)

    // Must be initialized last: a failure after it would leave a selector open.
    private val loopSelector = LoopSelector(openSelector)

    /** The selector that watches the loop's channels now. From any thread. */
    val selector: Selector get() = loopSelector.selector

    /** Completes when the thread and the selector are gone. */
    val termination: Job get() = ended

    val isStopped: Boolean get() = stopping

    /** The number of steps so far. Unless the loop is asleep, an equal number means the same step. */
    val step: Long get() = steps.get()

    val isAsleep: Boolean get() = asleep.get()

    /** The number of timers that wait. On the loop. */
    val waitingTimers: Int get() = timers.size

    val stackTrace: Array<StackTraceElement> get() = thread.stackTrace

    override val isCurrent: Boolean get() = Thread.currentThread() === thread

    override fun batching(dispatcher: CoroutineDispatcher): CoroutineDispatcher =
        if (dispatcher === this.dispatcher) dispatcher else dispatchers.to(dispatcher)

    override fun nanoTime(): Long = System.nanoTime()

    override fun toString(): String = thread.name

    fun start() {
        try {
            thread.start()
        } catch (failure: Throwable) {
            selector.close()
            throw failure
        }
    }

    /**
     * Ends the loop: closes its channels, runs the tasks that wait, and cancels coroutines that wait
     * for a timer. Returns at once; [termination] completes at the end.
     */
    fun stop() {
        stopping = true
        wake()
    }

    override fun execute(action: Runnable) {
        if (isCurrent) {
            tasks.addOnLoop(action)
        } else {
            addFromElsewhere(action)
            wake()
        }
    }

    private fun addFromElsewhere(action: Runnable) {
        tasks.addFromElsewhere(action)
        if (ended.isCompleted && tasks.withdraw(action)) runElsewhere(action)
    }

    override fun executeSoon(action: Runnable) {
        if (isCurrent) return tasks.addOnLoop(action)
        addFromElsewhere(action)
        if (!asleep.get() || !Batch.defer(waking)) wake()
    }

    override fun defer(action: Runnable): Boolean = Batch.defer(action)

    override fun schedule(delay: Duration, action: Runnable): DisposableHandle =
        timers.schedule(delay, action)

    /** Registers [channel] for [ops]. On the loop. */
    fun register(channel: SelectableChannel, ops: Int, handler: ReadyHandler): SelectionKey =
        channel.register(selector, ops, handler)

    /** Calls [ReadyHandler.onTurnEnd] of [handler] at the end of the turn. On the loop. */
    fun callAtTurnEnd(handler: ReadyHandler) {
        atTurnEnd.addLast(handler)
    }

    /**
     * Runs [action] after the next selection. That selection frees the file descriptors of closed
     * channels. On the loop.
     */
    override fun executeNextTurn(action: Runnable) {
        nextTurn.addLast(action)
    }

    private fun run() {
        var fails = false
        while (!stopping) {
            fails = fails("A turn of the event loop", fails) { turn() }
            recover()
        }
        guarded("The end of the event loop") { shutDown() }
        ended.complete()
        while (true) runElsewhere(tasks.poll() ?: break)
    }

    /** If memory was lacking and is back, renews the selector, which may have dropped channels. */
    private fun recover() {
        if (!reserve.refill()) return
        try {
            loopSelector.renew()
        } catch (failure: Throwable) {
            report("The renewal of the selector", failure)
            // Lets recover() try again once the reserve can be refilled.
            reserve.release()
        }
    }

    private fun turn() {
        dispatchers.submit()
        // Lets the batch's thread run first if it shares this processor.
        if (dispatchers.hasActiveBatch) Thread.yield()
        // If this fails, timers and tasks still run.
        selectingFails = fails("Selecting", selectingFails) { select() }
        dispatchers.checkStalled()
        // Comes before all that may call executeNextTurn, which has to wait for the next selection.
        repeat(nextTurn.size) { runStep(nextTurn.removeFirst()) }
        serveReadyChannels()
        dispatchers.submit()
        timers.runDue { runStep(it) }
        runTasks(TASKS_PER_TURN)
        repeat(atTurnEnd.size) { endTurn(atTurnEnd.removeFirst()) }
        // If a task left the thread interrupted, the next system call would close its channel.
        Thread.interrupted()
    }

    private fun select() {
        val timeout = if (hasWork()) 0 else timeToSleep()
        if (timeout == 0L) {
            loopSelector.selectNow()
            return
        }
        asleep.set(true)
        try {
            // A thread that added a task before asleep was set did not wake the loop.
            if (hasWork()) loopSelector.selectNow() else loopSelector.select(maxOf(timeout, 0L))
        } finally {
            asleep.set(false)
        }
    }

    private fun hasWork(): Boolean =
        !tasks.isEmpty || atTurnEnd.isNotEmpty() || nextTurn.isNotEmpty() ||
            dispatchers.hasUnsubmitted || stopping

    /** The time until the next timer or check in milliseconds, negative if there is none. */
    private fun timeToSleep(): Long {
        val timeout = timers.millisToNext()
        return when {
            timeout == 0L -> 0
            dispatchers.needsChecks -> BatchingDispatchers.CHECK_INTERVAL
            reserve.isFull -> timeout
            timeout < 0 || timeout > RECOVERY_INTERVAL -> RECOVERY_INTERVAL
            else -> timeout
        }
    }

    private fun serveReadyChannels() = loopSelector.drain(::serve)

    private fun serve(key: SelectionKey) {
        val handler = key.attachment() as ReadyHandler
        guarded("An event loop's channel") {
            countStep()
            if (key.isValid) handler.onReady(key.readyOps())
        }
        runTasks(TASKS_PER_CHANNEL)
        endTurn(handler)
    }

    private fun endTurn(handler: ReadyHandler) {
        guarded("An event loop's channel") { handler.onTurnEnd() }
    }

    private fun runTasks(limit: Int) {
        repeat(limit) { runStep(tasks.poll() ?: return) }
    }

    private fun runStep(action: Runnable) {
        countStep()
        guarded("A task on the event loop") { action.run() }
    }

    // Only the loop writes, so it needs neither an atomic increment nor a fence.
    private fun countStep() {
        steps.lazySet(steps.get() + 1)
    }

    private fun shutDown() {
        for (key in selector.keys()) {
            val handler = key.attachment() as ReadyHandler
            guarded("An event loop's channel") { handler.onLoopStopped() }
        }
        runTasks(TASKS_AT_END)
        timers.end()
        runTasks(TASKS_AT_END)
        guarded("The end of the event loop") { codecs.close() }
        guarded("The end of the event loop") { selector.close() }
        repeat(nextTurn.size) { runStep(nextTurn.removeFirst()) }
        runTasks(TASKS_AT_END)
        dispatchers.close()
    }

    private fun wake() {
        if (asleep.get() && asleep.compareAndSet(true, false)) selector.wakeup()
    }

    /**
     * Runs [action] and returns whether it failed. Logs the failure, unless [action] failed [before]
     * as well, and pauses, because the caller tries again at once.
     */
    private inline fun fails(name: String, before: Boolean, action: () -> Unit): Boolean {
        try {
            action()
            return false
        } catch (failure: Throwable) {
            if (before) reserve.release(failure) else report(name, failure)
            LockSupport.parkNanos(PAUSE_AFTER_FAILURE)
            return true
        }
    }

    private inline fun guarded(name: String, action: () -> Unit) {
        try {
            action()
        } catch (failure: Throwable) {
            report(name, failure)
        }
    }

    /** Frees the loop's reserve if [failure] is a lack of memory. On the loop. */
    fun releaseReserve(failure: Throwable) {
        reserve.release(failure)
    }

    private fun report(name: String, failure: Throwable) {
        reserve.release(failure)
        try {
            logger.error(failure) { "$name failed on $this" }
        } catch (_: Throwable) {
            // Most likely logging is out of memory too, and the loop has to go on. Nothing here may
            // allocate, as addSuppressed would.
            LockSupport.parkNanos(PAUSE_AFTER_FAILURE)
        }
    }

    private companion object {
        const val POOLED_SEGMENTS = 256

        /** The number of each kind. A deflater takes some 256 KiB. */
        const val POOLED_CODECS = 16
        const val TASKS_PER_CHANNEL = 256
        const val TASKS_PER_TURN = 4096
        const val TASKS_AT_END = 1_000_000
        const val NANOS_PER_MILLI = 1_000_000L

        /** Milliseconds between two attempts to refill the reserve. */
        const val RECOVERY_INTERVAL = 1_000L
        const val PAUSE_AFTER_FAILURE = 10 * NANOS_PER_MILLI

        /** The main thread of Android may not use the network, not even without blocking. */
        val isAndroid: Boolean = System.getProperty("java.vm.name") == "Dalvik"

        fun runElsewhere(action: Runnable) {
            Dispatchers.IO.dispatch(EmptyCoroutineContext, action)
        }
    }
}

/** The thread of an event loop. */
internal class LoopThread(run: Runnable, name: String, isDaemon: Boolean) : Thread(run, name) {
    init {
        this.isDaemon = isDaemon
    }
}

/** Returns the name of the event loop on whose thread the caller is, or null. */
internal fun nameOfCurrentLoop(): String? = (Thread.currentThread() as? LoopThread)?.name

/** The logger of event loops and sockets. */
internal val logger: KLogger by lazy { loggerNamed("dev.kobahn.transport") }

/**
 * The tasks of an event loop, in the order in which they were added, by whatever thread.
 *
 * Nearly all tasks are added by the loop itself, and go into a plain deque; the tasks of other
 * threads go into a lock-free queue.
 */
private class TaskQueue {
    private val own = ArrayDeque<Runnable>()
    private val arrived = ConcurrentLinkedQueue<Runnable>()

    val isEmpty: Boolean get() = own.isEmpty() && arrived.isEmpty()

    fun addOnLoop(task: Runnable) {
        // Tasks that have arrived came before this one.
        while (true) own.addLast(arrived.poll() ?: break)
        own.addLast(task)
    }

    fun addFromElsewhere(task: Runnable) {
        arrived.add(task)
    }

    /** Removes a [task] that another thread added; false if the loop was faster. From any thread. */
    fun withdraw(task: Runnable): Boolean = arrived.remove(task)

    fun poll(): Runnable? = own.removeFirstOrNull() ?: arrived.poll()
}

/**
 * Runs coroutines on [loop], in the order they were dispatched. `delay` and `withTimeout` use the
 * loop's timers, and no other thread.
 *
 * After the loop has stopped, a coroutine that is dispatched to it is cancelled, and runs its
 * `finally` blocks on [Dispatchers.IO].
 */
@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
private class LoopDispatcher(private val loop: EventLoop) :
    CoroutineDispatcher(),
    Delay {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (loop.isStopped) context.cancel(stopped())
        loop.execute(block)
    }

    override fun scheduleResumeAfterDelay(
        timeMillis: Long,
        continuation: CancellableContinuation<Unit>,
    ) {
        val timer = loop.schedule(timeMillis.milliseconds, Resumption(continuation))
        continuation.invokeOnCancellation { timer.dispose() }
    }

    override fun invokeOnTimeout(
        timeMillis: Long,
        block: Runnable,
        context: CoroutineContext,
    ): DisposableHandle = loop.schedule(timeMillis.milliseconds, block)

    override fun toString(): String = loop.toString()

    private inner class Resumption(private val continuation: CancellableContinuation<Unit>) :
        Runnable,
        Abandonable {
        override fun run() {
            with(continuation) { resumeUndispatched(Unit) }
        }

        override fun abandon() {
            continuation.cancel(stopped())
        }
    }

    private fun stopped() = CancellationException("The event loop was stopped")
}

/**
 * Direct buffers for threads that write but are no event loops. Keeps as many buffers as threads have
 * ever written at the same moment, up to a limit. Thread-safe.
 */
internal object DirectBuffers {
    /** The size of every buffer in bytes, and the most that one system call moves. */
    const val SIZE: Int = 128 * 1024

    private const val KEPT = 64
    private val free = ArrayDeque<ByteBuffer>()

    fun allocate(): ByteBuffer = ByteBuffer.allocateDirect(SIZE)

    /** Calls [action] with a buffer that is valid only during the call. */
    inline fun <T> use(action: (ByteBuffer) -> T): T {
        val buffer = take()
        try {
            return action(buffer)
        } finally {
            give(buffer)
        }
    }

    private fun take(): ByteBuffer = synchronized(free) { free.removeLastOrNull() } ?: allocate()

    private fun give(buffer: ByteBuffer) {
        synchronized(free) { if (free.size < KEPT) free.addLast(buffer) }
    }
}
