package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Loop
import kotlin.time.Duration
import kotlinx.coroutines.DisposableHandle

/** The timers of a [loop], which run on it. Any thread may set and cancel them. */
internal class TimerQueue(private val loop: Loop) {
    // Both belong to the loop.
    private val heap = TimerHeap()
    private var hasEnded = false

    /** The number of timers that wait. On the loop. */
    val size: Int get() = heap.size

    /** Implements `Loop.schedule`. */
    fun schedule(delay: Duration, action: Runnable): DisposableHandle {
        val nanos = delay.inWholeNanoseconds.coerceIn(0, LONGEST_DELAY)
        val timer = Timer(System.nanoTime() + nanos, this, action)
        if (loop.isCurrent) add(timer) else loop.execute { add(timer) }
        return timer
    }

    private fun add(timer: Timer) {
        // A loop that has stopped runs this on another thread.
        if (loop.isCurrent && !hasEnded) heap.add(timer) else abandon(timer)
    }

    /** Removes a [timer] that was cancelled. From any thread. */
    fun remove(timer: Timer) {
        if (loop.isCurrent) return heap.remove(timer)
        loop.execute { if (loop.isCurrent) heap.remove(timer) }
    }

    /**
     * The milliseconds until the next timer is due, negative if there is no timer. Rounded up,
     * because no timer may run early. On the loop.
     */
    fun millisToNext(): Long {
        val timer = heap.first ?: return -1
        val nanos = timer.deadline - System.nanoTime()
        return if (nanos <= 0) 0 else (nanos - 1) / NANOS_PER_MILLI + 1
    }

    /** Passes the action of each timer that is due to [run]. On the loop. */
    inline fun runDue(run: (Runnable) -> Unit) {
        if (heap.size == 0) return
        val now = System.nanoTime()
        while (true) {
            val timer = heap.takeDue(now) ?: break
            timer.take()?.let(run)
        }
    }

    /** Abandons all timers, those that are set later included. On the loop. */
    fun end() {
        hasEnded = true
        while (true) abandon(heap.takeDue(heap.first?.deadline ?: break) ?: break)
    }

    private fun abandon(timer: Timer) {
        (timer.take() as? Abandonable)?.abandon()
    }

    private companion object {
        const val NANOS_PER_MILLI = 1_000_000L

        // 73 years. Deadlines are compared by their difference, which must not overflow.
        const val LONGEST_DELAY = Long.MAX_VALUE / 4
    }
}

/** The action of a timer that needs to know when it will never run, because the loop has stopped. */
internal interface Abandonable {
    /** Called at most once, instead of the action. */
    fun abandon()
}

/**
 * An action that waits for its time. It runs at most once, and not after [dispose] if it had not
 * started before: only the first call of [take] gets it. Thread-safe, except for [index] and
 * [sequence], which belong to the [TimerHeap].
 *
 * @property deadline the time at which the timer is due, by the clock of `System.nanoTime`
 */
internal class Timer(
    val deadline: Long,
    private val queue: TimerQueue,
    private var action: Runnable?,
) : DisposableHandle {
    internal var index = NOWHERE
    internal var sequence = 0L

    /** Removes and returns the action, or returns null if an earlier call did. */
    @Synchronized
    fun take(): Runnable? = action.also { action = null }

    override fun dispose() {
        if (take() != null) queue.remove(this)
    }

    internal fun isBefore(other: Timer): Boolean {
        val difference = deadline - other.deadline
        return if (difference == 0L) sequence < other.sequence else difference < 0
    }

    internal companion object {
        const val NOWHERE = -1
    }
}

/**
 * A binary heap of timers by deadline; timers with the same deadline keep the order in which they
 * were added. Each timer knows its place, so that a cancelled timer is removed at once. Not
 * thread-safe.
 */
internal class TimerHeap {
    private val timers = ArrayList<Timer>()
    private var added = 0L

    val size: Int get() = timers.size

    val first: Timer? get() = timers.firstOrNull()

    /** Adds [timer], which must not have been added before. */
    fun add(timer: Timer) {
        timer.sequence = added++
        timers.add(timer)
        siftUp(timer, timers.size - 1)
    }

    fun remove(timer: Timer) {
        val index = timer.index
        if (index == Timer.NOWHERE) return
        timer.index = Timer.NOWHERE
        val last = timers.removeAt(timers.size - 1)
        if (last === timer) return
        siftUp(last, index)
        siftDown(last, last.index)
    }

    /** Removes and returns the first timer if it is due at [now]; otherwise returns null. */
    fun takeDue(now: Long): Timer? {
        val timer = first ?: return null
        if (timer.deadline - now > 0) return null
        remove(timer)
        return timer
    }

    private fun siftUp(timer: Timer, from: Int) {
        var index = from
        while (index > 0) {
            val parent = timers[(index - 1) / 2]
            if (!timer.isBefore(parent)) break
            place(parent, index)
            index = (index - 1) / 2
        }
        place(timer, index)
    }

    private fun siftDown(timer: Timer, from: Int) {
        var index = from
        while (true) {
            val child = smallerChild(index) ?: break
            val next = child.index
            if (!child.isBefore(timer)) break
            place(child, index)
            index = next
        }
        place(timer, index)
    }

    private fun smallerChild(index: Int): Timer? {
        val left = 2 * index + 1
        if (left >= timers.size) return null
        val smaller = timers[left]
        val right = timers.getOrNull(left + 1) ?: return smaller
        return if (right.isBefore(smaller)) right else smaller
    }

    private fun place(timer: Timer, index: Int) {
        timers[index] = timer
        timer.index = index
    }
}
