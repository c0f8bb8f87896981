package dev.kobahn.internal.connection

import kotlin.coroutines.Continuation
import kotlin.coroutines.startCoroutine
import kotlinx.coroutines.Dispatchers

/**
 * Returns what [block] returns. Coroutines without a dispatcher that [block] resumes go on after it
 * and not within it, so that their code does not run under the monitors that [block] holds.
 */
internal fun <T> resumingLater(block: () -> T): T {
    var result: Result<T>? = null
    val once: suspend () -> Unit = { if (result == null) result = runCatching(block) }
    // While one coroutine runs without a dispatcher, the library puts off the others of that thread.
    once.startCoroutine(Continuation(Dispatchers.Unconfined) {})
    // That holds for this one too, where another is running already.
    return (result ?: runCatching(block).also { result = it }).getOrThrow()
}
