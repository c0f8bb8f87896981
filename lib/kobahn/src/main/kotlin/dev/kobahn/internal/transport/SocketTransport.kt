package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.transport.SocketWriter.Outcome
import dev.kobahn.protocol.ByteQueue
import java.io.IOException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel

/**
 * A connected TCP or Unix socket as a transport. Ktor connects or accepts it; from then on this
 * class reads, writes and closes the [channel], without Ktor's channels and their coroutines.
 *
 * An idle transport owns no buffer: bytes are read into the loop's buffer and written from the
 * loop's. One turn of the loop makes one read, of at most [DirectBuffers.SIZE] bytes, so that a
 * flood on one connection does not starve the others.
 *
 * [close] with unread input makes the system send RST, which destroys what the peer has not read
 * yet. To have the last bytes arrive, call [shutdownOutput], read on until
 * [TransportListener.onInputEnd], and only then close. Bytes that are sent after [shutdownOutput]
 * are discarded.
 *
 * If a listener throws, its transport is closed. To be created on the loop.
 */
internal class SocketTransport(channel: SocketChannel, override val loop: EventLoop) :
    Transport,
    ReadyHandler {
    private val writer = SocketWriter(ByteQueue(loop.segments), channel)

    override val peerName: SocketName =
        SocketName(channel.remoteAddress ?: throw ClosedChannelException())
    private val localAddress: SocketAddress = channel.localAddress ?: throw ClosedChannelException()

    @Volatile
    private var closing = false

    // All state below belongs to the loop.
    override var key: SelectionKey = loop.register(channel, 0, this)
    private var listener: TransportListener? = null
    private var paused = false
    private var inputEnded = false
    private var outputEnded = false
    private var closesAfterOutput = false
    private var flushScheduled = false
    private var ended = false
    private var cause: IOException? = null

    override var received = 0L
        private set

    override val output: ByteQueue get() = writer.output
    override val peer: String get() = peerName.toString()
    override val local: String get() = localAddress.toText()

    /** The socket. Others may set its options, but neither read nor write. */
    val channel: SocketChannel get() = writer.channel

    /** The number of system calls that wrote. */
    val writes: Int get() = writer.writes

    override fun start(listener: TransportListener) {
        check(this.listener == null) { "The transport was started before" }
        this.listener = listener
        if (ended) loop.execute { listener.onClosed(cause) } else resumeUnlessPaused()
    }

    // Reading.

    override fun pauseReading() {
        paused = true
        setInterest(SelectionKey.OP_READ, false)
    }

    override fun resumeReading() {
        paused = false
        resumeUnlessPaused()
    }

    private fun resumeUnlessPaused() {
        if (listener != null && !paused && !inputEnded) setInterest(SelectionKey.OP_READ, true)
    }

    override fun readOnce(): Boolean {
        guarded { return read(evenIfPaused = true) }
        return false
    }

    private fun read(evenIfPaused: Boolean = false): Boolean {
        if (paused && !evenIfPaused) return false
        if (listener == null || inputEnded || closing) return false
        val input = loop.readBuffer
        input.clear()
        try {
            val count = channel.read(input)
            if (count < 0) endInput() else deliver(input)
            return count > 0
        } catch (failure: IOException) {
            close(failure)
            return false
        }
    }

    private fun deliver(input: ByteBuffer) {
        input.flip()
        received += input.remaining()
        if (input.hasRemaining()) notify { onBytes(input) }
    }

    private fun endInput() {
        inputEnded = true
        // The channel stays ready for reading: with the interest left the loop would spin.
        setInterest(SelectionKey.OP_READ, false)
        notify { onInputEnd() }
        closeIfBothEnded()
    }

    // Writing.

    override fun flush() {
        when {
            loop.isCurrent -> scheduleFlush()
            loop.othersMayWrite -> flushOffLoop()
            else -> loop.execute(::scheduleFlush)
        }
    }

    private fun flushOffLoop() {
        try {
            DirectBuffers.use { writeOutput(it, isReady = false) }
        } catch (failure: OutOfMemoryError) {
            failed(failure)
        }
    }

    private fun scheduleFlush() {
        if (flushScheduled) return
        flushScheduled = true
        loop.callAtTurnEnd(this)
    }

    override fun onTurnEnd() {
        if (!flushScheduled) return
        flushScheduled = false
        guarded { writeOutput(loop.writeBuffer, isReady = false) }
    }

    override fun onReady(ops: Int) = guarded {
        if (ops and SelectionKey.OP_WRITE != 0) onWritable()
        if (ops and SelectionKey.OP_READ != 0) read()
    }

    override fun writeNow() = guarded { onWritable() }

    private fun onWritable() {
        setInterest(SelectionKey.OP_WRITE, false)
        writeOutput(loop.writeBuffer, isReady = true)
    }

    private fun writeOutput(buffer: ByteBuffer, isReady: Boolean) {
        notify { onWriting() }
        if (closing) return
        try {
            val outcome = writer.write(buffer, isReady)
            if (outcome != Outcome.DONE) onLoop { continueAfter(outcome) }
            notify { onWritten(synchronized(output) { output.size }) }
        } catch (failure: IOException) {
            onLoop { failWriting(failure) }
        }
    }

    private fun continueAfter(outcome: Outcome) {
        when (outcome) {
            Outcome.DONE -> Unit
            Outcome.BLOCKED -> setInterest(SelectionKey.OP_WRITE, true)
            Outcome.MORE -> flush()
            Outcome.ENDED -> onOutputEnd()
        }
    }

    /** Reads first: the last bytes of a peer that went away may tell why it did. */
    private fun failWriting(failure: IOException) {
        repeat(LAST_READS) { if (!read()) return close(failure) }
        close(failure)
    }

    // The end of a direction.

    override fun shutdownOutput() {
        writer.end()
        flush()
    }

    override fun closeAfterOutput() {
        closesAfterOutput = true
        shutdownOutput()
    }

    private fun onOutputEnd() {
        outputEnded = true
        // Without unread input a close sends no RST.
        if (closesAfterOutput && !paused && !read()) return close()
        try {
            channel.shutdownOutput()
        } catch (failure: IOException) {
            return failWriting(failure)
        }
        closeIfBothEnded()
    }

    private fun closeIfBothEnded() {
        if (inputEnded && outputEnded) close()
    }

    // The end of both.

    override fun close(): Unit = close(null)

    private fun close(cause: IOException?) {
        if (!beginClosing()) return
        writer.abandon()
        try {
            loop.execute { finish(cause) }
        } catch (failure: OutOfMemoryError) {
            if (loop.isCurrent) return finish(cause)
            // Off the loop nothing more can be done here: the next caller of close tries again.
            synchronized(output) { closing = false }
            throw failure
        }
    }

    private fun beginClosing(): Boolean = synchronized(output) {
        (!closing).also { closing = true }
    }

    private fun finish(cause: IOException?) {
        ended = true
        this.cause = cause
        try {
            retryingWithMemory({ closeChannel() }, { closeNow() })
        } catch (failure: Throwable) {
            // A channel that stays ready would make the loop spin.
            key.cancel()
            throw failure
        } finally {
            // The listener must hear of the end even if the system could not close the channel.
            retryingWithMemory({ listener?.onClosed(cause) }) { listener?.onClosed(cause) }
            // Up to that call other threads may have sent bytes.
            writer.abandon()
        }
    }

    /** Calls [step]. If memory runs out, frees some and calls [again]. */
    private inline fun retryingWithMemory(step: () -> Unit, again: () -> Unit) {
        try {
            step()
        } catch (failure: OutOfMemoryError) {
            loop.releaseReserve(failure)
            listener?.forget()
            again()
        }
    }

    /**
     * While a selector knows a channel, its close begins with a shutdown. If the output has
     * ended, that shutdown is one system call too many, and it fails if the input has ended as well.
     * So the selector has to forget the channel first.
     */
    private fun closeChannel() {
        if (!outputEnded || !key.isValid) return channel.close()
        loop.executeNextTurn { channel.close() }
        key.cancel()
    }

    /**
     * Closes the channel, and cancels the key here: a close that failed before may not have done
     * so, and a repeated close does not.
     */
    private fun closeNow() {
        channel.close()
        key.cancel()
    }

    /**
     * Closes the transport because serving it has failed, in the listener or for lack of memory: the
     * connection has missed a part and must not go on. If memory is short, first drops what the
     * connection holds, because all that follows needs memory.
     */
    override fun giveUp(failure: Throwable) {
        // Comes first: even running code for the first time takes memory.
        if (loop.isCurrent) loop.releaseReserve(failure)
        if (failure is VirtualMachineError) {
            writer.abandon()
            if (loop.isCurrent) listener?.forget()
        }
        close(causeOf(failure))
    }

    private fun causeOf(failure: Throwable): IOException = try {
        IOException("The listener failed", failure)
    } catch (_: OutOfMemoryError) {
        OUT_OF_MEMORY
    }

    private fun failed(failure: Throwable) {
        giveUp(failure)
        // Comes last, because logging may fail as well.
        logger.error(failure) { "The listener of $peer failed" }
    }

    override fun onLoopStopped() {
        close(IOException("The event loop was stopped"))
    }

    private inline fun guarded(action: () -> Unit) {
        try {
            action()
        } catch (failure: Throwable) {
            failed(failure)
        }
    }

    private inline fun notify(event: TransportListener.() -> Unit) {
        if (closing) return
        try {
            listener?.event()
        } catch (failure: Throwable) {
            failed(failure)
        }
    }

    private inline fun onLoop(crossinline action: () -> Unit) {
        if (loop.isCurrent) action() else loop.execute { action() }
    }

    private fun setInterest(op: Int, wanted: Boolean) {
        if (!key.isValid) return
        val before = key.interestOps()
        val after = if (wanted) before or op else before and op.inv()
        if (after != before) key.interestOps(after)
    }

    private class OutOfMemory : IOException("memory has run out") {
        override fun fillInStackTrace(): Throwable = this
    }

    private companion object {
        /** Created while there is memory, without a stack trace. */
        val OUT_OF_MEMORY: IOException = OutOfMemory()
        const val LAST_READS = 16
    }
}

/**
 * The outgoing half of a [SocketTransport]: moves bytes from [output] to [channel]. Any thread may
 * write, one at a time. The monitor of [output] guards all state; the system call is made outside of
 * the monitor, so that a thread that sends never waits for a thread that writes.
 */
internal class SocketWriter(val output: ByteQueue, val channel: SocketChannel) {
    private enum class State {
        IDLE,
        WRITING,

        /** The socket took less than it was offered. */
        BLOCKED,

        /** [abandon] was called during a write. The bytes that it writes must still be counted. */
        ABANDONED,

        ENDED,
    }

    /** The result of a [write]. */
    enum class Outcome {
        /** Nothing is left to do, or another thread does it. */
        DONE,

        /** The socket takes no more: call [write] again when it is ready. */
        BLOCKED,

        /** A fair share was written and more waits: call [write] again soon. */
        MORE,

        /** All is written after [end] was called: the outgoing direction has to be shut down. */
        ENDED,
    }

    private var state = State.IDLE
    private var isEnding = false

    private var writeCount = 0

    /** The number of system calls that wrote. */
    val writes: Int get() = synchronized(output) { writeCount }

    /** Ends the direction when all is written. Call [write] afterwards. */
    fun end() {
        synchronized(output) { isEnding = true }
    }

    /** Discards [output]; nothing is written any more. */
    fun abandon() {
        synchronized(output) {
            if (state == State.WRITING) state = State.ABANDONED
            if (state != State.ABANDONED) discard()
        }
    }

    private fun discard() {
        state = State.ENDED
        output.clear()
    }

    /**
     * Writes the bytes of [output], by way of [buffer]. After [Outcome.BLOCKED] only a call with
     * [isReady] set writes again. Throws IOException; after that nothing is written any more.
     */
    fun write(buffer: ByteBuffer, isReady: Boolean): Outcome {
        // Up to Java 10 a write of an interrupted thread closes the channel.
        val isInterrupted = Thread.interrupted()
        try {
            return writeRounds(buffer, isReady)
        } catch (failure: Throwable) {
            synchronized(output) { discard() }
            throw failure
        } finally {
            if (isInterrupted) Thread.currentThread().interrupt()
        }
    }

    private fun writeRounds(buffer: ByteBuffer, isReady: Boolean): Outcome {
        var outcome = synchronized(output) { begin(buffer, isReady) }
        var rounds = 0
        while (outcome == null) {
            val written = channel.write(buffer)
            rounds++
            outcome = synchronized(output) { advance(buffer, written, rounds == WRITES_AT_ONCE) }
        }
        return outcome
    }

    private fun begin(buffer: ByteBuffer, isReady: Boolean): Outcome? {
        // Bytes that were sent after the end.
        if (state == State.ENDED) output.clear()
        val mayWrite = state == State.IDLE || (isReady && state == State.BLOCKED)
        return if (mayWrite) fill(buffer) else Outcome.DONE
    }

    /** Fills [buffer] from [output] and returns null, or returns the outcome if [output] is empty. */
    private fun fill(buffer: ByteBuffer): Outcome? {
        if (output.isEmpty) {
            state = if (isEnding) State.ENDED else State.IDLE
            return if (isEnding) Outcome.ENDED else Outcome.DONE
        }
        state = State.WRITING
        buffer.clear()
        output.copyTo(buffer)
        buffer.flip()
        writeCount++
        return null
    }

    private fun advance(buffer: ByteBuffer, written: Int, isLastRound: Boolean): Outcome? {
        output.remove(written)
        if (state == State.ABANDONED) {
            discard()
            return Outcome.DONE
        }
        if (buffer.hasRemaining()) {
            state = State.BLOCKED
            return Outcome.BLOCKED
        }
        if (isLastRound && !output.isEmpty) {
            state = State.IDLE
            return Outcome.MORE
        }
        return fill(buffer)
    }

    private companion object {
        const val WRITES_AT_ONCE = 16
    }
}
