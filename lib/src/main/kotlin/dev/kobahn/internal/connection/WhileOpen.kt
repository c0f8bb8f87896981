package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** As [dev.kobahn.WebSocket.whileOpen], of a connection whose opening handshake is done. */
internal suspend fun Connection.whileOpen(block: suspend CoroutineScope.() -> Unit) {
    val isDone = discardingUnread { isDoneBeforeEnd(block) }
    if (isDone) return
    val status = awaitClosed()
    if (!status.wasClean) throw ConnectionClosedException(status)
}

/** Whether [block] returned before the connection ended. */
private suspend fun Connection.isDoneBeforeEnd(block: suspend CoroutineScope.() -> Unit): Boolean =
    coroutineScope {
        var isDone = false
        // Undispatched, as if the caller ran it.
        val work = launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                coroutineScope(block)
                isDone = true
            } catch (closed: ConnectionClosedException) {
                // Of another connection it is a failure of the block.
                if (!isClosing) throw closed
            }
        }
        val end = launch(start = CoroutineStart.UNDISPATCHED) {
            awaitClosed()
            work.cancelAndJoin()
        }
        work.join()
        end.cancel()
        isDone
    }
