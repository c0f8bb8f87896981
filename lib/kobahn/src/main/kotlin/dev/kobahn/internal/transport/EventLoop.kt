package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.CodecPool
import java.nio.ByteBuffer
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.Job

/**
 * One thread that waits for its channels, its timers and its tasks, and serves them in turns.
 *
 * A turn: each ready channel is served, then the tasks this caused run, then what was sent on that
 * channel leaves in one write; at last due timers, further tasks, and every other channel something
 * was sent on. All steps are bounded: neither a task that always queues another one nor a flood on
 * one connection keeps the others from their share.
 *
 * Nothing that fails here ends the loop, a lack of memory included: it is logged, and what fails
 * again and again is logged once and tried again after a pause. Thread-safe where not said otherwise. Once
 * the loop has stopped, what is still given to it runs on [Dispatchers.IO] and its timers never fire.
 *
 * @param name the thread's name
 * @param othersMayWrite whether other threads may write to the loop's channels
 * @param isDaemon whether the JVM may end while the loop runs
 * @param openSelector opens what the loop waits with
 */
internal class EventLoop(
    name: String,
    val othersMayWrite: Boolean = !isAndroid,
    isDaemon: Boolean = true,
    openSelector: () -> Selector = Selector::open,
) : Loop {
    // All that a loop works with is there from the beginning, not when memory may be short.

    /** Where every channel of the loop is read into. On the loop. */
    val readBuffer: ByteBuffer = DirectBuffers.allocate()

    /** Where what is written is collected. On the loop. */
    val writeBuffer: ByteBuffer = DirectBuffers.allocate()

    private val reserve = Reserve()
    private val thread = LoopThread({ run() }, name, isDaemon)
    private val tasks = TaskQueue()
    private val timers = TimerQueue(this)
    private val atTurnEnd = ArrayDeque<ReadyHandler>()
    private val afterSelect = ArrayDeque<Runnable>()

    private val dispatchers = BatchingDispatchers(this)
    private val waking = Runnable { wake() }

    // Set before the loop sleeps; who resets it wakes the loop: once for each sleep.
    private val asleep = AtomicBoolean()
    private val steps = AtomicLong()
    private val ended: CompletableJob = Job()

    @Volatile
    private var stopping = false

    /** Whether the last call of [select] did. */
    private var selectingFails = false

    override val segments: SegmentPool = SegmentPool(POOLED_SEGMENTS)
    override val codecs: CodecPool = CodecPool(segments, POOLED_CODECS)
    override val dispatcher: CoroutineDispatcher = LoopDispatcher(this)

    /** What Ktor binds, accepts and connects with. */
    val selectorManager: LoopSelectorManager = LoopSelectorManager(this)

    // The last of all: what failed after it would leave a selector open.
    private val loopSelector = LoopSelector(openSelector)

    /** What watches the loop's channels now. From any thread. */
    val selector: Selector get() = loopSelector.selector

    /** Completes when the thread and the selector are gone. */
    val termination: Job get() = ended

    /** Whether [stop] was called. */
    val isStopped: Boolean get() = stopping

    /** Changes with every single step; two equal values of a loop that is awake mean it is busy. */
    val step: Long get() = steps.get()

    /** Whether the loop waits for something to do. */
    val isAsleep: Boolean get() = asleep.get()

    /** How many timers wait. On the loop. */
    val waitingTimers: Int get() = timers.size

    /** Where the thread is now. */
    val stackTrace: Array<StackTraceElement> get() = thread.stackTrace

    override val isCurrent: Boolean get() = Thread.currentThread() === thread

    override fun batching(dispatcher: CoroutineDispatcher): CoroutineDispatcher =
        if (dispatcher === this.dispatcher) dispatcher else dispatchers.to(dispatcher)

    override fun nanoTime(): Long = System.nanoTime()

    override fun toString(): String = thread.name

    /** Starts the thread. Once. */
    fun start() {
        try {
            thread.start()
        } catch (failure: Throwable) {
            selector.close()
            throw failure
        }
    }

    /**
     * Ends the loop: its channels are closed, what waits is run, coroutines that wait for a timer
     * are cancelled. Returns at once; [termination] completes when it is done.
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

    override fun executeNextTurn(action: Runnable) = afterSelect(action)

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
     * Runs [action] after the next selection: only then are the file descriptors of channels closed
     * before it given back to the system. On the loop.
     */
    fun afterSelect(action: Runnable) {
        afterSelect.addLast(action)
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

    /** Where there is memory again after there was none, makes good what the selector has dropped. */
    private fun recover() {
        if (!reserve.refill()) return
        try {
            loopSelector.renew()
        } catch (failure: Throwable) {
            report("The renewal of the selector", failure)
            // When it is refilled that is tried again.
            reserve.release()
        }
    }

    private fun turn() {
        dispatchers.submit()
        // On a shared processor it would else interrupt who works for it, message by message.
        if (dispatchers.hasBatch) Thread.yield()
        // Timers and tasks go on where this fails.
        selectingFails = fails("Selecting", selectingFails) { select() }
        dispatchers.checkStalled()
        // Before anything can add to them: what does has to wait for the next selection.
        repeat(afterSelect.size) { runStep(afterSelect.removeFirst()) }
        serveReadyChannels()
        dispatchers.submit()
        timers.runDue { runStep(it) }
        runTasks(TASKS_PER_TURN)
        repeat(atTurnEnd.size) { endTurn(atTurnEnd.removeFirst()) }
        // A task that leaves the thread interrupted would have its next system call close a channel.
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
            // Who added something before it could see that the loop sleeps did not wake it.
            if (hasWork()) loopSelector.selectNow() else loopSelector.select(if (timeout < 0) 0 else timeout)
        } finally {
            asleep.set(false)
        }
    }

    private fun hasWork(): Boolean =
        !tasks.isEmpty || atTurnEnd.isNotEmpty() || afterSelect.isNotEmpty() || stopping

    /** In milliseconds; negative for ever. */
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

    // Only the loop writes: no atomic increment, and no fence.
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
        repeat(afterSelect.size) { runStep(afterSelect.removeFirst()) }
        runTasks(TASKS_AT_END)
        dispatchers.close()
    }

    private fun wake() {
        if (asleep.get() && asleep.compareAndSet(true, false)) selector.wakeup()
    }

    /**
     * Whether [action] fails: then it is logged, unless it did [before] as well, and this thread
     * pauses for who tries again at once.
     */
    private inline fun fails(what: String, before: Boolean, action: () -> Unit): Boolean {
        try {
            action()
            return false
        } catch (failure: Throwable) {
            if (before) reserve.release(failure) else report(what, failure)
            LockSupport.parkNanos(PAUSE_AFTER_FAILURE)
            return true
        }
    }

    private inline fun guarded(what: String, action: () -> Unit) {
        try {
            action()
        } catch (failure: Throwable) {
            report(what, failure)
        }
    }

    /** Memory ran out on the loop: there is a little more from now on. On the loop. */
    fun releaseReserve(failure: Throwable) {
        reserve.release(failure)
    }

    private fun report(what: String, failure: Throwable) {
        reserve.release(failure)
        try {
            logger.error(failure) { "$what failed on $this" }
        } catch (_: Throwable) {
            // Out of memory, most likely: there is nobody left to tell, and the loop has to go on.
            // So nothing may be done here that needs memory, as addSuppressed does.
            LockSupport.parkNanos(PAUSE_AFTER_FAILURE)
        }
    }

    private companion object {
        const val POOLED_SEGMENTS = 256

        /** Of each kind; a deflater has some 256 KiB. */
        const val POOLED_CODECS = 16
        const val TASKS_PER_CHANNEL = 256
        const val TASKS_PER_TURN = 4096
        const val TASKS_AT_END = 1_000_000
        const val NANOS_PER_MILLI = 1_000_000L

        /** How often it looks whether there is memory again, in milliseconds. */
        const val RECOVERY_INTERVAL = 1_000L
        const val PAUSE_AFTER_FAILURE = 10 * NANOS_PER_MILLI

        /** Its main thread may not use the network, not even a channel that never blocks. */
        val isAndroid: Boolean = System.getProperty("java.vm.name") == "Dalvik"

        fun runElsewhere(action: Runnable) {
            Dispatchers.IO.dispatch(EmptyCoroutineContext, action)
        }
    }
}
