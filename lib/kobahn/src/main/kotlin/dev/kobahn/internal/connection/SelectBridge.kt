package dev.kobahn.internal.connection

import kotlin.coroutines.Continuation
import kotlin.coroutines.startCoroutine
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.Channel

/**
 * Serves `select` for [IncomingChannel]: only a channel of kotlinx.coroutines can make a clause. From
 * the first clause on, the head of the queue is kept in a channel of one element, so the order holds.
 * A message that a cancelled `select` had taken goes back to the queue through [putBack].
 *
 * The monitor of the queue guards everything, except what the channel does on its own.
 */
@OptIn(ExperimentalCoroutinesApi::class, DelicateCoroutinesApi::class)
internal class SelectBridge<E : Any>(private val putBack: (E) -> Unit) {
    /** The channel whose clauses are handed out. */
    @Volatile
    var channel: Channel<E> = open()
        private set

    private var closed = false

    /** The cost of the last message given, in bytes. */
    @Volatile
    private var cost = 0L

    /** The cost of the message that no `select` has taken yet, in bytes. From any thread. */
    val weight: Long get() = if (isEmpty) 0 else cost

    val isEmpty: Boolean get() = channel.isEmpty || channel.isClosedForReceive

    /** Whether [give] may be called: `select` finds nothing here. */
    val isHungry: Boolean get() = !closed && channel.isEmpty

    private fun open() = Channel(capacity = 1, onUndeliveredElement = putBack)

    /** Opens again after [close], because a message that was taken is put back. */
    fun reopen() {
        if (!closed) return
        closed = false
        channel = open()
    }

    /** Hands [message] of [cost] bytes to a `select` that waits, or keeps it for the next one. */
    fun give(message: E, cost: Long) {
        this.cost = cost
        check(channel.trySend(message).isSuccess) { "the bridge was not hungry" }
    }

    /** Takes back the message that no `select` has taken, or null. */
    fun take(): E? = channel.tryReceive().getOrNull()

    /** No message comes after the one that is here. */
    fun close(cause: Throwable?) {
        if (closed) return
        closed = true
        channel.close(cause)
    }
}

/**
 * Runs [block] and returns its result. Coroutines on `Dispatchers.Unconfined` that [block] resumes run
 * after it, so that their code does not run under the monitors that [block] holds.
 *
 * kotlinx.coroutines runs an unconfined coroutine that is resumed inside another one only after that.
 * So [block] runs in an unconfined coroutine, unless the thread is in one already: then the new
 * coroutine waits, and [block] runs at once.
 */
internal fun <T> resumingLater(block: () -> T): T {
    // A coroutine that waits proves that the thread runs another one.
    if (hasWaiting.get() != null) return block()
    var result: Result<T>? = null
    val once: suspend () -> Unit = {
        hasWaiting.remove()
        if (result == null) result = runCatching(block)
    }
    once.startCoroutine(Continuation(Dispatchers.Unconfined) {})
    if (result == null) {
        hasWaiting.set(true)
        result = runCatching(block)
    }
    return result.getOrThrow()
}

/** Set if a coroutine of [resumingLater] waits for the thread: more than one would only pile up. */
private val hasWaiting = ThreadLocal<Boolean>()
