package dev.kobahn.internal.connection

import dev.kobahn.MessageReader
import dev.kobahn.internal.connection.RealMessageReader.Piece
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Hands messages over while they arrive: a [MessageReader] as soon as one begins, then its pieces.
 * Keeps only what is not read yet; reading from the peer pauses when that is more than [limit] bytes.
 *
 * The monitor of this object guards everything. [listener] is called without it.
 */
internal class IncomingStreams(
    private val limit: Long,
    private val listener: IncomingChannel.Listener,
) : MessageSink {
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

    /** Pieces that count as [bytes] bytes are no longer kept. Called without the monitor. */
    fun released(bytes: Long) {
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

/**
 * The pieces of one message between the loop, which adds them, and the application, which reads them.
 * A piece stays here until a coroutine that is running takes it; a suspended reader is only resumed to
 * look. So a cancelled read loses nothing.
 *
 * The monitor of [owner], which counts the waiting bytes, guards everything.
 */
internal class RealMessageReader(
    override val type: MessageType,
    private val owner: IncomingStreams,
) : MessageReader {
    /** A part of a message, in the order of arrival. */
    sealed class Piece(val cost: Long) {
        class FrameBegin(val length: Long) : Piece(MIN_MESSAGE_COST)

        class Data(val bytes: ByteArray) : Piece(maxOf(bytes.size.toLong(), MIN_MESSAGE_COST))

        object FrameEnd : Piece(0)
    }

    private val pieces = ArrayDeque<Piece>()
    private var waiting: CancellableContinuation<Unit>? = null
    private var frame: Frame? = null

    /** Whether nothing is added any more: the message is complete, or will never be. */
    private var ended = false
    private var failure: (() -> Throwable)? = null

    /** Whether everything has arrived and was read, or nothing more is wanted. */
    val isDone: Boolean get() = synchronized(owner) { ended && pieces.isEmpty() }

    /** Whether the message will not be completed, or is not wanted. */
    val hasFailed: Boolean get() = synchronized(owner) { failure != null }

    val hasBytes: Boolean get() = synchronized(owner) { pieces.any { it is Piece.Data } }

    /** Adds [piece]. Returns false if it is not wanted any more. On the loop. */
    fun add(piece: Piece): Boolean {
        val reader = synchronized(owner) {
            if (ended) return false
            pieces.addLast(piece)
            takeWaiting()
        }
        reader?.resume(Unit)
        return true
    }

    fun complete() {
        synchronized(owner) { end(null) }?.resume(Unit)
    }

    /** No more pieces come. Those that are not read are discarded, and reading throws what [cause] makes. */
    fun fail(cause: () -> Throwable) {
        val forgotten: Long
        val reader = synchronized(owner) {
            if (isDone) return
            forgotten = pieces.sumOf { it.cost }
            pieces.clear()
            end(cause)
        }
        owner.released(forgotten)
        reader?.resume(Unit)
    }

    /**
     * Discards the pieces that are not read, and returns the bytes they counted as: the owner is not told
     * that they are released. [fail] has to follow; until then the message is incomplete.
     */
    fun forget(): Long = synchronized(owner) {
        if (isDone) return 0
        var forgotten = 0L
        for (index in pieces.indices) forgotten += pieces[index].cost
        pieces.clear()
        ended = false
        forgotten
    }

    private fun end(cause: (() -> Throwable)?): CancellableContinuation<Unit>? {
        ended = true
        failure = failure ?: cause
        return takeWaiting()
    }

    private fun takeWaiting() = waiting.also { waiting = null }

    /** Hands the pieces that are here over to [sink]. On the loop. */
    fun moveTo(sink: MessageSink) {
        for (piece in synchronized(owner) { pieces.toList() }) {
            when (piece) {
                is Piece.FrameBegin -> sink.beginFrame(piece.length)
                is Piece.Data -> sink.data(ByteBuffer.wrap(piece.bytes))
                is Piece.FrameEnd -> sink.endFrame()
            }
        }
    }

    override suspend fun read(): ByteArray? {
        while (true) {
            val piece = next() ?: return null
            if (piece is Piece.Data) return piece.bytes
            // The next piece belongs to another frame.
            frame = null
        }
    }

    override suspend fun nextFrame(): MessageReader.Frame? {
        frame = null
        while (true) {
            val piece = next() ?: return null
            if (piece is Piece.FrameBegin) return Frame(piece.length).also { frame = it }
        }
    }

    /** Removes the next piece; null at the end of the message. */
    private suspend fun next(): Piece? {
        while (true) {
            // Before anything is taken, and nothing suspends after it.
            coroutineContext.ensureActive()
            val isEnd: Boolean
            val piece = synchronized(owner) { pieces.removeFirstOrNull().also { isEnd = ended } }
            if (piece != null) {
                owner.released(piece.cost)
                return piece
            }
            if (isEnd) {
                failure?.let { throw it() }
                return null
            }
            suspendCancellableCoroutine(::await)
        }
    }

    private fun await(reader: CancellableContinuation<Unit>) {
        synchronized(owner) {
            // One that was cancelled waits no more.
            check(waiting?.isActive != true) { "two coroutines read the same message" }
            if (pieces.isEmpty() && !ended) {
                waiting = reader
                return
            }
        }
        reader.resume(Unit)
    }

    private inner class Frame(override val length: Long) : MessageReader.Frame {
        private var isRead = false

        override suspend fun read(): ByteArray? {
            check(frame === this) { "the next frame was asked for" }
            if (isRead) return null
            val piece = next()
            isRead = piece !is Piece.Data
            return (piece as? Piece.Data)?.bytes
        }
    }
}
