package dev.kobahn.internal.connection

import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.Channel

/**
 * Serves `select` for [IncomingMessages]: only a channel of the coroutines library can make a
 * clause. From the first clause on the head of the queue is kept in a channel of one element, so
 * the order holds; a message that a cancelled `select` had in hand goes back to the queue through
 * [putBack].
 *
 * Guarded by the queue's monitor, except for what the channel does on its own.
 */
@OptIn(ExperimentalCoroutinesApi::class, DelicateCoroutinesApi::class)
internal class SelectBridge<E : Any>(private val putBack: (E) -> Unit) {
    private var made: Channel<E>? = null
    private var closed = false

    /** The channel whose clauses are handed out, after [open]. */
    val channel: Channel<E> get() = checkNotNull(made) { "not open" }

    /** Whether there is nothing to take. */
    val isEmpty: Boolean get() = made.let { it == null || it.isEmpty || it.isClosedForReceive }

    /** Whether [give] is to be called: `select` is used and finds nothing here. */
    val isHungry: Boolean get() = made != null && !closed && channel.isEmpty

    /** From now on `select` is used. */
    fun open() {
        if (made == null) made = Channel(capacity = 1, onUndeliveredElement = putBack)
    }

    /** Messages come again after [close]: one that was taken is given back. */
    fun reopen() {
        if (!closed) return
        closed = false
        made = null
        open()
    }

    /** Hands [message] to a `select` that waits, or keeps it for the next. */
    fun give(message: E) {
        check(channel.trySend(message).isSuccess) { "the bridge was not hungry" }
    }

    /** What was given but no `select` took. */
    fun take(): E? = made?.tryReceive()?.getOrNull()

    /** Nothing comes after what is here. */
    fun close(cause: Throwable?) {
        if (closed) return
        closed = made != null
        made?.close(cause)
    }
}
