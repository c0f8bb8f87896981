package dev.kobahn.internal.server

import dev.kobahn.HandshakeException
import java.io.IOException
import kotlinx.coroutines.CompletableDeferred

/**
 * What becomes of an opening handshake, for those who wait for it: mostly nobody, so that little is
 * made before they come. Thread-safe.
 */
internal class OpeningOutcome {
    private var outcome: CompletableDeferred<Unit>? = null

    /** Suspends until the connection opens; throws when it never will. */
    suspend fun await() = get().await()

    @Synchronized
    private fun get() = outcome ?: CompletableDeferred<Unit>().also { outcome = it }

    @Synchronized
    fun opened() {
        outcome?.complete(Unit)
        outcome = OPENED
    }

    fun refused(status: Int) {
        get().completeExceptionally(HandshakeException("refused with status $status", status))
    }

    /** The transport is gone; only news if it was not opened or refused before. */
    fun lost(cause: IOException?) {
        // Asked first, for the exception would be the dearest part of a connection's end.
        if (isOpened) return
        get().completeExceptionally(HandshakeException("the client is gone", cause = cause))
    }

    private val isOpened @Synchronized get() = outcome === OPENED

    companion object {
        private val OPENED = CompletableDeferred(Unit)

        /** That of all connections that have opened. */
        val ofOpened = OpeningOutcome().apply { opened() }
    }
}
