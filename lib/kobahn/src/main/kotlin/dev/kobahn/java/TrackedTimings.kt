package dev.kobahn.java

import dev.kobahn.Timings
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * When something last happened on a connection, by keys: [Timings] for Java. Thread-safe. Times in
 * a `TimeUnit` are rounded down.
 */
public interface TrackedTimings {
    /** What [key] stands for happens now. */
    public fun track(key: String)

    /** All keys that occurred, each with the time from the beginning of tracking in [unit]. */
    public fun toMap(unit: TimeUnit): Map<String, Long>

    /**
     * The time from the last occurrence of [start] to that of [end] in [unit]; null unless both
     * occurred.
     */
    public fun diff(start: String, end: String, unit: TimeUnit): Long?

    /** As `diff(start, end, unit)`, for those who have `java.time`: not below Android API 26. */
    @UsesJavaTime
    public fun diff(start: String, end: String): Duration?

    /** The difference as text, right-aligned to 8 characters; `n.a.` if there is none. */
    public fun format(start: String, end: String): String
}
