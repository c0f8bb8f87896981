package dev.kobahn.internal.connection

import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.CodecPool
import kotlin.coroutines.resume
import kotlin.time.Duration
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * The part of an event loop that a connection may use. A connection belongs to one loop for life:
 * the loop delivers all its I/O events, one at a time.
 */
internal interface Loop {
    /** Runs coroutines on the loop, in the order they were dispatched. */
    val dispatcher: CoroutineDispatcher

    /**
     * Returns a dispatcher that runs coroutines on [dispatcher]. Coroutines that the loop resumes
     * through it share tasks, which costs less than a task for each. From any thread.
     */
    fun batching(dispatcher: CoroutineDispatcher): CoroutineDispatcher = dispatcher

    /** Whether the caller is on the loop. */
    val isCurrent: Boolean

    /** Lends segments to the outgoing queues of this loop's connections. */
    val segments: SegmentPool

    /** Lends buffers, inflaters and deflaters to the codecs of this loop's connections. */
    val codecs: CodecPool

    /** Runs [action] on the loop, after all that was dispatched before. From any thread. */
    fun execute(action: Runnable)

    /** Runs [action] in the next turn of the loop, so that other connections are served first. On the loop. */
    fun executeNextTurn(action: Runnable): Unit = execute(action)

    /**
     * Does the same as [execute], but a thread that resumes several coroutines for a loop wakes this
     * loop only after it has resumed them all, or after some milliseconds.
     */
    fun executeSoon(action: Runnable): Unit = execute(action)

    /**
     * Defers [action] until this thread has finished its current batch of resumptions, or about 1 ms
     * if that is sooner; if a resumed coroutine keeps the thread, the loop runs [action]. Returns
     * false without keeping [action] if the thread runs no batch, or one that is stalled already.
     */
    fun defer(action: Runnable): Boolean = false

    /**
     * Runs [action] on the loop after [delay], never earlier, by a monotonic clock. Disposing of the
     * returned handle prevents an action that has not started. Both from any thread.
     */
    fun schedule(delay: Duration, action: Runnable): DisposableHandle

    /** The time of the monotonic clock that [schedule] goes by, in nanoseconds. */
    fun nanoTime(): Long
}

/**
 * Runs [action] on the loop and returns its result; at once if the caller is on the loop.
 * Cancellation does not stop an action that has started.
 */
internal suspend fun <T> Loop.call(action: () -> T): T {
    if (isCurrent) return action()
    return suspendCancellableCoroutine { caller: CancellableContinuation<Result<T>> ->
        execute { caller.resume(runCatching(action)) }
    }.getOrThrow()
}

/** Runs [action] on the loop, at once if the caller is on it. */
internal fun Loop.runOnLoop(action: Runnable) {
    if (isCurrent) action.run() else execute(action)
}

/** Runs [action] at once if the caller is on the loop, otherwise by [Loop.executeSoon]. */
internal fun Loop.runSoon(action: Runnable) {
    if (isCurrent) action.run() else executeSoon(action)
}

/**
 * Runs [block] in the caller's context and returns its result, or cancels it after [time], waits for
 * its end, and returns null. Differs from `withTimeoutOrNull` in the clock: this is the loop's. The
 * clock of the caller's dispatcher may be virtual, but sockets need real time.
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

/** The timeout of one [call] of [within]. Nested calls let it pass. */
private class TimeOver(val call: Any) : CancellationException("the time is over")
