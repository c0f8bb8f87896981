package dev.kobahn.internal.connection

import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.channels.ChannelIterator
import kotlinx.coroutines.channels.ChannelResult
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.selects.SelectClause1
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * The messages between the loop, which [offer]s them, and the application, which receives them:
 * whole ones, or readers of their pieces.
 *
 * A suspended receiver is only told that there is something: the message stays in the queue until
 * a receiver that is running takes it. So nothing is in flight that a cancellation could lose, and
 * the order holds. `select` is served by [SelectBridge], since the type of its clauses is sealed;
 * once it was used, the head of the queue is always there.
 *
 * Everything is guarded by the monitor of the queue; [owner] is called outside of it.
 */
@OptIn(InternalCoroutinesApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class IncomingMessages<E : Any>(
    val limit: Long,
    private val owner: Owner,
    private val cost: Cost<E>,
) : ReceiveChannel<E> {
    /** How many octets a waiting message counts as; many empty ones must not be for free. */
    fun interface Cost<E> {
        fun of(message: E): Long
    }

    /** What the connection does for its receiver. */
    interface Owner {
        /** Before anything is received: completes the opening handshake if that was not done. */
        suspend fun beforeReceive()

        /** As [beforeReceive] where nothing suspends: has the opening handshake completed soon. */
        fun beforeSelect()

        /** The queue was over its limit, and is no more. From the receiver's thread. */
        fun onRoom()

        /** The receiver took and handled everything there was and wants more. From the receiver's thread. */
        fun onIdle()
    }

    private val queue = ShortQueue<E>()
    private var octets = 0L
    private val waiting = ShortQueue<CancellableContinuation<Unit>>()

    /** Made when `select` is used. */
    private var bridge: SelectBridge<E>? = null

    /** Whether a message was taken and the receiver has not come back for the next. */
    private var busy = false
    private var end: End? = null

    /** Whether nothing more is taken: see [discard]. */
    @Volatile
    var isDiscarding = false
        private set

    /** How receiving ends; a null [cause] ends iteration quietly. */
    private class End(val cause: Throwable?)

    /** Adds a message. Returns whether the queue is over its limit, so that reading has to pause. On the loop. */
    fun offer(message: E): Boolean {
        val receiver = synchronized(queue) {
            if (!append(message)) return false
            nextWaiting()
        }
        resumeWaiting(receiver)
        return isFull
    }

    /** Adds a message, if it is wanted, of which [tell] then has to tell. On the loop. */
    fun add(message: E): Boolean = synchronized(queue) { append(message) }

    /** Tells a receiver that waits of what there is. */
    fun tell() = resumeWaiting(synchronized(queue) { nextWaiting() })

    private fun append(message: E): Boolean {
        if (isDiscarding || end != null) return false
        queue.addLast(message)
        octets += cost.of(message)
        feedBridge()
        return true
    }

    /** Whether more waits than the limit allows. */
    val isFull: Boolean get() = isOver(limit)

    /** Whether more than [bound] octets wait. */
    fun isOver(bound: Long): Boolean = synchronized(queue) { octets > bound }

    /** No more messages: with [cause] null receiving ends quietly after those that wait, else it throws [cause]. */
    fun end(cause: Throwable?) {
        val receivers = synchronized(queue) {
            if (end != null) return
            end = End(cause)
            feedBridge()
            waiting.toList().also { waiting.clear() }
        }
        receivers.forEach(::resumeWaiting)
    }

    /** Forgets what waits and takes no more, while the end is yet to come. */
    fun discard() {
        synchronized(queue) {
            isDiscarding = true
            bridge?.take()
            queue.clear()
            octets = 0
        }
        owner.onRoom()
    }

    /** Whether the application has taken everything; it may still have something in hand. */
    val isEmptied: Boolean get() = synchronized(queue) {
        queue.isEmpty() && bridge?.isEmpty != false
    }

    /** How many messages the application has not taken. */
    val waitingCount: Int
        get() = synchronized(queue) { queue.size + if (bridge?.isEmpty != false) 0 else 1 }

    /** Whether the application has nothing to take and nothing in hand. */
    val isIdle: Boolean get() = synchronized(queue) { !busy && isEmptied }

    override suspend fun receive(): E {
        val message = nextOrNull()
        if (message != null) return message
        throw end?.cause ?: ClosedReceiveChannelException("the connection was closed")
    }

    override suspend fun receiveCatching(): ChannelResult<E> {
        val message = nextOrNull() ?: return ChannelResult.closed(end?.cause)
        return ChannelResult.success(message)
    }

    override fun tryReceive(): ChannelResult<E> {
        owner.beforeSelect()
        val message = take()
        return when {
            message != null -> ChannelResult.success(message)
            isClosedForReceive -> ChannelResult.closed(end?.cause)
            else -> ChannelResult.failure()
        }
    }

    /** The next message; null if there is none and will be none. */
    private suspend fun nextOrNull(): E? {
        owner.beforeReceive()
        while (true) {
            val message = take()
            if (!coroutineContext.isActive) {
                if (message != null) putBack(message)
                coroutineContext.ensureActive()
            }
            if (message != null || isClosedForReceive) return message
            suspendCancellableCoroutine(::await)
        }
    }

    private fun await(receiver: CancellableContinuation<Unit>) {
        val waits = synchronized(queue) {
            (isEmptied && end == null).also { if (it) waiting.addLast(receiver) }
        }
        if (waits) {
            receiver.invokeOnCancellation { synchronized(queue) { waiting.remove(receiver) } }
        } else {
            receiver.resume(Unit, wakeNext)
        }
    }

    private fun take(): E? {
        var room = false
        val message = synchronized(queue) {
            val wasFull = isFull
            val next = bridge?.take() ?: queue.removeFirstOrNull()?.also { octets -= cost.of(it) }
            feedBridge()
            busy = next != null
            room = wasFull && !isFull
            next
        }
        if (room) owner.onRoom()
        if (message == null) owner.onIdle()
        return message
    }

    /** A receiver that was told of a message but cancelled before it ran: another one may take it. */
    private val wakeNext: (Throwable, Unit, Any?) -> Unit = { _, _, _ ->
        resumeWaiting(synchronized(queue) { nextWaiting() })
    }

    private fun nextWaiting() = if (isEmptied && end == null) null else waiting.removeFirstOrNull()

    private fun resumeWaiting(receiver: CancellableContinuation<Unit>?) {
        receiver?.resume(Unit, wakeNext)
    }

    private fun putBack(message: E) {
        val receiver = synchronized(queue) {
            if (isDiscarding) return
            bridge?.take()?.let(::addFirst)
            addFirst(message)
            bridge?.reopen()
            feedBridge()
            nextWaiting()
        }
        resumeWaiting(receiver)
    }

    private fun addFirst(message: E) {
        queue.addFirst(message)
        octets += cost.of(message)
    }

    /** Keeps the head of the queue, and at last its end, where `select` finds them. */
    private fun feedBridge() {
        val bridge = bridge ?: return
        while (bridge.isHungry) {
            val head = queue.removeFirstOrNull() ?: break
            octets -= cost.of(head)
            busy = true
            bridge.give(head)
        }
        val end = end
        if (end != null && queue.isEmpty()) bridge.close(end.cause)
    }

    private fun openBridge(): SelectBridge<E> {
        owner.beforeSelect()
        val bridge: SelectBridge<E>
        val idle = synchronized(queue) {
            bridge = this.bridge ?: SelectBridge(::putBack).also { this.bridge = it }
            feedBridge()
            isEmptied.also { busy = !it }
        }
        if (idle) owner.onIdle() else owner.onRoom()
        return bridge
    }

    override val onReceive: SelectClause1<E> get() = openBridge().channel.onReceive

    override val onReceiveCatching: SelectClause1<ChannelResult<E>>
        get() = openBridge().channel.onReceiveCatching

    override val isClosedForReceive: Boolean
        get() = synchronized(queue) { end != null && isEmptied }

    override val isEmpty: Boolean
        get() = synchronized(queue) { end == null && isEmptied }

    override fun cancel(cause: CancellationException?) {
        discard()
        end(cause ?: CancellationException("receiving was cancelled"))
    }

    @Deprecated("kept by the interface", level = DeprecationLevel.HIDDEN)
    override fun cancel(cause: Throwable?): Boolean {
        cancel(CancellationException("receiving was cancelled", cause))
        return true
    }

    override fun iterator(): ChannelIterator<E> = object : ChannelIterator<E> {
        private var next: E? = null

        override suspend fun hasNext(): Boolean {
            if (next == null) next = nextOrNull()
            if (next == null) end?.cause?.let { throw it }
            return next != null
        }

        override fun next(): E {
            val message = checkNotNull(next) { "hasNext was not called or returned false" }
            next = null
            return message
        }
    }
}
