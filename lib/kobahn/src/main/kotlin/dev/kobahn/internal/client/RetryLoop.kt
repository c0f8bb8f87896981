package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.protocol.handshake.RetryAfter
import dev.kobahn.proxy.ProxyException
import dev.kobahn.reconnect.Backoff
import dev.kobahn.reconnect.ReconnectState
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch

/** The rules for connecting again, see [dev.kobahn.reconnect.ReconnectOptions]. Immutable. */
internal class RetryRules(
    val backoff: Backoff,
    val maxAttempts: Int,
    val resetAfter: Duration,
    val maxRetryAfter: Duration,
    val retryIf: (Throwable) -> Boolean,
)

/**
 * Makes connections one after the other until one ends on purpose, or for good. Its times are those
 * of the coroutine that runs it. Runs once.
 *
 * @param onState is told each change
 * @param awaitNext suspends after a wait until the next connection may be made
 */
internal class RetryLoop(
    private val rules: RetryRules,
    private val onState: (ReconnectState) -> Unit = {},
    private val awaitNext: suspend () -> Unit = {},
) {
    private var failures = 0

    /**
     * Runs [life] again and again: it makes one connection, calls `opened` when that is open,
     * returns when it has ended on purpose, and throws if it failed. Returns the result of [life],
     * or throws the failure after which there is no further attempt.
     */
    suspend fun <T> run(life: suspend (opened: () -> Unit) -> T): T {
        while (true) {
            onState(ReconnectState.Connecting(failures + 1))
            val failure = try {
                return countingAnew(life)
            } catch (failure: Throwable) {
                // The scope has ended: no cleaning up of a connection may hide that.
                coroutineContext.ensureActive()
                failure
            }
            failures++
            val isLast = failures == rules.maxAttempts
            if (isLast || !rules.retryIf(failure)) throw failure
            val time = maxOf(rules.backoff.delay(failures), retryAfter(failure))
            onState(ReconnectState.Waiting(failures, time, failure))
            delay(time)
            awaitNext()
        }
    }

    /** Runs [life], and forgets earlier failures once its connection has lasted. */
    private suspend fun <T> countingAnew(life: suspend (opened: () -> Unit) -> T): T =
        coroutineScope {
            val lasting = launch(start = CoroutineStart.LAZY) {
                delay(rules.resetAfter)
                failures = 0
            }
            try {
                life { lasting.start() }
            } finally {
                lasting.cancel()
            }
        }

    private fun retryAfter(failure: Throwable): Duration {
        val headers = when (failure) {
            is HandshakeException -> failure.headers
            is ProxyException -> failure.headers
            else -> return Duration.ZERO
        }
        val now = System.currentTimeMillis() / MILLIS
        val time = RetryAfter.seconds(headers, now)?.seconds ?: return Duration.ZERO
        return time.coerceAtMost(rules.maxRetryAfter)
    }

    private companion object {
        const val MILLIS = 1000
    }
}
