package dev.kobahn.internal.transport

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.ByteStreamListener
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.logSafely
import dev.kobahn.protocol.ByteQueue
import java.io.IOException
import java.nio.ByteBuffer

/**
 * A [ByteStream] of another server or client as a transport. Its stream may come later, by
 * [attach]; until then what is sent waits in [output].
 *
 * The stream's threads hand each chunk of input over to the [loop]. The next chunk is asked for
 * when this one was taken, so at most one waits here. Writing is the same: one chunk of [output] is
 * on its way, written by the loop or by the thread that sends, and the end of a write begins
 * the next.
 *
 * If a listener or the stream throws, the transport is closed.
 *
 * @param head the number of bytes that the host has read from the peer already
 */
internal class StreamTransport(
    override val loop: Loop,
    private val details: StreamDetails,
    head: Int = 0,
) : Transport {
    private enum class Writing {
        IDLE,

        /** `write` of the stream was called and has not returned. */
        CALLING,

        /** The stream has written the bytes before `write` has returned. */
        DONE_EARLY,

        /** `write` has returned, and the stream still writes. */
        WAITING,

        /** The stream was told of the end of the output. */
        ENDED,
    }

    private enum class Reading {
        IDLE,

        /** The stream was asked for bytes and has not answered. */
        ASKED,

        /** The stream has answered, and the loop has yet to take the bytes. */
        ARRIVED,
    }

    override val output = ByteQueue(loop.segments)

    // The monitor of the output guards these.
    private var stream: ByteStream? = null
    private var wasAttached = false
    private var reading = Reading.IDLE
    private var writing = Writing.IDLE
    private var onTheWay = 0
    private var writeCount = 0
    private var ending = false
    private var endingIsLast = false

    @Volatile
    private var closing = false

    // These belong to the loop.
    private var listener: TransportListener? = null
    private var input: ByteBuffer? = null
    private var paused = false
    private var delivering = false
    private var endArrived = false
    private var inputEnded = false
    private var outputEnded = false
    private var flushScheduled = false
    private var ended = false
    private var cause: IOException? = null

    private val flushing = Runnable {
        flushScheduled = false
        pump()
    }
    private val proceeding = Runnable { proceed() }

    override var received: Long = head.toLong()
        private set

    override val peer: String get() = details.peer
    override val local: String get() = details.own
    override val isSecure: Boolean get() = details.isSecure

    override val heldMemory: Long get() = input?.remaining()?.toLong() ?: 0

    /** The number of calls of the stream's `write`. */
    val writes: Int get() = synchronized(output) { writeCount }

    /** Whether [attach] was called. From any thread. */
    val isAttached: Boolean get() = synchronized(output) { wasAttached }

    /** Whether the transport has ended, or is about to. From any thread. */
    val isClosed: Boolean get() = closing

    /** Connects the transport with [stream]. Once; from any thread. */
    fun attach(stream: ByteStream) {
        synchronized(output) {
            check(!wasAttached) { "a stream was attached before" }
            wasAttached = true
        }
        try {
            stream.start(Events())
        } catch (failure: Exception) {
            close(failed(failure))
        }
        val isLate = synchronized(output) {
            this.stream = stream
            closing
        }
        if (isLate) return close(stream)
        loop.execute(proceeding)
        pump()
    }

    override fun start(listener: TransportListener) {
        check(this.listener == null) { "The transport was started before" }
        this.listener = listener
        loop.execute { if (ended) listener.onClosed(cause) else proceed() }
    }

    // Reading.

    override fun pauseReading() {
        paused = true
    }

    override fun resumeReading() {
        paused = false
        // Later, because the caller may be in the middle of taking bytes.
        loop.execute(proceeding)
    }

    override fun readOnce(): Boolean {
        val before = received
        if (input != null) deliver() else ask()
        return received > before
    }

    /** Delivers what has arrived, or asks for more. */
    private fun proceed() = when {
        listener == null || closing -> Unit
        input == null && endArrived -> endInput()
        paused -> Unit
        input != null -> deliver()
        else -> ask()
    }

    private fun ask() {
        if (listener == null || endArrived || closing) return
        val stream = synchronized(output) {
            if (reading != Reading.IDLE) return
            stream?.also { reading = Reading.ASKED }
        }
        if (stream != null) calling { stream.read() }
    }

    private fun deliver() {
        val input = input ?: return
        if (delivering || closing) return
        delivering = true
        guarded { listener?.takePart(input) }
        delivering = false
        if (!input.hasRemaining()) this.input = null
        // In a turn of its own, so that a flood on one connection does not starve the others.
        if (!paused) loop.executeNextTurn(proceeding)
    }

    /** Delivers as much of [input] as a socket would at most. */
    private fun TransportListener.takePart(input: ByteBuffer) {
        val part = input.duplicate()
        if (part.remaining() > DirectBuffers.SIZE) part.limit(part.position() + DirectBuffers.SIZE)
        input.position(part.limit())
        received += part.remaining()
        if (part.hasRemaining()) onBytes(part)
    }

    private fun take(bytes: ByteBuffer) {
        synchronized(output) { reading = Reading.IDLE }
        if (closing) return
        input = bytes
        proceed()
    }

    private fun endInput() {
        if (inputEnded) return
        inputEnded = true
        guarded { listener?.onInputEnd() }
        closeIfBothEnded()
    }

    /** The stream is gone. Bytes that it has left behind may tell why. */
    private fun end(failure: IOException?) {
        val isExpected = synchronized(output) { writing == Writing.ENDED && endingIsLast }
        val cause = if (isExpected) null else failure
        // Even while reading is paused, for nothing else will come, and output cannot be written.
        while (input != null && !closing) deliver()
        if (cause == null && input == null && !closing) endInput()
        close(cause)
    }

    // Writing.

    override fun flush() {
        if (!loop.isCurrent) return pump()
        if (flushScheduled) return
        flushScheduled = true
        loop.execute(flushing)
    }

    override fun writeNow() = pump()

    /** Writes until the stream keeps some bytes, or none are left. From any thread. */
    private fun pump() {
        guarded { if (!closing) listener?.onWriting() }
        while (true) {
            val stream = synchronized(output) { stream } ?: return
            val bytes = synchronized(output) { next() } ?: return endOutput(stream)
            if (!calling { stream.write(bytes) }) return
            if (!synchronized(output) { isDoneEarly() }) return
        }
    }

    /**
     * Returns the next bytes to write, or null if there are none or others are on their way. A new
     * array for each write: the stream keeps it, while the queue may lose its segments.
     */
    private fun next(): ByteBuffer? {
        if (writing == Writing.ENDED) output.clear()
        if (closing || writing != Writing.IDLE || output.isEmpty) return null
        val bytes = ByteBuffer.allocate(minOf(output.size, WRITE_SIZE.toLong()).toInt())
        onTheWay = output.copyTo(bytes)
        bytes.flip()
        writing = Writing.CALLING
        writeCount++
        return bytes
    }

    /** `write` of the stream has returned. Returns whether it has written the bytes. */
    private fun isDoneEarly(): Boolean {
        val isDone = writing == Writing.DONE_EARLY
        writing = if (isDone) Writing.IDLE else Writing.WAITING
        return isDone
    }

    private fun written() {
        val (waiting, isLast) = synchronized(output) {
            check(onTheWay > 0) { "the stream writes nothing" }
            if (!closing) output.remove(onTheWay)
            onTheWay = 0
            val isLast = writing == Writing.WAITING
            writing = if (isLast) Writing.IDLE else Writing.DONE_EARLY
            output.size to isLast
        }
        guarded { if (!closing) listener?.onWritten(waiting) }
        if (isLast) pump()
    }

    // The end of a direction.

    override fun shutdownOutput() {
        synchronized(output) { ending = true }
        flush()
    }

    override fun closeAfterOutput() {
        synchronized(output) { endingIsLast = input?.hasRemaining() != true }
        shutdownOutput()
    }

    private fun endOutput(stream: ByteStream) {
        val isLast = synchronized(output) {
            val isDue = ending && writing == Writing.IDLE && output.isEmpty && !closing
            if (!isDue) return
            writing = Writing.ENDED
            endingIsLast
        }
        if (!calling { stream.endOutput(isLast) }) return
        loop.execute {
            outputEnded = true
            closeIfBothEnded()
        }
    }

    private fun closeIfBothEnded() {
        if (inputEnded && outputEnded) close()
    }

    // The end of both.

    override fun close(): Unit = close(cause = null)

    /** Closes because of [cause]. From any thread. */
    fun close(cause: IOException?) {
        val stream = synchronized(output) {
            if (closing) return
            closing = true
            output.clear()
            stream
        }
        stream?.let(::close)
        loop.execute { finish(cause) }
    }

    private fun close(stream: ByteStream) {
        try {
            stream.close()
        } catch (failure: Exception) {
            logSafely { logger.warn(failure) { "The stream of $peer could not be closed" } }
        }
    }

    private fun finish(cause: IOException?) {
        ended = true
        this.cause = cause
        input = null
        try {
            listener?.onClosed(cause)
        } catch (failure: OutOfMemoryError) {
            listener?.forget()
            listener?.onClosed(cause)
        } finally {
            // Up to that call other threads may have sent bytes.
            synchronized(output) { output.clear() }
        }
    }

    override fun giveUp(failure: Throwable) {
        if (failure is VirtualMachineError && loop.isCurrent) listener?.forget()
        close(IOException("The listener failed", failure))
    }

    private inline fun guarded(action: () -> Unit) {
        try {
            action()
        } catch (failure: Throwable) {
            giveUp(failure)
            // Comes last, because logging may fail as well.
            logger.error(failure) { "The listener of $peer failed" }
        }
    }

    /** Calls the stream. If that fails, closes the transport and returns false. */
    private inline fun calling(action: () -> Unit): Boolean {
        try {
            action()
            return true
        } catch (failure: Exception) {
            close(failed(failure))
            return false
        }
    }

    private fun failed(failure: Throwable) =
        failure as? IOException ?: IOException("the stream of $peer failed", failure)

    /** The events of the stream, on its own threads. */
    private inner class Events : ByteStreamListener {
        override fun onBytes(bytes: ByteBuffer) {
            require(!bytes.isReadOnly) {
                "Kobahn unmasks in place: the buffer must not be read-only"
            }
            synchronized(output) {
                check(reading == Reading.ASKED) { "Kobahn has not asked for bytes" }
                reading = Reading.ARRIVED
            }
            loop.execute { take(bytes) }
        }

        override fun onInputEnd() = loop.execute {
            endArrived = true
            proceed()
        }

        override fun onWritten() = written()

        override fun onClosed(cause: Throwable?) = loop.execute { end(cause?.let(::failed)) }
    }

    private companion object {
        const val WRITE_SIZE = 64 * 1024
    }
}
