package dev.kobahn.internal.java

import dev.kobahn.Timings
import dev.kobahn.java.TrackedTimings
import dev.kobahn.java.UsesJavaTime
import java.util.concurrent.TimeUnit
import kotlin.time.toDurationUnit
import kotlin.time.toJavaDuration

/** Tracked times with the interface for Java. */
internal class RealTrackedTimings(private val timings: Timings) : TrackedTimings {
    override fun track(key: String) = timings.track(key)

    override fun toMap(unit: TimeUnit): Map<String, Long> =
        timings.toMap().mapValues { it.value.toLong(unit.toDurationUnit()) }

    override fun diff(start: String, end: String, unit: TimeUnit): Long? =
        timings.diff(start, end)?.toLong(unit.toDurationUnit())

    @UsesJavaTime
    override fun diff(start: String, end: String): java.time.Duration? =
        timings.diff(start, end)?.toJavaDuration()

    override fun format(start: String, end: String): String = timings.format(start, end)

    override fun toString(): String = timings.toString()
}
