package dev.kobahn.internal.transport

import io.ktor.network.selector.SelectInterest
import io.ktor.network.selector.Selectable
import io.ktor.network.selector.SelectorManager
import io.ktor.utils.io.InternalAPI
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectionKey
import java.nio.channels.spi.SelectorProvider
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Lets Ktor accept and connect sockets with the selector of [loop]. Reading and writing do not come
 * here: [SocketTransport] uses the channel itself. Thread-safe.
 */
@OptIn(InternalAPI::class)
internal class LoopSelectorManager(private val loop: EventLoop) : SelectorManager {
    override val coroutineContext: CoroutineContext get() = loop.dispatcher

    override val provider: SelectorProvider get() = loop.selector.provider()

    override suspend fun select(selectable: Selectable, interest: SelectInterest) {
        suspendCancellableCoroutine { continuation ->
            selectable.suspensions.addSuspension(interest, continuation)
            // A suspension that stays would make the next select for this interest throw.
            try {
                continuation.invokeOnCancellation {
                    selectable.suspensions.removeSuspension(interest)
                }
                if (loop.isCurrent) watch(selectable) else loop.execute { watch(selectable) }
            } catch (failure: Throwable) {
                selectable.suspensions.removeSuspension(interest)
                throw failure
            }
        }
    }

    private fun watch(selectable: Selectable) {
        try {
            val key = selectable.channel.keyFor(loop.selector)
            if (key != null) {
                key.interestOps(selectable.interestedOps)
            } else {
                val waiting = Waiting(selectable)
                waiting.key = loop.register(selectable.channel, selectable.interestedOps, waiting)
            }
        } catch (failure: Throwable) {
            // Closed or cancelled meanwhile, or no memory: the waiting coroutine must resume anyway.
            loop.releaseReserve(failure)
            fail(selectable, failure)
        }
    }

    override fun notifyClosed(selectable: Selectable) {
        fail(selectable, ClosedChannelException())
    }

    private fun fail(selectable: Selectable, cause: Throwable) {
        selectable.suspensions.invokeForEachPresent { _ -> resumeWithException(cause) }
    }

    /** Does nothing: the loop ends with its group. */
    override fun close(): Unit = Unit

    private inner class Waiting(private val selectable: Selectable) : ReadyHandler {
        override lateinit var key: SelectionKey

        override fun onReady(ops: Int) {
            try {
                key.interestOps(key.interestOps() and ops.inv())
            } finally {
                // interestOps may lack memory; the waiting coroutine must resume anyway.
                selectable.suspensions.invokeForEachPresent(ops) { resume(Unit) }
            }
        }

        override fun onTurnEnd(): Unit = Unit

        override fun onLoopStopped() {
            selectable.channel.close()
            fail(selectable, ClosedChannelException())
        }
    }
}
