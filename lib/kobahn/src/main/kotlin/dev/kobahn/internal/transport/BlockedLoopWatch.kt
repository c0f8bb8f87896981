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
 * Looks from time to time, on [Dispatchers.Default], whether a loop is stuck in a single step, and
 * reports it once with the stack of its thread. A step longer than one and a half times the
 * threshold is always found, one shorter than the threshold never. It costs the loops a counter.
 *
 * @param threshold how long a step may take
 * @param loops those to look at
 * @param report what to do about a blocked loop: by default a warning is logged
 */
internal class BlockedLoopWatch(
    private val threshold: Duration,
    private val loops: () -> List<EventLoop>,
    private val report: (EventLoop, Throwable) -> Unit = ::warn,
) {
    private val job = AtomicReference<Job?>()

    /** Begins to look; further calls do nothing. */
    fun start() {
        if (job.get() != null) return
        val scope = CoroutineScope(Dispatchers.Default + CoroutineName("blocked loop watch"))
        val started = scope.launch { watch() }
        if (!job.compareAndSet(null, started)) started.cancel()
    }

    /** Looks no more. */
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
        // Only if it has not gone on while its stack was taken.
        if (loop.step != number || loop.isAsleep) return
        step.reported = true
        report(loop, blocked)
    }

    private class Step(val number: Long, val since: Long) {
        var reported = false
    }
}

/** Never thrown: carries the stack of a blocked loop into the log. */
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
