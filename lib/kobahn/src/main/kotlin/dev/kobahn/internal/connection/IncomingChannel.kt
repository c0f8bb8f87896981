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
 * The channel between the loop, which [offer]s messages, and the application, which receives them:
 * whole messages, or readers of messages in pieces.
 *
 * A message stays in the queue until a receiver that is running takes it. A suspended receiver is
 * only resumed to look. So no message is in flight that a cancellation could lose, and the order
 * holds. `select` is served by [SelectBridge], since the type of its clauses is sealed; after its
 * first use the head of the queue is always kept in the bridge.
 *
 * The monitor of this object guards everything. [listener] is called without it.
 */
@OptIn(InternalCoroutinesApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class IncomingChannel<E : Any>(
    val limit: Long,
    val listener: Listener,
    private val cost: Cost<E>,
) : ReceiveChannel<E> {
    /** The connection, as its receivers need it. From the receiver's thread, except [onFull]. */
    interface Listener {
        /** The dispatcher of the connection's loop, or null if the loop has none. */
        val dispatcher: CoroutineDispatcher?

        /** Returns what resumes receivers that run on [dispatcher]. */
        fun resumer(dispatcher: CoroutineDispatcher): CoroutineDispatcher = dispatcher

        /** Whether [resumeAll] will be called when [job] is cancelled. */
        fun resumesOnCancellation(job: Job): Boolean

        /** Makes the exception that `receive` throws after a clean end. Iteration just ends. */
        fun closedException(): Throwable

        /** The application is about to receive. Completes the opening handshake if that is to be done. */
        fun onReceive()

        /** More messages wait than the limit allows. On the loop. */
        fun onFull()

        /** The queue was over its limit, and is no more. */
        fun onSpace()

        /** The receiver took a message, or gave it back. */
        fun onTaken(): Unit = Unit

        /** The receiver has taken and handled every message, and wants another one. */
        fun onIdle()
    }

    /** Returns the bytes that a waiting message counts as: many empty messages must not be free. */
    fun interface Cost<E> {
        fun of(message: E): Long
    }

    private val queue = ShortQueue<E>()
    private var bytes = 0L

    /** The bytes that wait. From any thread, which may see an older number. */
    val weight: Long get() = bytes + (bridge?.weight ?: 0)

    /** The first of the receivers that wait, which are a chain; mostly there is one at most. */
    private var waiting: IncomingChannelIterator<E>? = null

    /** Made when `select` is used. Set under the monitor. */
    @Volatile
    private var bridge: SelectBridge<E>? = null

    /** Whether a receiver has taken a message and has not come back for the next one. */
    private var isHandling = false
    private var end: End? = null

    @Volatile
    var isDiscarding = false
        private set

    /** The end of receiving. A null [cause] ends iteration quietly. */
    class End(val cause: Throwable?)

    /** Adds a message and resumes a receiver. Returns whether reading has to pause. On the loop. */
    fun offer(message: E): Boolean {
        val isFull: Boolean
        val receiver = synchronized(this) {
            if (!append(message)) return false
            isFull = bytes > limit
            nextWaiting()
        }
        feedBridge()
        receiver?.wakeUp()
        // The receiver may have taken the message at once.
        return isFull && this.isFull
    }

    /** Adds a message, and returns whether it is wanted. [resumeOne] has to follow. On the loop. */
    fun add(message: E): Boolean = synchronized(this) { append(message) }

    /** Resumes a receiver if there is something to take. */
    fun resumeOne() {
        feedBridge()
        synchronized(this) { nextWaiting() }?.wakeUp()
    }

    private fun append(message: E): Boolean {
        if (isDiscarding || end != null) return false
        queue.addLast(message)
        bytes += cost.of(message)
        return true
    }

    val isFull: Boolean get() = isOver(limit)

    fun isOver(bound: Long): Boolean = synchronized(this) { bytes > bound }

    /**
     * No more messages come. Receiving ends after those that wait: quietly if [cause] is null, else by
     * throwing [cause].
     */
    fun end(cause: Throwable?) {
        synchronized(this) {
            if (end == null) end = End(cause)
        }
        feedBridge()
        resumeAll()
    }

    /** From now on receiving throws [cause], whatever [end] was told. */
    fun fail(cause: Throwable) {
        synchronized(this) {
            end = End(cause)
            bridge?.reopen()
        }
        feedBridge()
        resumeAll()
    }

    /** Resumes every receiver, so that it looks for a message and whether it is cancelled. */
    fun resumeAll() {
        var next = synchronized(this) { waiting.also { waiting = null } }
        while (next != null) {
            val receiver = next
            next = synchronized(this) { receiver.behind.also { receiver.behind = null } }
            receiver.wakeUp()
        }
    }

    /** Discards the messages that wait. */
    fun forget() {
        synchronized(this) {
            bridge?.take()
            queue.clear()
            bytes = 0
        }
    }

    /** Discards the messages that wait or are offered. The end is still to come. */
    fun discard() {
        release()
        listener.onSpace()
    }

    /** Discards as [discard] does, without a word to [listener]. */
    fun release() {
        synchronized(this) {
            isDiscarding = true
            forget()
        }
    }

    /** Whether the application has taken every message. It may still be handling one. */
    val isEmptied: Boolean get() = synchronized(this) { nothingWaits }

    private val nothingWaits get() = queue.isEmpty && bridge?.isEmpty != false

    /** The number of messages that the application has not taken. */
    val waitingCount: Int
        get() = synchronized(this) { queue.count + if (bridge?.isEmpty != false) 0 else 1 }

    /** Whether the application has taken and handled every message. */
    val isIdle: Boolean get() = synchronized(this) { !isHandling && nothingWaits }

    override suspend fun receive(): E {
        listener.onReceive()
        return take(coroutineContext) ?: receiveLater()
    }

    private suspend fun receiveLater(): E {
        val iterator = iterator()
        if (iterator.hasNext()) return iterator.next()
        throw listener.closedException()
    }

    override suspend fun receiveCatching(): ChannelResult<E> {
        listener.onReceive()
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
        listener.onReceive()
        val message = take()
        return when {
            message != null -> ChannelResult.success(message)
            isClosedForReceive -> ChannelResult.closed(end?.cause)
            else -> ChannelResult.failure()
        }
    }

    /** Takes the next message, or null, for a coroutine of [context]. Throws if that is cancelled. */
    fun take(context: CoroutineContext): E? {
        val message = take()
        if (!context.isActive) {
            if (message != null) putBack(message)
            context.ensureActive()
        }
        return message
    }

    /**
     * Adds [receiver] to those that are resumed when there is something to take. Returns false if there
     * is already, or if the receiver is cancelled.
     */
    fun await(receiver: IncomingChannelIterator<E>): Boolean = synchronized(this) {
        val waits = nothingWaits && end == null && receiver.context.isActive
        waits.also { if (it) addWaiting(receiver) }
    }

    private fun addWaiting(receiver: IncomingChannelIterator<E>) {
        var last = waiting ?: return run { waiting = receiver }
        while (true) last = last.behind ?: break
        last.behind = receiver
    }

    /** Removes [receiver] from those that wait. Returns false if it was resumed before. */
    fun withdraw(receiver: IncomingChannelIterator<E>): Boolean = synchronized(this) {
        if (waiting === receiver) return removeFirstWaiting() != null
        var before = waiting ?: return false
        while (before.behind !== receiver) before = before.behind ?: return false
        before.behind = receiver.behind
        receiver.behind = null
        true
    }

    /** Returns or throws what [ChannelIterator.hasNext] does at the end. */
    fun hasNextAtEnd(): Boolean {
        end?.cause?.let { throw it }
        return false
    }

    private fun take(): E? {
        var room = false
        val message = synchronized(this) {
            val wasFull = bytes > limit
            val next = bridge?.take() ?: queue.removeFirstOrNull()?.also { bytes -= cost.of(it) }
            isHandling = next != null
            room = wasFull && bytes <= limit
            next
        }
        feedBridge()
        if (room) listener.onSpace()
        if (message == null) listener.onIdle() else listener.onTaken()
        return message
    }

    private fun nextWaiting() = if (nothingWaits && end == null) null else removeFirstWaiting()

    private fun removeFirstWaiting(): IncomingChannelIterator<E>? {
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
        receiver?.wakeUp()
        listener.onTaken()
    }

    private fun addInFront(message: E) {
        queue.addFirst(message)
        bytes += cost.of(message)
    }

    /**
     * Moves the head of the queue, and at last its end, to where `select` finds them. Coroutines on
     * `Dispatchers.Unconfined` that this resumes run after the monitor is released: they may wait for
     * a thread that needs it.
     */
    private fun feedBridge() {
        val bridge = bridge ?: return
        val hasRoom = resumingLater { synchronized(this) { feed(bridge) } }
        if (hasRoom) listener.onSpace()
    }

    /** Returns whether the queue was over its limit, and is no more. */
    private fun feed(bridge: SelectBridge<E>): Boolean {
        val wasFull = bytes > limit
        while (bridge.isHungry) {
            val head = queue.removeFirstOrNull() ?: break
            val size = cost.of(head)
            bytes -= size
            isHandling = true
            bridge.give(head, size)
        }
        val end = end
        if (end != null && queue.isEmpty) bridge.close(end.cause)
        return wasFull && bytes <= limit
    }

    private fun openBridge(): SelectBridge<E> {
        listener.onReceive()
        val bridge = madeBridge()
        feedBridge()
        val idle = synchronized(this) { nothingWaits.also { isHandling = !it } }
        if (idle) listener.onIdle() else listener.onSpace()
        listener.onTaken()
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
        listener.onTaken()
    }

    @Deprecated("kept by the interface", level = DeprecationLevel.HIDDEN)
    override fun cancel(cause: Throwable?): Boolean {
        cancel(CancellationException("receiving was cancelled", cause))
        return true
    }

    override fun iterator(): ChannelIterator<E> = IncomingChannelIterator(this)
}

/**
 * A queue of mostly one element at most: only the elements behind the first need an array. Saves a
 * connection at rest the 80 bytes of an `ArrayDeque` that was used once. Not thread-safe.
 */
internal class ShortQueue<E : Any> {
    private var first: E? = null
    private var others: ArrayDeque<E>? = null

    val count: Int get() = if (first == null) 0 else 1 + (others?.size ?: 0)

    val isEmpty: Boolean get() = first == null

    fun addLast(element: E) {
        if (first == null) first = element else others().addLast(element)
    }

    fun addFirst(element: E) {
        first?.let(others()::addFirst)
        first = element
    }

    private fun others() = others ?: ArrayDeque<E>().also { others = it }

    fun removeFirstOrNull(): E? = first.also { first = others?.removeFirstOrNull() }

    fun clear() {
        first = null
        others = null
    }
}
