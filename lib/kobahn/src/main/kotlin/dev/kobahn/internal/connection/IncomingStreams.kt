package dev.kobahn.internal.connection

import dev.kobahn.MessageReader
import dev.kobahn.internal.connection.RealMessageReader.Piece
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer

/**
 * Hands messages over while they arrive: a [MessageReader] as soon as one begins, then its pieces.
 * Keeps only what is not read yet; reading from the peer pauses when that is more than [limit] bytes.
 *
 * The monitor of this object guards everything. [listener] is called without it.
 */
internal class IncomingStreams(
    private val limit: Long,
    private val listener: IncomingChannel.Listener,
) : MessageSink,
    RealMessageReader.Owner {
    /** The readers that are not at their message's end. Those that nobody has taken are the last. */
    private val open = ArrayDeque<RealMessageReader>()
    private var writing: RealMessageReader? = null
    private var bytes = 0L

    /** The bytes that wait. From any thread, which may see an older number. */
    val weight: Long get() = bytes + readers.weight

    /** The channel of which the application receives readers. */
    val readers: IncomingChannel<MessageReader> =
        IncomingChannel(limit, ReaderListener()) { MIN_MESSAGE_COST }

    private inner class ReaderListener : IncomingChannel.Listener by listener {
        override fun onReceive() {
            supersede()
            listener.onReceive()
        }

        override fun onSpace() {
            if (readers.isDiscarding) failAll()
            listener.onSpace()
        }
    }

    val isFull: Boolean get() = isOver(limit)

    /** Whether more than [bound] bytes wait. */
    fun isOver(bound: Long): Boolean = synchronized(this) { bytes > bound } || readers.isOver(bound)

    val isEmptied: Boolean get() = synchronized(this) { bytes == 0L } && readers.isEmptied

    val isIdle: Boolean get() = synchronized(this) { bytes == 0L } && readers.isIdle

    override fun beginMessage(type: MessageType) {
        val reader = RealMessageReader(type, this)
        // In one step: a reader that is open and not in the queue counts as taken.
        val isWanted = synchronized(this) {
            readers.add(reader).also { if (it) open.addLast(reader) }
        }
        if (!isWanted) return
        writing = reader
        readers.resumeOne()
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
        if (isFull) listener.onFull()
    }

    private fun add(piece: Piece) {
        // Counted first, because it may be read at once.
        synchronized(this) { bytes += piece.cost }
        val isWanted = writing?.add(piece) ?: false
        if (!isWanted) released(piece.cost)
        if (isFull) listener.onFull()
    }

    override fun abandon() {
        writing?.fail(listener::closedException)
        writing = null
    }

    /** Receiving ends after the messages that wait: quietly if [cause] is null, else by throwing it. */
    fun end(cause: Throwable?) {
        readers.end(cause)
        if (readers.isDiscarding) failAll()
        abandon()
    }

    /** Discards the messages that wait or arrive. */
    fun discard() = readers.discard()

    /** Discards the messages that wait, and the rest of the one that is arriving. On the loop. */
    fun forget() {
        readers.forget()
        failAll()
    }

    /** Discards as [discard] does. A coroutine that reads learns it by [end]. Allocates nothing. */
    fun release() {
        readers.release()
        writing = null
        synchronized(this) {
            // A piece that a reader is taking at this moment is released by that reader.
            for (index in open.indices) bytes -= open[index].forget()
        }
    }

    /** After [release]: receiving throws [cause], and so does reading a message taken before. */
    fun fail(cause: Throwable) {
        readers.fail(cause)
        failAll()
    }

    /** Whether the beginning of the message that is arriving was discarded. On the loop. */
    val isOpenForgotten: Boolean get() = writing?.hasFailed == true

    private fun failAll() {
        val all = synchronized(this) { open.toList().also { open.clear() } }
        all.forEach { it.fail(listener::closedException) }
    }

    /**
     * Moves the messages that wait to [sink], which takes all that follow. On the loop, before any
     * message was taken.
     */
    fun moveTo(sink: MessageSink) {
        val readers = synchronized(this) { open.toList() }
        for (reader in readers) {
            if (reader.hasFailed) continue
            sink.beginMessage(reader.type)
            reader.moveTo(sink)
            if (reader !== writing) sink.endMessage()
        }
    }

    override fun released(bytes: Long) {
        val hasRoom = synchronized(this) {
            val wasFull = this.bytes > limit
            this.bytes -= bytes
            wasFull && this.bytes <= limit
        }
        if (hasRoom) listener.onSpace()
        listener.onTaken()
    }

    /** A coroutine that asks for the next message has done with those before it. */
    private fun supersede() {
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
}
