package dev.kobahn

import java.util.concurrent.ConcurrentHashMap
import kotlin.math.roundToLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit

/**
 * The times of the last occurrence of events on a connection, by key, measured from the start of
 * tracking; see [WebSocket.trackedTimings]. Thread-safe. Autobahn: `Timings`.
 *
 * A connection tracks `onOpen`, `onMessageBegin` (the first bytes of a message arrived),
 * `onMessage` (the message is complete) and `sendMessage`. An application adds its own keys with
 * [track].
 */
public class Timings internal constructor(private val nanoTime: () -> Long) {
    private val begin = nanoTime()
    private val times = ConcurrentHashMap<String, Long>()

    /**
     * Records that the event [key] occurs now. Keys are kept until tracking is switched off or on.
     */
    public fun track(key: String) {
        times[key] = nanoTime() - begin
    }

    /** Returns the time from the start of tracking to the last occurrence of [key], or null. */
    public operator fun get(key: String): Duration? = times[key]?.nanoseconds

    /** Returns the time of the last occurrence of every key. Autobahn: `trackedTimings`. */
    public fun toMap(): Map<String, Duration> = times.mapValues { it.value.nanoseconds }

    /**
     * Returns the time from the last occurrence of [start] to that of [end], or null unless both
     * occurred.
     */
    public fun diff(start: String, end: String): Duration? {
        val from = get(start) ?: return null
        val to = get(end) ?: return null
        return to - from
    }

    /**
     * Returns [diff] as text, right-aligned to 8 characters: in `ns` below 10 microseconds, in `us`
     * below 10 milliseconds, in `ms` below 10 seconds, else in `s`. Returns `n.a.` if [diff] is
     * null. Autobahn: `diff(formatted=True)`.
     */
    public fun format(start: String, end: String): String {
        val diff = diff(start, end) ?: return "n.a.".padStart(WIDTH)
        val (unit, name) = when {
            diff < 10.microseconds -> DurationUnit.NANOSECONDS to "ns"
            diff < 10.milliseconds -> DurationUnit.MICROSECONDS to "us"
            diff < 10.seconds -> DurationUnit.MILLISECONDS to "ms"
            else -> DurationUnit.SECONDS to "s"
        }
        return "${diff.toDouble(unit).roundToLong()} $name".padStart(WIDTH)
    }

    /** Returns [toMap] as text. */
    override fun toString(): String = toMap().toString()

    private companion object {
        const val WIDTH = 8
    }
}
