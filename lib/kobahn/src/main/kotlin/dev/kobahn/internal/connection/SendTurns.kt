package dev.kobahn.internal.connection

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

/**
 * Whose turn it is to send messages, while one is sent piece by piece or is being encoded: the others
 * wait, first come first served. Guarded by the monitor of [output].
 */
internal class SendTurns(private val output: Any) {
    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)
    private var closedBy: (() -> Throwable)? = null

    /** Whether somebody has the turn or waits for it. */
    var isTaken = false
        private set

    /** Marks the coroutines that send a message piece by piece. */
    private class Turn(val turns: SendTurns, val outer: Turn?) : CoroutineContext.Element {
        override val key: CoroutineContext.Key<*> get() = Key

        companion object Key : CoroutineContext.Key<Turn>
    }

    /**
     * Runs [block] when it is the caller's turn. Throws what [close] was given if the connection
     * ends before that, and IllegalStateException within a [block]: it would wait for itself.
     */
    suspend fun take(block: suspend () -> Unit) {
        await()
        try {
            withContext(Turn(this, coroutineContext[Turn])) { block() }
        } finally {
            release()
        }
    }

    /** Takes the turn, which nobody has. Until [release] the caller does not suspend. */
    fun claim() {
        isTaken = true
    }

    /** Takes the turn as soon as it is the caller's, until [release]. Throws as [take]. */
    suspend fun await() {
        check(generateSequence(coroutineContext[Turn]) { it.outer }.none { it.turns === this }) {
            "a message is open: only its writer can send"
        }
        awaitTurn()
    }

    private suspend fun awaitTurn() = suspendCancellableCoroutine { sender ->
        val closedBy = synchronized(output) {
            if (closedBy == null && isTaken) waiting.addLast(sender)
            if (closedBy == null && !isTaken) {
                isTaken = true
                sender.resume(Unit, ::passOn)
            }
            closedBy
        }
        if (closedBy != null) sender.resumeWithException(closedBy())
        sender.invokeOnCancellation { synchronized(output) { waiting.remove(sender) } }
    }

    /** The turn is the next one's. */
    fun release() {
        val next = synchronized(output) {
            waiting.removeFirstOrNull().also { isTaken = it != null }
        }
        next?.resume(Unit, ::passOn)
    }

    /** The turn came to somebody who was cancelled meanwhile. */
    @Suppress("UNUSED_PARAMETER")
    private fun passOn(cause: Throwable, value: Unit, context: CoroutineContext) = release()

    /** The connection is gone: whoever waits gets [cause]. */
    fun close(cause: () -> Throwable) {
        val senders = synchronized(output) {
            closedBy = cause
            waiting.toList().also { waiting.clear() }
        }
        senders.forEach { it.resumeWithException(cause()) }
    }
}
