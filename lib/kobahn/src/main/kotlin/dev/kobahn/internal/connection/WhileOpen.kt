package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * Does what [dev.kobahn.WebSocket.whileOpen] says, for a connection that is open. Messages that nobody
 * asks for meanwhile are discarded and do not hold the peer back.
 */
internal suspend fun Connection.whileOpen(block: suspend CoroutineScope.() -> Unit) {
    incomingMessages.beginDiscarding()
    // Messages that have filled the queue have held the peer back already.
    onLoop { if (incomingMessages.discardUnread()) reading.resume() }
    val isDone = try {
        isDoneBeforeEnd(block)
    } finally {
        incomingMessages.endDiscarding()
    }
    if (isDone) return
    val status = awaitClosed()
    if (!status.wasClean) throw ConnectionClosedException(status)
}

/**
 * Returns whether [block] returned before the connection ended. Throws what it throws, unless that is
 * the end of this connection.
 */
private suspend fun Connection.isDoneBeforeEnd(block: suspend CoroutineScope.() -> Unit): Boolean =
    coroutineScope {
        var failure: Throwable? = null
        var hasEnded = false
        // Undispatched, as if the caller ran it.
        val work = launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                coroutineScope(block)
            } catch (thrown: Throwable) {
                // Not to its parent, which would take a CancellationException for its own.
                failure = thrown
            }
        }
        val end = launch(start = CoroutineStart.UNDISPATCHED) {
            awaitClosed()
            hasEnded = true
            work.cancelAndJoin()
        }
        work.join()
        end.cancel()
        when (val thrown = failure) {
            null -> true

            is CancellationException -> if (hasEnded) false else throw thrown

            // Of another connection it is a failure of the block.
            is ConnectionClosedException -> if (isClosing) false else throw thrown

            else -> throw thrown
        }
    }
