package dev.kobahn.internal.connection

import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.CodecPool
import java.util.PriorityQueue
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi

/**
 * A loop for tests: tasks run when [run] or [advanceBy] is called, on the caller's thread, in order;
 * time passes only in [advanceBy]. The thread that created it counts as the loop's thread at any
 * time. Nothing else may touch it.
 *
 * A task that throws ends [run] with its exception: a test must not miss it.
 */
@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class VirtualLoop(
    // one that gives segments again, so that nobody can use them after giving them back
    override val segments: SegmentPool = SegmentPool(8),
) : Loop {
    private val thread = Thread.currentThread()
    private val tasks = ArrayDeque<Runnable>()
    private val timers = PriorityQueue<VirtualTimer>()
    private var now = 0L
    private var scheduled = 0L

    override val dispatcher: CoroutineDispatcher = VirtualDispatcher()

    override val codecs: CodecPool = CodecPool(segments, 0)
    override val isCurrent: Boolean get() = !isElsewhere && isOnThread

    private var isElsewhere = false
    private val isOnThread get() = Thread.currentThread() === thread

    /** How many tasks wait to be run. */
    val waiting: Int get() = tasks.size

    /** How many timers wait for their time. */
    val pendingTimers: Int get() = timers.size

    /** Runs [block] as a thread other than the loop's would: what it has for the loop comes later. */
    fun <T> elsewhere(block: () -> T): T = running(elsewhere = true, block)

    private inline fun <T> running(elsewhere: Boolean, block: () -> T): T {
        val before = isElsewhere
        isElsewhere = elsewhere
        try {
            return block()
        } finally {
            isElsewhere = before
        }
    }

    override fun execute(action: Runnable) {
        check(isOnThread) { "a virtual loop has only one thread" }
        tasks.addLast(action)
    }

    override fun schedule(delay: Duration, action: Runnable): DisposableHandle {
        check(isOnThread) { "a virtual loop has only one thread" }
        val nanos = delay.coerceIn(Duration.ZERO, LONGEST).inWholeNanoseconds
        val timer = VirtualTimer(now + nanos, scheduled++, action)
        timers.add(timer)
        return DisposableHandle { timers.remove(timer) }
    }

    override fun nanoTime(): Long = now

    /** Runs what is due, and what that causes, until nothing is. */
    fun run() = running(elsewhere = false) {
        var steps = 0
        do {
            while (tasks.isNotEmpty()) {
                check(steps++ < ENDLESS) { "the tasks go on for ever" }
                tasks.removeFirst().run()
            }
        } while (runTimer())
    }

    /** Runs the tasks that wait now, but not what they cause. */
    fun step() {
        repeat(tasks.size) { tasks.removeFirst().run() }
    }

    private fun runTimer(): Boolean {
        val timer = timers.peek()
        if (timer == null || timer.deadline > now) return false
        timers.remove()
        timer.action.run()
        return true
    }

    /** Lets [duration] pass, running everything at its time. */
    fun advanceBy(duration: Duration) {
        val end = now + duration.inWholeNanoseconds
        run()
        while (true) {
            val next = timers.peek()?.deadline ?: break
            if (next > end) break
            now = next
            run()
        }
        now = end
        run()
    }

    override fun toString(): String = "virtual loop at ${now.nanoseconds}"

    private class VirtualTimer(val deadline: Long, val number: Long, val action: Runnable) :
        Comparable<VirtualTimer> {
        override fun compareTo(other: VirtualTimer): Int =
            compareValuesBy(this, other, { it.deadline }, { it.number })
    }

    private inner class VirtualDispatcher :
        CoroutineDispatcher(),
        Delay {
        override fun dispatch(context: CoroutineContext, block: Runnable) = execute(block)

        override fun scheduleResumeAfterDelay(
            timeMillis: Long,
            continuation: CancellableContinuation<Unit>,
        ) {
            val timer = schedule(timeMillis.milliseconds) {
                with(continuation) { resumeUndispatched(Unit) }
            }
            continuation.invokeOnCancellation { timer.dispose() }
        }

        override fun invokeOnTimeout(
            timeMillis: Long,
            block: Runnable,
            context: CoroutineContext,
        ): DisposableHandle = schedule(timeMillis.milliseconds, block)
    }

    private companion object {
        const val ENDLESS = 10_000_000
        val LONGEST = (Long.MAX_VALUE / 4).nanoseconds
    }
}
