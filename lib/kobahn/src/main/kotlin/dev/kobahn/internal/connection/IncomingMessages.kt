package dev.kobahn.internal.connection

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.ChannelIterator
import kotlinx.coroutines.channels.ChannelResult
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.selects.SelectClause1

/**
 * The messages between the loop, which [offer]s them, and the application, which receives them:
 * whole ones, or readers of their pieces.
 *
 * A suspended receiver is only told that there is something: the message stays in the queue until
 * a receiver that is running takes it. So nothing is in flight that a cancellation could lose, and
 * the order holds. `select` is served by [SelectBridge], since the type of its clauses is sealed;
 * once it was used, the head of the queue is always there.
 *
 * Everything is guarded by its own monitor; [owner] is called outside of it.
 */
@OptIn(InternalCoroutinesApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal abstract class IncomingMessages<E : Any>(val limit: Long, val owner: Owner) :
    ShortQueue<E>(),
    ReceiveChannel<E> {
    /** How many octets a waiting [message] counts as; many empty ones must not be for free. */
    protected abstract fun costOf(message: E): Long

    /** What the connection does for its receiver. */
    interface Owner {
        /** The dispatcher that runs what it is given as it is, if there is one. */
        val dispatcher: CoroutineDispatcher?

        /** Whether [tellAll] will be called when [job] is cancelled. */
        fun tellsWhenCancelled(job: Job): Boolean

        /** What a `receive` throws after a clean end, when iteration just ends. */
        fun closedException(): Throwable

        /** Before something is received: completes the opening handshake, now or soon, or ends receiving. */
        fun beforeReceive()

        /** What resumes a receiver of [dispatcher] when there is something. */
        fun resumer(dispatcher: CoroutineDispatcher): CoroutineDispatcher = dispatcher

        /** The queue was over its limit, and is no more. From the receiver's thread. */
        fun onRoom()

        /** The receiver took something, or gave it back. From its thread. */
        fun onTaken(): Unit = Unit

        /** The receiver took and handled everything there was and wants more. From the receiver's thread. */
        fun onIdle()
    }

    private var octets = 0L

    /** How many octets wait; from any thread, which may see an older number. */
    val weight: Long get() = octets + (bridge?.weight ?: 0)

    /** Who waits, mostly one at most: the first of a chain. */
    private var waiting: IncomingIterator<E>? = null

    /** Made when `select` is used. Set under the monitor. */
    @Volatile
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
        var over = false
        val receiver = synchronized(this) {
            if (!append(message)) return false
            over = octets > limit
            nextWaiting()
        }
        feedBridge()
        receiver?.tell()
        // Who was told may have taken it at once.
        return over && isFull
    }

    /** Adds a message, if it is wanted, of which [tell] then has to tell. On the loop. */
    fun add(message: E): Boolean = synchronized(this) { append(message) }

    /** Tells a receiver that waits of what there is. */
    fun tell() {
        feedBridge()
        synchronized(this) { nextWaiting() }?.tell()
    }

    private fun append(message: E): Boolean {
        if (isDiscarding || end != null) return false
        addLast(message)
        octets += costOf(message)
        return true
    }

    /** Whether more waits than the limit allows. */
    val isFull: Boolean get() = isOver(limit)

    /** Whether more than [bound] octets wait. */
    fun isOver(bound: Long): Boolean = synchronized(this) { octets > bound }

    /** No more messages: with [cause] null receiving ends quietly after those that wait, else it throws [cause]. */
    fun end(cause: Throwable?) {
        synchronized(this) {
            if (end == null) end = End(cause)
        }
        feedBridge()
        tellAll()
    }

    /** Receiving throws [cause] from now on, however it was to end. */
    fun fail(cause: Throwable) {
        synchronized(this) {
            end = End(cause)
            bridge?.reopen()
        }
        feedBridge()
        tellAll()
    }

    /** Has all who wait look again: at what there is, and whether they are cancelled. */
    fun tellAll() {
        var next = synchronized(this) { waiting.also { waiting = null } }
        while (next != null) {
            val receiver = next
            next = synchronized(this) { receiver.behind.also { receiver.behind = null } }
            receiver.tell()
        }
    }

    /** Forgets what waits. */
    fun forget() {
        synchronized(this) {
            bridge?.take()
            clear()
            octets = 0
        }
    }

    /** Forgets what waits and takes no more, while the end is yet to come. */
    fun discard() {
        release()
        owner.onRoom()
    }

    /** As [discard], and nobody is told. */
    fun release() {
        synchronized(this) {
            isDiscarding = true
            forget()
        }
    }

    /** Whether the application has taken everything; it may still have something in hand. */
    val isEmptied: Boolean get() = synchronized(this) { nothingWaits }

    private val nothingWaits get() = hasNone && bridge?.isEmpty != false

    /** How many messages the application has not taken. */
    val waitingCount: Int
        get() = synchronized(this) { count + if (bridge?.isEmpty != false) 0 else 1 }

    /** Whether the application has nothing to take and nothing in hand. */
    val isIdle: Boolean get() = synchronized(this) { !busy && nothingWaits }

    override suspend fun receive(): E {
        owner.beforeReceive()
        return take(coroutineContext) ?: receiveLater()
    }

    private suspend fun receiveLater(): E {
        val iterator = iterator()
        if (iterator.hasNext()) return iterator.next()
        throw owner.closedException()
    }

    override suspend fun receiveCatching(): ChannelResult<E> {
        owner.beforeReceive()
        val message = take(coroutineContext)
        return if (message != null) ChannelResult.success(message) else receiveCatchingLater()
    }

    private suspend fun receiveCatchingLater(): ChannelResult<E> = try {
        val iterator = iterator()
        val hasNext = iterator.hasNext()
        if (hasNext) ChannelResult.success(iterator.next()) else ChannelResult.closed(null)
    } catch (failure: Throwable) {
        if (failure !== end?.cause) throw failure
        ChannelResult.closed(failure)
    }

    override fun tryReceive(): ChannelResult<E> {
        owner.beforeReceive()
        val message = take()
        return when {
            message != null -> ChannelResult.success(message)
            isClosedForReceive -> ChannelResult.closed(end?.cause)
            else -> ChannelResult.failure()
        }
    }

    /** The next message, if one waits, for a coroutine of [context]; throws if it is cancelled. */
    fun take(context: CoroutineContext): E? {
        val message = take()
        if (!context.isActive) {
            if (message != null) putBack(message)
            context.ensureActive()
        }
        return message
    }

    /** Has [receiver] told when there is something; false if there is, or it is cancelled. */
    fun await(receiver: IncomingIterator<E>): Boolean = synchronized(this) {
        val waits = nothingWaits && end == null && receiver.context.isActive
        waits.also { if (it) addWaiting(receiver) }
    }

    private fun addWaiting(receiver: IncomingIterator<E>) {
        var last = waiting ?: return run { waiting = receiver }
        while (true) last = last.behind ?: break
        last.behind = receiver
    }

    /** Whether [receiver] was not told, and will not be. */
    fun withdraw(receiver: IncomingIterator<E>): Boolean = synchronized(this) {
        if (waiting === receiver) return removeFirstWaiting() != null
        var before = waiting ?: return false
        while (before.behind !== receiver) before = before.behind ?: return false
        before.behind = receiver.behind
        receiver.behind = null
        true
    }

    /** What [ChannelIterator.hasNext] returns or throws when nothing is left or comes. */
    fun hasNextAtEnd(): Boolean {
        end?.cause?.let { throw it }
        return false
    }

    private fun take(): E? {
        var room = false
        val message = synchronized(this) {
            val wasFull = octets > limit
            val next = bridge?.take() ?: removeFirstOrNull()?.also { octets -= costOf(it) }
            busy = next != null
            room = wasFull && octets <= limit
            next
        }
        feedBridge()
        if (room) owner.onRoom()
        if (message == null) owner.onIdle() else owner.onTaken()
        return message
    }

    private fun nextWaiting() = if (nothingWaits && end == null) null else removeFirstWaiting()

    private fun removeFirstWaiting(): IncomingIterator<E>? {
        val receiver = waiting ?: return null
        waiting = receiver.behind
        receiver.behind = null
        return receiver
    }

    private fun putBack(message: E) {
        val receiver = synchronized(this) {
            if (isDiscarding) return
            bridge?.take()?.let(::addInFront)
            addInFront(message)
            bridge?.reopen()
            nextWaiting()
        }
        feedBridge()
        receiver?.tell()
        owner.onTaken()
    }

    private fun addInFront(message: E) {
        addFirst(message)
        octets += costOf(message)
    }

    /**
     * Keeps the head of the queue, and at last its end, where `select` finds them. Code on
     * `Dispatchers.Unconfined` goes on after the monitor is left: it may wait for others who need it.
     */
    private fun feedBridge() {
        val bridge = bridge ?: return
        val hasRoom = resumingLater { synchronized(this) { feed(bridge) } }
        if (hasRoom) owner.onRoom()
    }

    /** Returns whether the queue was over its limit, and is no more. */
    private fun feed(bridge: SelectBridge<E>): Boolean {
        val wasFull = octets > limit
        while (bridge.isHungry) {
            val head = removeFirstOrNull() ?: break
            val cost = costOf(head)
            octets -= cost
            busy = true
            bridge.give(head, cost)
        }
        val end = end
        if (end != null && hasNone) bridge.close(end.cause)
        return wasFull && octets <= limit
    }

    private fun openBridge(): SelectBridge<E> {
        owner.beforeReceive()
        val bridge = madeBridge()
        feedBridge()
        val idle = synchronized(this) { nothingWaits.also { busy = !it } }
        if (idle) owner.onIdle() else owner.onRoom()
        owner.onTaken()
        return bridge
    }

    private fun madeBridge() = bridge ?: synchronized(this) {
        bridge ?: SelectBridge(::putBack).also { bridge = it }
    }

    override val onReceive: SelectClause1<E> get() = openBridge().channel.onReceive

    override val onReceiveCatching: SelectClause1<ChannelResult<E>>
        get() = openBridge().channel.onReceiveCatching

    override val isClosedForReceive: Boolean
        get() = synchronized(this) { end != null && nothingWaits }

    override val isEmpty: Boolean
        get() = synchronized(this) { end == null && nothingWaits }

    override fun cancel(cause: CancellationException?) {
        discard()
        end(cause ?: CancellationException("receiving was cancelled"))
        owner.onTaken()
    }

    @Deprecated("kept by the interface", level = DeprecationLevel.HIDDEN)
    override fun cancel(cause: Throwable?): Boolean {
        cancel(CancellationException("receiving was cancelled", cause))
        return true
    }

    override fun iterator(): ChannelIterator<E> = IncomingIterator(this)
}
