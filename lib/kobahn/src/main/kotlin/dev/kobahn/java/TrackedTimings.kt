package dev.kobahn.java

import dev.kobahn.Timings
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * The times of the last occurrence of events on a connection, by key: [Timings] for Java.
 * Thread-safe. Times in a `TimeUnit` are rounded down.
 */
public interface TrackedTimings {
    /** Records that the event [key] occurs now. */
    public fun track(key: String)

    /**
     * Returns the time of the last occurrence of every key, measured from the start of tracking in
     * [unit].
     */
    public fun toMap(unit: TimeUnit): Map<String, Long>

    /**
     * Returns the time from the last occurrence of [start] to that of [end] in [unit], or null
     * unless both occurred.
     */
    public fun diff(start: String, end: String, unit: TimeUnit): Long?

    /**
     * Returns the time as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `diff(start, end, unit)`.
     */
    @UsesJavaTime
    public fun diff(start: String, end: String): Duration?

    /**
     * Returns the difference as text, right-aligned to 8 characters, or `n.a.` if there is none.
     */
    public fun format(start: String, end: String): String
}
