package dev.kobahn.java

import dev.kobahn.WebSocketClientOptions
import dev.kobahn.reconnect.Backoff
import dev.kobahn.reconnect.ReconnectOptions
import dev.kobahn.reconnect.Unsent
import java.util.concurrent.TimeUnit
import java.util.function.Predicate
import kotlin.time.toDuration
import kotlin.time.toDurationUnit

/**
 * The options of connections that are made anew when they end. The names and defaults are those of
 * [ReconnectOptions]. Setting a value out of range throws [IllegalArgumentException]. Not
 * thread-safe.
 */
public class ReconnectOptionsBuilder internal constructor(options: WebSocketClientOptions) {
    private val options = ReconnectOptions(options)

    /**
     * Sets the time before the next attempt: it begins with [initial] and grows by [factor] with
     * each failure in a row, up to [max]; the part [jitter] of it, 0 to 1, is random.
     */
    public fun backoff(
        initial: Long,
        max: Long,
        unit: TimeUnit,
        factor: Double,
        jitter: Double,
    ): ReconnectOptionsBuilder = set {
        val durationUnit = unit.toDurationUnit()
        backoff = Backoff.exponential(
            initial.toDuration(durationUnit),
            max.toDuration(durationUnit),
            factor,
            jitter,
        )
    }

    /** Sets the number of failures in a row after which the client gives up; 0 is no limit. */
    public fun maxAttempts(count: Int): ReconnectOptionsBuilder = set { maxAttempts = count }

    /** Sets the time after which a connection has lasted, so that failures are counted anew. */
    public fun resetAfter(time: Long, unit: TimeUnit): ReconnectOptionsBuilder =
        set { resetAfter = time.toDuration(unit.toDurationUnit()) }

    /** Sets the longest time that a server's `Retry-After` can make the client wait. */
    public fun maxRetryAfter(time: Long, unit: TimeUnit): ReconnectOptionsBuilder =
        set { maxRetryAfter = time.toDuration(unit.toDurationUnit()) }

    /** Sets what happens to messages that could not be sent. */
    public fun unsent(unsent: Unsent): ReconnectOptionsBuilder = set { this.unsent = unsent }

    /** Sets the number of bytes of messages that may wait for a connection. */
    public fun maxUnsentSize(bytes: Long): ReconnectOptionsBuilder = set { maxUnsentSize = bytes }

    /**
     * Sets the function that decides whether to connect again after a failure. It replaces
     * [canHeal], which it may call.
     */
    public fun retryIf(judge: Predicate<in Throwable>): ReconnectOptionsBuilder =
        set { retryIf { judge.test(it) } }

    /** Whether [failure] is of a kind that passes, see [ReconnectOptions.canHeal]. */
    public fun canHeal(failure: Throwable): Boolean = options.canHeal(failure)

    private fun set(change: ReconnectOptions.() -> Unit): ReconnectOptionsBuilder =
        apply { options.change() }
}
