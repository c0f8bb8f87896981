package dev.kobahn.internal.client

import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/**
 * The time that all steps of one opening share, from now on. Thread-safe.
 *
 * @param limit zero is no limit
 * @param nanoTime the clock
 */
internal class TimeLimit(private val limit: Duration, private val nanoTime: () -> Long) {
    private val begin = nanoTime()

    /** The time that is left, at least [LEAST]; zero without a limit. */
    val left: Duration
        get() {
            if (limit <= Duration.ZERO) return Duration.ZERO
            return (limit - (nanoTime() - begin).nanoseconds).coerceAtLeast(LEAST)
        }

    internal companion object {
        /** Zero would be no limit. */
        val LEAST: Duration = 1.nanoseconds
    }
}
