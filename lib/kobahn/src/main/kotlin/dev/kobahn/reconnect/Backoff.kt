package dev.kobahn.reconnect

import kotlin.math.pow
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Decides how long a client waits before it connects again. Called from any thread. */
public fun interface Backoff {
    /**
     * Returns the time to wait after a number of [failures] in a row: attempts that did not open a
     * connection, and connections that did not last. At least 1.
     */
    public fun delay(failures: Int): Duration

    /** Makes backoffs. */
    public companion object {
        /**
         * Returns a backoff that begins with [initial] and grows by [factor] with each failure, up
         * to [max]. Of each time the part [jitter], 0 to 1, is random, so that the clients of a
         * server that was away do not all come back at once.
         *
         * @throws IllegalArgumentException for a value out of its range, naming it
         */
        public fun exponential(
            initial: Duration = 1.seconds,
            max: Duration = 60.seconds,
            factor: Double = 2.0,
            jitter: Double = 0.5,
        ): Backoff = exponential(initial, max, factor, jitter, Random.Default)

        internal fun exponential(
            initial: Duration,
            max: Duration,
            factor: Double,
            jitter: Double,
            random: Random,
        ): Backoff {
            require(initial > Duration.ZERO) { "initial is $initial, must be above 0" }
            require(max >= initial) { "max is $max, must be initial ($initial) or more" }
            require(factor >= 1) { "factor is $factor, must be 1 or more" }
            require(jitter in 0.0..1.0) { "jitter is $jitter, must be 0 to 1" }
            return Backoff { failures ->
                val grown = initial * factor.pow(failures - 1).coerceAtMost(max / initial)
                grown * (1 - jitter * random.nextDouble())
            }
        }
    }
}
