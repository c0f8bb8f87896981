package dev.kobahn.internal.connection

import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.Channel

/**
 * Serves `select` for [IncomingChannel]: only a channel of the coroutines library can make a
 * clause. From the first clause on the head of the queue is kept in a channel of one element, so
 * the order holds; a message that a cancelled `select` had in hand goes back to the queue through
 * [putBack].
 *
 * Guarded by the queue's monitor, except for what the channel does on its own.
 */
@OptIn(ExperimentalCoroutinesApi::class, DelicateCoroutinesApi::class)
internal class SelectBridge<E : Any>(private val putBack: (E) -> Unit) {
    /** The channel whose clauses are handed out. */
    @Volatile
    var channel: Channel<E> = open()
        private set

    private var closed = false

    /** The cost of the last message given, in octets. */
    @Volatile
    private var cost = 0L

    /** The cost of the message that no `select` has taken yet, in octets. From any thread. */
    val weight: Long get() = if (isEmpty) 0 else cost

    /** Whether there is nothing to take. */
    val isEmpty: Boolean get() = channel.isEmpty || channel.isClosedForReceive

    /** Whether [give] is to be called: `select` finds nothing here. */
    val isHungry: Boolean get() = !closed && channel.isEmpty

    private fun open() = Channel(capacity = 1, onUndeliveredElement = putBack)

    /** Messages come again after [close]: one that was taken is given back. */
    fun reopen() {
        if (!closed) return
        closed = false
        channel = open()
    }

    /** Hands [message], which counts as [cost] octets, to a `select` that waits, or keeps it for the next. */
    fun give(message: E, cost: Long) {
        this.cost = cost
        check(channel.trySend(message).isSuccess) { "the bridge was not hungry" }
    }

    /** What was given but no `select` took. */
    fun take(): E? = channel.tryReceive().getOrNull()

    /** Nothing comes after what is here. */
    fun close(cause: Throwable?) {
        if (closed) return
        closed = true
        channel.close(cause)
    }
}
