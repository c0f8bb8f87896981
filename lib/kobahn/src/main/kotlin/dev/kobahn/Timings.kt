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
 * When something last happened on a connection, by keys, as the time since tracking began; see
 * [WebSocket.trackedTimings]. Thread-safe. Autobahn: `Timings`.
 *
 * A connection tracks `onOpen`, `onMessageBegin` (the first octets of a message came), `onMessage`
 * (it is complete) and `sendMessage`; keys of the application's own are for [track].
 */
public class Timings internal constructor(private val nanoTime: () -> Long) {
    private val begin = nanoTime()
    private val times = ConcurrentHashMap<String, Long>()

    /** What [key] stands for happens now. Keys are kept until tracking is switched off or on. */
    public fun track(key: String) {
        times[key] = nanoTime() - begin
    }

    /** The time from the beginning of tracking to the last occurrence of [key], or null. */
    public operator fun get(key: String): Duration? = times[key]?.nanoseconds

    /** All keys that occurred, each with its last time. Autobahn: `trackedTimings`. */
    public fun toMap(): Map<String, Duration> = times.mapValues { it.value.nanoseconds }

    /** The time from the last occurrence of [start] to that of [end]; null unless both occurred. */
    public fun diff(start: String, end: String): Duration? {
        val from = get(start) ?: return null
        val to = get(end) ?: return null
        return to - from
    }

    /**
     * [diff] as text, right-aligned to 8 characters: in `ns` below 10 microseconds, in `us` below
     * 10 milliseconds, in `ms` below 10 seconds, else in `s`; `n.a.` if there is none. Autobahn:
     * `diff(formatted=True)`.
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

    /** [toMap] as text. */
    override fun toString(): String = toMap().toString()

    private companion object {
        const val WIDTH = 8
    }
}
