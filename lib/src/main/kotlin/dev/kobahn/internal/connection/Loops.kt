package dev.kobahn.internal.connection

import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
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
