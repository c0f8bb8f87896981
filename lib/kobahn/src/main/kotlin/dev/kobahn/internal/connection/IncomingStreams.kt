package dev.kobahn.internal.connection

import dev.kobahn.MessageReader
import dev.kobahn.internal.connection.RealMessageReader.Piece
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job

/**
 * Hands messages over while they arrive: a [MessageReader] as soon as one begins, then its pieces.
 * Only what is not yet read is kept; reading from the peer pauses when that is more than [limit]
 * octets.
 *
 * Guarded by its own monitor; [owner] is called outside of it.
 */
internal class IncomingStreams(private val limit: Long, private val owner: Owner) :
    MessageSink,
    RealMessageReader.Owner,
    IncomingMessages.Owner {
    /** What the connection does for its streams. */
    interface Owner : IncomingMessages.Owner {
        /** More waits than the limit allows. On the loop. */
        fun onFull()
    }

    /** The readers of messages that are not completely read; those not yet taken are the last. */
    private val open = ArrayDeque<RealMessageReader>()
    private var writing: RealMessageReader? = null
    private var octets = 0L

    /** How many octets wait; from any thread, which may see an older number. */
    val weight: Long get() = octets + readers.weight

    /** What the application receives. */
    val readers: IncomingMessages<MessageReader> =
        object : IncomingMessages<MessageReader>(limit, this) {
            override fun costOf(message: MessageReader) = LEAST
        }

    val isFull: Boolean get() = isOver(limit)

    /** Whether more than [bound] octets wait. */
    fun isOver(bound: Long): Boolean =
        synchronized(this) { octets > bound } || readers.isOver(bound)

    val isEmptied: Boolean get() = synchronized(this) { octets == 0L } && readers.isEmptied

    val isIdle: Boolean get() = synchronized(this) { octets == 0L } && readers.isIdle

    override fun beginMessage(type: MessageType) {
        val reader = RealMessageReader(type, this)
        // In one step, for what is open and not in the queue counts as taken.
        val isWanted = synchronized(this) {
            readers.add(reader).also { if (it) open.addLast(reader) }
        }
        if (!isWanted) return
        writing = reader
        readers.tell()
    }

    override fun beginFrame(length: Long) = add(Piece.FrameBegin(length))

    override fun data(chunk: ByteBuffer) {
        if (chunk.hasRemaining()) add(Piece.Data(ByteArray(chunk.remaining()).also(chunk::get)))
    }

    override fun endFrame() = add(Piece.FrameEnd)

    override fun endMessage() {
        writing?.complete()
        writing = null
        forgetDone()
        if (isFull) owner.onFull()
    }

    private fun add(piece: Piece) {
        // Counted first, for it may be read at once.
        synchronized(this) { octets += piece.cost }
        val isWanted = writing?.add(piece) ?: false
        if (!isWanted) released(piece.cost)
        if (isFull) owner.onFull()
    }

    override fun abandon() {
        writing?.fail(owner::closedException)
        writing = null
    }

    /** Receiving ends: quietly after what waits if [cause] is null, else it throws that. */
    fun end(cause: Throwable?) {
        readers.end(cause)
        if (readers.isDiscarding) failAll()
        abandon()
    }

    /** Forgets what waits and takes no more. */
    fun discard() = readers.discard()

    /** Forgets what waits, the rest of the message that is open included. On the loop. */
    fun forget() {
        readers.forget()
        failAll()
    }

    /** Forgets what waits and takes no more; who reads it is told by [end]. Allocates nothing. */
    fun release() {
        readers.release()
        writing = null
        synchronized(this) {
            // What a reader has in hand at this moment is not among it: that is released by itself.
            for (index in open.indices) octets -= open[index].forget()
        }
    }

    /** After [release], receiving throws [cause], and so does reading what was received in part. */
    fun fail(cause: Throwable) {
        readers.fail(cause)
        failAll()
    }

    /** Whether the message that comes was forgotten, as far as it had come. On the loop. */
    val isOpenForgotten: Boolean get() = writing?.hasFailed == true

    private fun failAll() {
        val all = synchronized(this) { open.toList().also { open.clear() } }
        all.forEach { it.fail(owner::closedException) }
    }

    /** Hands what waits over to [sink], which takes what follows. On the loop, before anything was taken. */
    fun moveTo(sink: MessageSink) {
        val readers = synchronized(this) { open.toList() }
        for (reader in readers) {
            if (reader.hasFailed) continue
            sink.beginMessage(reader.type)
            reader.moveTo(sink)
            if (reader !== writing) sink.endMessage()
        }
    }

    override fun released(octets: Long) {
        val hasRoom = synchronized(this) {
            val wasFull = this.octets > limit
            this.octets -= octets
            wasFull && this.octets <= limit
        }
        if (hasRoom) owner.onRoom()
        owner.onTaken()
    }

    /** Whoever receives the next message has done with those before it. */
    private fun superseded() {
        val left = synchronized(this) {
            List(maxOf(0, open.size - readers.waitingCount)) { open.removeFirst() }
        }
        left.forEach { it.fail(::supersededException) }
    }

    private fun supersededException() = IllegalStateException("the next message was asked for")

    private fun forgetDone() {
        synchronized(this) {
            while (open.size > readers.waitingCount && open.first().isDone) open.removeFirst()
        }
    }

    override val dispatcher get() = owner.dispatcher

    override fun resumer(dispatcher: CoroutineDispatcher) = owner.resumer(dispatcher)

    override fun tellsWhenCancelled(job: Job): Boolean = owner.tellsWhenCancelled(job)

    override fun beforeReceive() {
        superseded()
        owner.beforeReceive()
    }

    override fun onRoom() {
        if (readers.isDiscarding) failAll()
        owner.onRoom()
    }

    override fun onIdle() = owner.onIdle()

    override fun onTaken() = owner.onTaken()

    override fun closedException(): Throwable = owner.closedException()

    private companion object {
        const val LEAST = 64L
    }
}
