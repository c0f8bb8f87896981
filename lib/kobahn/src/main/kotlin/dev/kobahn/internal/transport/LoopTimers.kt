package dev.kobahn.internal.transport

import kotlin.time.Duration
import kotlinx.coroutines.DisposableHandle

/** The timers of a [loop], on which they fire. They are set and cancelled from any thread. */
internal class LoopTimers(private val loop: EventLoop) {
    // These belong to the loop.
    private val timers = Timers()
    private var hasEnded = false

    /** How many wait. On the loop. */
    val size: Int get() = timers.size

    /** As `Loop.schedule`. */
    fun schedule(delay: Duration, action: Runnable): DisposableHandle {
        val nanos = delay.inWholeNanoseconds.coerceIn(0, LONGEST_DELAY)
        val timer = Timer(System.nanoTime() + nanos, action)
        if (loop.isCurrent) add(timer) else loop.execute { add(timer) }
        return DisposableHandle { cancel(timer) }
    }

    private fun add(timer: Timer) {
        // Not on the loop: it has stopped since.
        if (loop.isCurrent && !hasEnded) timers.add(timer) else abandon(timer)
    }

    private fun cancel(timer: Timer) {
        if (!timer.cancel()) return
        if (loop.isCurrent) return timers.remove(timer)
        loop.execute { if (loop.isCurrent) timers.remove(timer) }
    }

    /** How long until the next one fires: rounded up, for none may fire early; negative if there is none. On the loop. */
    fun millisToNext(): Long {
        val timer = timers.first ?: return -1
        val nanos = timer.deadline - System.nanoTime()
        return if (nanos <= 0) 0 else (nanos - 1) / NANOS_PER_MILLI + 1
    }

    /** Has [run] run what is due. On the loop. */
    inline fun runDue(run: (Runnable) -> Unit) {
        if (timers.size == 0) return
        val now = System.nanoTime()
        while (true) {
            val timer = timers.takeDue(now) ?: break
            timer.take()?.let(run)
        }
    }

    /** None fires any more. On the loop. */
    fun end() {
        hasEnded = true
        while (true) abandon(timers.takeDue(timers.first?.deadline ?: break) ?: break)
    }

    private fun abandon(timer: Timer) {
        (timer.take() as? Abandonable)?.abandon()
    }

    private companion object {
        const val NANOS_PER_MILLI = 1_000_000L

        // Deadlines are compared by their difference, which must not overflow: 73 years.
        const val LONGEST_DELAY = Long.MAX_VALUE / 4
    }
}
