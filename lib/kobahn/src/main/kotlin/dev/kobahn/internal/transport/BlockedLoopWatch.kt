package dev.kobahn.internal.transport

import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/**
 * Finds loops that are stuck in a single step, by a look from time to time on [Dispatchers.Default],
 * and reports each such step once, with the stack of the loop's thread. Always finds a step that
 * takes more than one and a half times the threshold, and never one that takes less than the
 * threshold. The loops pay for it with a counter.
 *
 * @param threshold the time that a step may take
 * @param loops returns the loops to watch
 * @param report reports a blocked loop; by default it logs a warning
 */
internal class BlockedLoopWatch(
    private val threshold: Duration,
    private val loops: () -> List<EventLoop>,
    private val report: (EventLoop, Throwable) -> Unit = ::warn,
) {
    private val job = AtomicReference<Job?>()

    /** Starts to watch. Further calls do nothing. */
    fun start() {
        if (job.get() != null) return
        val scope = CoroutineScope(Dispatchers.Default + CoroutineName("blocked loop watch"))
        val started = scope.launch { watch() }
        if (!job.compareAndSet(null, started)) started.cancel()
    }

    /** Stops watching. */
    fun stop() {
        job.get()?.cancel()
    }

    private suspend fun watch() {
        val seen = HashMap<EventLoop, Step>()
        while (true) {
            delay(threshold / 2)
            for (loop in loops()) look(loop, seen)
        }
    }

    private fun look(loop: EventLoop, seen: HashMap<EventLoop, Step>) {
        val number = loop.step
        val step = seen[loop]?.takeIf { it.number == number && !loop.isAsleep }
            ?: Step(number, loop.nanoTime()).also { seen[loop] = it }
        if (step.reported || loop.nanoTime() - step.since < threshold.inWholeNanoseconds) return
        val blocked = BlockedLoop(loop)
        // The stack belongs to this step only if the loop has not gone on meanwhile.
        if (loop.step != number || loop.isAsleep) return
        step.reported = true
        report(loop, blocked)
    }

    private class Step(val number: Long, val since: Long) {
        var reported = false
    }
}

/** Carries the stack of a blocked loop into the log. Never thrown. */
private class BlockedLoop(loop: EventLoop) : Throwable("$loop is here", null, false, true) {
    init {
        stackTrace = loop.stackTrace
    }
}

private fun warn(loop: EventLoop, blocked: Throwable) {
    logger.warn(blocked) {
        "$loop is blocked: code on an event loop must not wait. Its connections stand still."
    }
}
