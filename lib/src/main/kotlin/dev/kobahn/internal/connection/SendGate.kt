package dev.kobahn.internal.connection

import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Holds back senders while more than [highWater] octets wait to be written, until no more than half
 * of that do. Guarded by the monitor of the outgoing queue, as [backlog] is.
 */
internal class SendGate(
    private val highWater: Long,
    private val output: Any,
    private val backlog: () -> Long,
) {
    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)
    private var closedBy: (() -> Throwable)? = null

    /** Whether the connection is gone, so that nothing may be appended any more. */
    val isClosed: Boolean get() = synchronized(output) { closedBy != null }

    /** Suspends until there is room. Throws what [close] was given if the connection ends before. */
    suspend fun awaitRoom() {
        suspendCancellableCoroutine { sender ->
            val cause = synchronized(output) {
                when {
                    closedBy != null -> Unit
                    backlog() > highWater -> waiting.addLast(sender)
                    else -> sender.resume(Unit)
                }
                closedBy
            }
            if (cause != null) sender.resumeWithException(cause())
            sender.invokeOnCancellation { synchronized(output) { waiting.remove(sender) } }
        }
    }

    /** Octets were written. */
    fun onWritten() {
        val senders = synchronized(output) {
            if (waiting.isEmpty() || backlog() > highWater / 2) return
            waiting.toList().also { waiting.clear() }
        }
        senders.forEach { it.resume(Unit) }
    }

    /** The connection is gone: whoever waits gets [cause]. */
    fun close(cause: () -> Throwable) {
        val senders = synchronized(output) {
            closedBy = cause
            waiting.toList().also { waiting.clear() }
        }
        senders.forEach { it.resumeWithException(cause()) }
    }
}
