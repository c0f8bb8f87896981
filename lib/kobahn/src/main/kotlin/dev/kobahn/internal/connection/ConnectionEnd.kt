package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import kotlinx.coroutines.CompletableDeferred

/** How a connection ended; little is made before somebody waits for it. Thread-safe. */
internal abstract class ConnectionEnd {
    /** How it ended, or null while it has not. */
    @Volatile
    var closeStatus: CloseStatus? = null
        private set

    private var awaited: CompletableDeferred<CloseStatus>? = null

    suspend fun awaitClosed(): CloseStatus = closeStatus ?: awaited().await()

    @Synchronized
    private fun awaited() = awaited ?: CompletableDeferred<CloseStatus>().also { made ->
        awaited = made
        closeStatus?.let(made::complete)
    }

    /** It has ended; once. */
    protected fun ended(status: CloseStatus) {
        closeStatus = status
        synchronized(this) { awaited }?.complete(status)
    }
}
