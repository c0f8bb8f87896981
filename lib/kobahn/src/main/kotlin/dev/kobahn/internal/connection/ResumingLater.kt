package dev.kobahn.internal.connection

import kotlin.coroutines.Continuation
import kotlin.coroutines.startCoroutine
import kotlinx.coroutines.Dispatchers

/**
 * Returns what [block] returns. Coroutines on `Dispatchers.Unconfined` that [block] resumes go on
 * after it and not within it, so that their code does not run under the monitors that [block] holds.
 *
 * While one such coroutine runs the library puts off others that its thread resumes. So [block] runs
 * in one, unless the thread is in one anyway: then what was started waits, and [block] runs at once.
 */
internal fun <T> resumingLater(block: () -> T): T {
    // A coroutine that waits proves that the thread runs another one.
    if (hasWaiting.get() != null) return block()
    var result: Result<T>? = null
    val once: suspend () -> Unit = {
        hasWaiting.remove()
        if (result == null) result = runCatching(block)
    }
    once.startCoroutine(Continuation(Dispatchers.Unconfined) {})
    if (result == null) {
        hasWaiting.set(true)
        result = runCatching(block)
    }
    return result.getOrThrow()
}

/** Set where a coroutine of [resumingLater] waits for the thread: more than one would only pile up. */
private val hasWaiting = ThreadLocal<Boolean>()
