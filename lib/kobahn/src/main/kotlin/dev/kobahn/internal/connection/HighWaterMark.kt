package dev.kobahn.internal.connection

import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Suspends senders while more than [limit] bytes wait to be written, until no more than half of that
 * do; and suspends those that want to know that their bytes are written. Guarded by the monitor of
 * the connection's output.
 */
internal class HighWaterMark(private val connection: Connection, private val limit: () -> Long) {
    private val output = connection.output

    private class Waiting(val sender: CancellableContinuation<Unit>, val end: Long)

    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)

    /** The senders that wait for the stream to be written up to an end, in no order. */
    private val waitingForEnd = ArrayList<Waiting>(0)

    /** Suspends until there is space. Throws ConnectionClosedException if the connection ends first. */
    suspend fun awaitSpace() {
        suspendCancellableCoroutine { sender ->
            val isClosed = synchronized(output) {
                when {
                    connection.isClosed -> Unit
                    output.size > limit() -> waiting.addLast(sender)
                    else -> sender.resume(Unit)
                }
                connection.isClosed
            }
            if (isClosed) sender.resumeWithException(connection.closedException())
            sender.invokeOnCancellation { synchronized(output) { waiting.remove(sender) } }
        }
    }

    /** Suspends until the stream is written up to [end]. Throws as [awaitSpace] does. */
    suspend fun awaitWritten(end: Long) {
        suspendCancellableCoroutine { sender ->
            val isClosed = synchronized(output) {
                when {
                    connection.isClosed -> Unit
                    isWritten(end) -> sender.resume(Unit)
                    else -> waitingForEnd.add(Waiting(sender, end))
                }
                connection.isClosed
            }
            if (isClosed) sender.resumeWithException(connection.closedException())
            sender.invokeOnCancellation {
                synchronized(output) { waitingForEnd.removeAll { it.sender === sender } }
            }
        }
    }

    private fun isWritten(end: Long) = output.position - end >= 0

    /** Whether a sender waits for space. */
    val isAwaited: Boolean get() = synchronized(output) { waiting.isNotEmpty() }

    /** Bytes were written, or the limit has changed. */
    fun onWritten() {
        val senders = synchronized(output) {
            val hasSpace = output.size <= limit() / 2
            if (waitingForEnd.isEmpty() && (waiting.isEmpty() || !hasSpace)) return
            takeReady(hasSpace)
        }
        senders.forEach { it.resume(Unit) }
    }

    private fun takeReady(hasSpace: Boolean): List<CancellableContinuation<Unit>> {
        val ready = waitingForEnd.filter { isWritten(it.end) }
        waitingForEnd.removeAll(ready)
        val senders = ready.mapTo(ArrayList()) { it.sender }
        if (hasSpace) {
            senders += waiting
            waiting.clear()
        }
        return senders
    }

    /** The connection is CLOSED: every sender that waits throws. */
    fun close() {
        val senders = synchronized(output) {
            if (waiting.isEmpty() && waitingForEnd.isEmpty()) return
            (waiting + waitingForEnd.map { it.sender }).also {
                waiting.clear()
                waitingForEnd.clear()
            }
        }
        senders.forEach { it.resumeWithException(connection.closedException()) }
    }
}
