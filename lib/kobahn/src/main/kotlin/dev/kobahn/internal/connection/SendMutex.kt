package dev.kobahn.internal.connection

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

/**
 * Lets one sender of messages at a time through, while it sends a message in pieces or has one
 * encoded; the others wait, first come first served. Guarded by the monitor of the connection's
 * output, so that locking and sending can be one step: the mutex of kotlinx.coroutines cannot do that.
 */
internal class SendMutex(private val connection: Connection) {
    private val output = connection.output
    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)

    /** Whether a sender holds the mutex. */
    var isLocked = false
        private set

    /** Marks the coroutines that send a message in pieces. */
    private class Holder(val mutex: SendMutex, val outer: Holder?) : CoroutineContext.Element {
        override val key: CoroutineContext.Key<*> get() = Key

        companion object Key : CoroutineContext.Key<Holder>
    }

    /** Runs [block] while it holds the mutex. Throws as [lock] does. */
    suspend fun withLock(block: suspend () -> Unit) {
        lock()
        try {
            withContext(Holder(this, coroutineContext[Holder])) { block() }
        } finally {
            unlock()
        }
    }

    /** Locks the mutex, which is not locked. Guarded by [output]. */
    fun lockNow() {
        isLocked = true
    }

    /**
     * Suspends until the caller holds the mutex. Throws ConnectionClosedException if the connection
     * ends first, and IllegalStateException inside [withLock]: the caller would wait for itself.
     */
    suspend fun lock() {
        check(generateSequence(coroutineContext[Holder]) { it.outer }.none { it.mutex === this }) {
            "a message is open: only its writer can send"
        }
        awaitLock()
    }

    private suspend fun awaitLock() = suspendCancellableCoroutine { sender ->
        val isClosed = synchronized(output) {
            when {
                connection.isClosed -> Unit

                isLocked -> waiting.addLast(sender)

                else -> {
                    isLocked = true
                    sender.resume(Unit, ::passOn)
                }
            }
            connection.isClosed
        }
        if (isClosed) sender.resumeWithException(connection.closedException())
        sender.invokeOnCancellation { synchronized(output) { waiting.remove(sender) } }
    }

    /** Hands the mutex to the sender that has waited longest. */
    fun unlock() {
        val next = synchronized(output) {
            waiting.removeFirstOrNull().also { isLocked = it != null }
        }
        next?.resume(Unit, ::passOn)
    }

    /** The mutex was handed to a sender that was cancelled meanwhile. */
    @Suppress("UNUSED_PARAMETER")
    private fun passOn(cause: Throwable, value: Unit, context: CoroutineContext) = unlock()

    /** The connection is CLOSED: every sender that waits throws. */
    fun close() {
        val senders = synchronized(output) { waiting.toList().also { waiting.clear() } }
        senders.forEach { it.resumeWithException(connection.closedException()) }
    }
}
