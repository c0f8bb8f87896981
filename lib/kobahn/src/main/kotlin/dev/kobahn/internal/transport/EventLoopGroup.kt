package dev.kobahn.internal.transport

import java.io.IOException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/**
 * Event loops over which connections are spread, by default one for each processor. A server or a
 * client holds a [Lease]. A loop starts when it is first needed; all loops stop when the last lease
 * is released, and a later lease starts new ones. Thread-safe.
 *
 * @param name the prefix of the threads' names
 * @param size the number of loops
 * @param blockedThreshold the time that one step on a loop may take before a warning is logged
 * @param keepsAlive whether a running loop keeps the JVM alive
 */
internal class EventLoopGroup(
    private val name: String,
    private val size: Int = Runtime.getRuntime().availableProcessors(),
    private val blockedThreshold: Duration = BLOCKED_THRESHOLD,
    private val keepsAlive: Boolean = false,
) {
    init {
        require(size > 0) { "size must be positive, but is $size" }
    }

    private val lock = Any()
    private var leases = 0
    private var running: Running? = null
    private var terminations = emptyList<Job>()

    /** Keeps the group running until the lease is released. */
    fun acquire(): Lease = synchronized(lock) {
        val loops = running ?: Running().also { running = it }
        leases++
        Lease(loops)
    }

    /** Suspends until all loops that were told to stop have ended their threads and selectors. */
    suspend fun awaitStopped() {
        synchronized(lock) { terminations }.forEach { it.join() }
    }

    private fun release() {
        val last = synchronized(lock) {
            if (--leases > 0) return
            val last = running
            running = null
            terminations = terminations.filterNot { it.isCompleted } + last?.terminations.orEmpty()
            last
        }
        last?.stop()
    }

    /** The right to use the group's loops. */
    inner class Lease internal constructor(private val loops: Running) {
        private val released = AtomicBoolean()

        /** Returns the loop for the next connection, round-robin. */
        fun next(): EventLoop {
            check(!released.get()) { "The lease was released" }
            return loops.next()
        }

        /**
         * Opens every loop of the group now, because later there may be no file descriptors for it.
         * Throws IOException if there are too few.
         */
        fun openAll() {
            check(!released.get()) { "The lease was released" }
            loops.openAll()
        }

        /** Returns the lease. From any thread; further calls do nothing. */
        fun release() {
            if (released.compareAndSet(false, true)) this@EventLoopGroup.release()
        }
    }

    /** The loops of the group between the first lease and the release of the last one. */
    internal inner class Running {
        private val loops = arrayOfNulls<EventLoop>(size)
        private val turn = AtomicInteger()
        private val watch = BlockedLoopWatch(blockedThreshold, ::started)

        private fun started(): List<EventLoop> = synchronized(loops) { loops.filterNotNull() }

        val terminations: List<Job> get() = started().map { it.termination }

        fun next(): EventLoop = loop(Math.floorMod(turn.getAndIncrement(), size))

        fun openAll() {
            try {
                repeat(size) { loop(it) }
            } catch (failure: IOException) {
                val wanted = "$size event loops, each of which takes two or three"
                throw IOException("too few file descriptors for $wanted", failure)
            }
        }

        private fun loop(index: Int): EventLoop = synchronized(loops) {
            loops[index] ?: started("$name-$index").also { loops[index] = it }
        }

        private fun started(name: String): EventLoop {
            SocketClasses.load()
            val loop = EventLoop(name, isDaemon = !keepsAlive)
            loop.start()
            try {
                watch.start()
            } catch (failure: Throwable) {
                // No caller gets the loop, so no caller can stop it.
                loop.stop()
                throw failure
            }
            return loop
        }

        fun stop() {
            watch.stop()
            started().forEach(EventLoop::stop)
        }
    }

    internal companion object {
        private val BLOCKED_THRESHOLD = 1.seconds

        /** The loops of all Kotlin servers and all clients. */
        val shared: EventLoopGroup = EventLoopGroup("kobahn-loop")

        /** The loops of Java's servers, which keep the JVM alive: a running daemon stays a daemon. */
        val keepingAlive: EventLoopGroup = EventLoopGroup("kobahn-server-loop", keepsAlive = true)
    }
}

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

    fun start() {
        if (job.get() != null) return
        val scope = CoroutineScope(Dispatchers.Default + CoroutineName("blocked loop watch"))
        val started = scope.launch { watch() }
        if (!job.compareAndSet(null, started)) started.cancel()
    }

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
