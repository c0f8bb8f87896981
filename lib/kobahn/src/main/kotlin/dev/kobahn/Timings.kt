package dev.kobahn

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toDurationUnit

/**
 * The times of the last occurrence of events on a connection, by key, measured from the start of
 * tracking; see [WebSocketStatistics.timings]. Thread-safe. Autobahn: `Timings`.
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

    /** Returns [toMap] in [unit], rounded down. For Java. */
    public fun toMap(unit: TimeUnit): Map<String, Long> =
        times.mapValues { unit.convert(it.value, TimeUnit.NANOSECONDS) }

    /** Returns [diff] in [unit], rounded down, or null unless both events occurred. For Java. */
    public fun diff(start: String, end: String, unit: TimeUnit): Long? =
        diff(start, end)?.toLong(unit.toDurationUnit())

    /** Returns [toMap] as text. */
    override fun toString(): String = toMap().toString()
}
