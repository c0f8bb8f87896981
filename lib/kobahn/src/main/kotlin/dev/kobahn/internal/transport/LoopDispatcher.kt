package dev.kobahn.internal.transport

import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.cancel

/**
 * Runs coroutines on [loop], in the order they were dispatched. `delay` and `withTimeout` use the
 * loop's timers, and no other thread.
 *
 * After the loop has stopped, a coroutine that is dispatched to it is cancelled, and runs its
 * `finally` blocks on [Dispatchers.IO].
 */
@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class LoopDispatcher(private val loop: EventLoop) :
    CoroutineDispatcher(),
    Delay {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (loop.isStopped) context.cancel(stopped())
        loop.execute(block)
    }

    override fun scheduleResumeAfterDelay(
        timeMillis: Long,
        continuation: CancellableContinuation<Unit>,
    ) {
        val timer = loop.schedule(timeMillis.milliseconds, Resumption(continuation))
        continuation.invokeOnCancellation { timer.dispose() }
    }

    override fun invokeOnTimeout(
        timeMillis: Long,
        block: Runnable,
        context: CoroutineContext,
    ): DisposableHandle = loop.schedule(timeMillis.milliseconds, block)

    override fun toString(): String = loop.toString()

    private inner class Resumption(private val continuation: CancellableContinuation<Unit>) :
        Runnable,
        Abandonable {
        override fun run() {
            with(continuation) { resumeUndispatched(Unit) }
        }

        override fun abandon() {
            continuation.cancel(stopped())
        }
    }

    private fun stopped() = CancellationException("The event loop was stopped")
}
