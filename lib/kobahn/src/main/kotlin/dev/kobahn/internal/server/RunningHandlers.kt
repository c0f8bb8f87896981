package dev.kobahn.internal.server

import dev.kobahn.internal.connection.connectionLogger
import dev.kobahn.internal.connection.logSafely
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job

/**
 * Counts the handlers of a server that run, and bounds those that linger: the handlers that go on
 * although their connection has ended. A handler may do that, but peers could pile such handlers
 * up. If more than [limit] linger, the one that lingers longest is cancelled, once it has lingered
 * for [TOLERANCE]; until then no new handler may begin. A connection costs nothing here before its
 * end. Thread-safe.
 *
 * @param limit how many may linger, 0 for any number
 */
internal class RunningHandlers(private val limit: Int) {
    private class Lingering(val connection: ServerConnection, val since: Long)

    private val running = AtomicInteger()

    // The monitor guards the following fields; only [number] is also read without it.
    private val lingering = LinkedHashMap<Job, Lingering>()
    private val cancelled = HashSet<Job>()
    private var isReported = false

    /** How many handlers linger or were cancelled and have not ended yet. */
    @Volatile
    private var number = 0

    val count: Int get() = running.get()

    fun began() {
        running.incrementAndGet()
    }

    fun ended() {
        running.decrementAndGet()
    }

    /** The [connection] of [handler] has ended at [now], by the clock of its loop. */
    fun linger(handler: Job, connection: ServerConnection, now: Long) {
        if (limit == 0 || handler.isCompleted) return
        synchronized(this) {
            lingering[handler] = Lingering(connection, now)
            counted()
        }
        handler.invokeOnCompletion { forget(handler) }
        if (number > limit) makeRoom(now)
    }

    @Synchronized
    private fun forget(handler: Job) {
        lingering.remove(handler)
        cancelled.remove(handler)
        counted()
    }

    private fun counted() {
        number = lingering.size + cancelled.size
        if (number < limit) isReported = false
    }

    /** Whether another handler may begin. Handlers that were cancelled count too until they end. */
    fun mayBegin(now: Long): Boolean {
        if (number <= limit || limit == 0) return true
        if (synchronized(this) { lingering.size } > limit) makeRoom(now)
        return synchronized(this) { lingering.size <= limit && cancelled.size <= limit }
    }

    private fun makeRoom(now: Long) {
        val (reports, oldest) = synchronized(this) {
            val oldest = takeOldest(now)
            !isReported.also { isReported = true } to oldest
        }
        // Outside of the monitor, because both call foreign code.
        oldest?.key?.cancel()
        if (reports) report(oldest?.value)
    }

    private fun takeOldest(now: Long): Map.Entry<Job, Lingering>? {
        val oldest = lingering.entries.firstOrNull() ?: return null
        if (now - oldest.value.since < TOLERANCE) return null
        lingering.remove(oldest.key)
        cancelled.add(oldest.key)
        return oldest
    }

    private fun report(oldest: Lingering?) {
        val action = when (oldest) {
            null -> "new requests get 503"
            else -> "those that linger longest are cancelled, first that of ${oldest.connection}"
        }
        logSafely {
            connectionLogger.warn {
                "More than $limit handlers go on after their connections have ended: $action. " +
                    "Work for a connection belongs in whileOpen { }, which ends with it."
            }
        }
    }

    private companion object {
        /** How long a handler lingers before it may be cancelled, in nanoseconds. */
        val TOLERANCE = 10.seconds.inWholeNanoseconds
    }
}
