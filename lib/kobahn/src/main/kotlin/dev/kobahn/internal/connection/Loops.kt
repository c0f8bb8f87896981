package dev.kobahn.internal.connection

import kotlin.coroutines.resume
import kotlin.time.Duration
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.suspendCancellableCoroutine

/** Runs [action] on the loop and returns its result; at once where the caller is on the loop. Cancellation does not stop what has begun. */
internal suspend fun <T> Loop.call(action: () -> T): T {
    if (isCurrent) return action()
    return suspendCancellableCoroutine { caller: CancellableContinuation<Result<T>> ->
        execute { caller.resume(runCatching(action)) }
    }.getOrThrow()
}

/** Runs [action] on the loop, at once where the caller is on it. */
internal fun Loop.run(action: Runnable) {
    if (isCurrent) action.run() else execute(action)
}

/** As [run]; elsewhere as [Loop.executeSoon]. */
internal fun Loop.runSoon(action: Runnable) {
    if (isCurrent) action.run() else executeSoon(action)
}

/**
 * Runs [block] in the caller's context and returns its result, or null if it has not returned when
 * [time] has passed: then it is cancelled, and waited for. As `withTimeoutOrNull`, but by the loop's
 * clock: that of the caller's dispatcher may be virtual, and what is waited for here is not.
 */
internal suspend fun <T : Any> Loop.within(
    time: Duration,
    block: suspend CoroutineScope.() -> T,
): T? {
    val call = Any()
    try {
        return coroutineScope {
            val timer = schedule(time) { cancel(TimeOver(call)) }
            try {
                block()
            } finally {
                timer.dispose()
            }
        }
    } catch (over: TimeOver) {
        if (over.call !== call) throw over
        return null
    }
}

/** That of one [call] of [within], which others within it do not catch. */
private class TimeOver(val call: Any) : CancellationException("the time is over")
