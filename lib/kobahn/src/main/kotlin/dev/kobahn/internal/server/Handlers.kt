package dev.kobahn.internal.server

import dev.kobahn.internal.connection.connectionLogger
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job

/**
 * The handlers of a server: how many run, and which of them linger, that is, go on though their
 * connection has ended. That is theirs to do, but a peer makes them, so there are no more than [most]
 * for long: one too many, and the one that lingers longest is cancelled; if it does not linger long
 * yet, there are no new ones before one has ended. Costs a connection nothing before its end.
 * Thread-safe.
 *
 * @param most how many may linger, 0 for any number
 */
internal class Handlers(private val most: Int) {
    private class Lingering(val connection: ServerConnection, val since: Long)

    private val running = AtomicInteger()

    // All below is guarded by the monitor, but for a hasty look at the number.
    private val lingering = LinkedHashMap<Job, Lingering>()
    private val cancelled = HashSet<Job>()
    private var isReported = false

    @Volatile
    private var number = 0

    /** How many run. */
    val count: Int get() = running.get()

    fun began() {
        running.incrementAndGet()
    }

    fun ended() {
        running.decrementAndGet()
    }

    /** The connection that [handler] is for ended [now], by the clock of its loop. */
    fun linger(handler: Job, connection: ServerConnection, now: Long) {
        if (most == 0 || handler.isCompleted) return
        synchronized(this) {
            lingering[handler] = Lingering(connection, now)
            counted()
        }
        handler.invokeOnCompletion { forget(handler) }
        if (number > most) makeRoom(now)
    }

    @Synchronized
    private fun forget(handler: Job) {
        lingering.remove(handler)
        cancelled.remove(handler)
        counted()
    }

    private fun counted() {
        number = lingering.size + cancelled.size
        if (number < most) isReported = false
    }

    /** Whether there may be another handler. Those that were cancelled have to end some time, too. */
    fun mayBegin(now: Long): Boolean {
        if (number <= most || most == 0) return true
        // One that was cancelled will have made room, soon.
        if (synchronized(this) { lingering.size } > most) makeRoom(now)
        return synchronized(this) { lingering.size <= most && cancelled.size <= most }
    }

    private fun makeRoom(now: Long) {
        val (reports, oldest) = synchronized(this) {
            val oldest = takeOldest(now)
            !isReported.also { isReported = true } to oldest
        }
        // Both outside of the monitor, for they call what is not ours.
        oldest?.key?.cancel()
        if (reports) report(oldest?.value)
    }

    private fun takeOldest(now: Long): Map.Entry<Job, Lingering>? {
        val oldest = lingering.entries.firstOrNull() ?: return null
        if (now - oldest.value.since < LONG) return null
        lingering.remove(oldest.key)
        cancelled.add(oldest.key)
        return oldest
    }

    private fun report(oldest: Lingering?) {
        val what = when (oldest) {
            null -> "new requests get 503"
            else -> "those that linger longest are cancelled, first that of ${oldest.connection}"
        }
        logSafely {
            connectionLogger.warn {
                "More than $most handlers go on after their connections have ended: $what. " +
                    "Work for a connection belongs in whileOpen { }, which ends with it."
            }
        }
    }

    private companion object {
        /** How long a handler that has work of its own is left alone, in nanoseconds. */
        val LONG = 10.seconds.inWholeNanoseconds
    }
}
