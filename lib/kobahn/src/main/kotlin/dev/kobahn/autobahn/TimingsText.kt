@file:JvmName("TimingsText")

package dev.kobahn.autobahn

import dev.kobahn.Timings
import kotlin.math.roundToLong
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit

/**
 * Returns [Timings.diff] as text, right-aligned to 8 characters: in `ns` below 10 microseconds, in
 * `us` below 10 milliseconds, in `ms` below 10 seconds, else in `s`. Returns `n.a.` if it is null.
 * Autobahn: `diff(formatted=True)`.
 */
public fun Timings.format(start: String, end: String): String {
    val diff = diff(start, end) ?: return "n.a.".padStart(WIDTH)
    val (unit, name) = when {
        diff < 10.microseconds -> DurationUnit.NANOSECONDS to "ns"
        diff < 10.milliseconds -> DurationUnit.MICROSECONDS to "us"
        diff < 10.seconds -> DurationUnit.MILLISECONDS to "ms"
        else -> DurationUnit.SECONDS to "s"
    }
    return "${diff.toDouble(unit).roundToLong()} $name".padStart(WIDTH)
}

private const val WIDTH = 8
