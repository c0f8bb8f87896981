package dev.kobahn.internal.connection

import dev.kobahn.MessageReader
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * The pieces of one message between the loop, which adds them, and the application, which reads them.
 * A piece stays here until a coroutine that is running takes it; a suspended reader is only resumed to
 * look. So a cancelled read loses nothing.
 *
 * The monitor of [owner], which counts the waiting bytes, guards everything.
 */
internal class RealMessageReader(override val type: MessageType, private val owner: Owner) :
    MessageReader {
    /** The owner of all readers of a connection. */
    interface Owner {
        /** Pieces that count as [bytes] bytes are no longer kept. Called without the monitor. */
        fun released(bytes: Long)
    }

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

    /** Whether bytes wait to be read. */
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

    /** The message is complete. On the loop. */
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

    /** Returns the reader that waits. */
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
