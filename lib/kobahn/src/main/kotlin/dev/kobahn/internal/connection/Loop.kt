package dev.kobahn.internal.connection

import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.CodecPool
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle

/**
 * What a connection sees of the event loop it is pinned to for life. All I/O events of the
 * connection come on the loop, one at a time.
 */
internal interface Loop {
    /** Runs coroutines on the loop, in the order they were dispatched. */
    val dispatcher: CoroutineDispatcher

    /**
     * What resumes coroutines of [dispatcher] from the loop: several of them together, where there
     * are several, which is cheaper. From any thread.
     */
    fun handingOverTo(dispatcher: CoroutineDispatcher): CoroutineDispatcher = dispatcher

    /** Whether the caller is on the loop. */
    val isCurrent: Boolean

    /** Where the outgoing queues of this loop's connections borrow their segments. */
    val segments: SegmentPool

    /** Where the codecs of this loop's connections borrow what they work with. */
    val codecs: CodecPool

    /** Runs [action] on the loop after everything dispatched before. From any thread. */
    fun execute(action: Runnable)

    /** Runs [action] in the loop's next turn, after others had theirs. On the loop. */
    fun executeNextTurn(action: Runnable): Unit = execute(action)

    /**
     * As [execute]; but a thread that is resuming coroutines for a loop does not wake this one before
     * it is through with them, or before some milliseconds have passed.
     */
    fun executeSoon(action: Runnable): Unit = execute(action)

    /**
     * Has [action] run by this thread once it is through with the coroutines that it is resuming for
     * a loop, or with the one that it is resuming after a millisecond; by that loop if that one keeps
     * the thread. False, and nothing else, if that is not what this thread does, or if it is kept
     * already.
     */
    fun putOff(action: Runnable): Boolean = false

    /**
     * Runs [action] on the loop once [delay] has passed, never earlier, by a monotonic clock. From
     * any thread; so is disposing of the returned handle, after which the action does not start.
     */
    fun schedule(delay: Duration, action: Runnable): DisposableHandle

    /** A monotonic clock in nanoseconds, the one [schedule] goes by. */
    fun nanoTime(): Long
}
