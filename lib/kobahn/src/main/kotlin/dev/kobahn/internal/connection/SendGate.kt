package dev.kobahn.internal.connection

import dev.kobahn.protocol.OctetQueue
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Holds back senders while more than [limit] octets wait to be written, until no more than half
 * of that do, and those who want to know that their octets were written until they are. Guarded by
 * the monitor of the outgoing queue.
 */
internal class SendGate(private val limit: () -> Long, private val output: OctetQueue) {
    private class Waiting(val sender: CancellableContinuation<Unit>, val end: Long)

    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)

    /** Who waits for the stream to be written up to an end, in no order. */
    private val waitingForEnd = ArrayList<Waiting>(0)

    @Volatile
    private var closedBy: (() -> Throwable)? = null

    /** Suspends until there is room. Throws what [close] was given if the connection ends before. */
    suspend fun awaitRoom() {
        suspendCancellableCoroutine { sender ->
            val cause = synchronized(output) {
                when {
                    closedBy != null -> Unit
                    output.size > limit() -> waiting.addLast(sender)
                    else -> sender.resume(Unit)
                }
                closedBy
            }
            if (cause != null) sender.resumeWithException(cause())
            sender.invokeOnCancellation { synchronized(output) { waiting.remove(sender) } }
        }
    }

    /** Suspends until the stream is written up to [end]; otherwise as [awaitRoom]. */
    suspend fun awaitWritten(end: Long) {
        suspendCancellableCoroutine { sender ->
            val cause = synchronized(output) {
                when {
                    closedBy != null -> Unit
                    isWritten(end) -> sender.resume(Unit)
                    else -> waitingForEnd.add(Waiting(sender, end))
                }
                closedBy
            }
            if (cause != null) sender.resumeWithException(cause())
            sender.invokeOnCancellation {
                synchronized(output) { waitingForEnd.removeAll { it.sender === sender } }
            }
        }
    }

    private fun isWritten(end: Long) = output.position - end >= 0

    /** Whether somebody waits for room. */
    val isAwaited: Boolean get() = synchronized(output) { waiting.isNotEmpty() }

    /** Octets were written, or the limit has changed. */
    fun onWritten() {
        val senders = synchronized(output) {
            val hasRoom = output.size <= limit() / 2
            if (waitingForEnd.isEmpty() && (waiting.isEmpty() || !hasRoom)) return
            takeReady(hasRoom)
        }
        senders.forEach { it.resume(Unit) }
    }

    private fun takeReady(hasRoom: Boolean): List<CancellableContinuation<Unit>> {
        val ready = waitingForEnd.filter { isWritten(it.end) }
        waitingForEnd.removeAll(ready)
        val senders = ready.mapTo(ArrayList()) { it.sender }
        if (hasRoom) {
            senders += waiting
            waiting.clear()
        }
        return senders
    }

    /** The connection is gone: whoever waits gets [cause]. */
    fun close(cause: () -> Throwable) {
        val senders = synchronized(output) {
            closedBy = cause
            if (waiting.isEmpty() && waitingForEnd.isEmpty()) return
            (waiting + waitingForEnd.map { it.sender }).also {
                waiting.clear()
                waitingForEnd.clear()
            }
        }
        senders.forEach { it.resumeWithException(cause()) }
    }
}
