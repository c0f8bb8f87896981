package dev.kobahn.internal.transport

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.protocol.OctetQueue
import java.io.IOException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel

/**
 * A connected TCP or Unix socket as a transport. Ktor connected or accepted it; here its [channel]
 * is read, written and closed, without Ktor's channels and their coroutines.
 *
 * A connection that waits owns no buffer: octets are read into the loop's and written from it. In a
 * turn of the loop one read is made, of at most [DirectBuffers.SIZE] octets, so that a flood on one
 * connection does not starve the others.
 *
 * [close] with unread input makes the system send RST, which destroys what the peer has not read
 * yet. Who wants the last octets to arrive calls [shutdownOutput], goes on reading until
 * [TransportListener.onInputEnd], and only then closes. What is sent after [shutdownOutput] is
 * discarded.
 *
 * A listener that throws has its transport closed. Created on the loop.
 */
internal class SocketTransport(channel: SocketChannel, override val loop: EventLoop) :
    SocketWriter(OctetQueue(loop.segments), channel),
    Transport,
    ReadyHandler {
    override val peerName: SocketName =
        SocketName(channel.remoteAddress ?: throw ClosedChannelException())
    private val localAddress: SocketAddress = channel.localAddress ?: throw ClosedChannelException()

    @Volatile
    private var closing = false

    // All below belongs to the loop.
    override var key: SelectionKey = loop.register(channel, 0, this)
    private var listener: TransportListener? = null
    private var paused = false
    private var inputEnded = false
    private var outputEnded = false
    private var closesAfterOutput = false
    private var unwritten = false
    private var ended = false
    private var cause: IOException? = null

    override var received = 0L
        private set

    override val peer: String get() = peerName.toString()
    override val local: String get() = localAddress.toText()

    override fun start(listener: TransportListener) {
        check(this.listener == null) { "The transport was started before" }
        this.listener = listener
        if (ended) loop.execute { listener.onClosed(cause) } else resumeUnlessPaused()
    }

    override fun pauseReading() {
        paused = true
        setInterest(SelectionKey.OP_READ, false)
    }

    override fun resumeReading() {
        paused = false
        resumeUnlessPaused()
    }

    override fun readOnce(): Boolean {
        guarded { return read(evenIfPaused = true) }
        return false
    }

    private fun resumeUnlessPaused() {
        if (listener != null && !paused && !inputEnded) setInterest(SelectionKey.OP_READ, true)
    }

    override fun flush() {
        when {
            loop.isCurrent -> writeLater()
            loop.othersMayWrite -> writeFromElsewhere()
            else -> loop.execute(::writeLater)
        }
    }

    override fun writeNow() = guarded { continueWriting() }

    private fun writeFromElsewhere() {
        try {
            DirectBuffers.use { write(it, false) }
        } catch (failure: OutOfMemoryError) {
            failed(failure)
        }
    }

    private fun writeLater() {
        if (unwritten) return
        unwritten = true
        loop.writeLater(this)
    }

    override fun shutdownOutput() {
        endOutput()
        flush()
    }

    override fun closeAfterOutput() {
        closesAfterOutput = true
        shutdownOutput()
    }

    override fun close(): Unit = close(null)

    private fun close(cause: IOException?) {
        if (!beginClosing()) return
        abandonOutput()
        try {
            loop.execute { finish(cause) }
        } catch (failure: OutOfMemoryError) {
            if (loop.isCurrent) return finish(cause)
            // Whoever comes next tries again.
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
            insisting({ closeChannel() }, { closeNow() })
        } catch (failure: Throwable) {
            // It would stay ready, and the loop would spin.
            key.cancel()
            throw failure
        } finally {
            // Whatever the system says of the channel, its owner has to learn that it is gone.
            insisting({ listener?.onClosed(cause) }) { listener?.onClosed(cause) }
            // Until that was told others may have sent something.
            abandonOutput()
        }
    }

    /** Does [step], and where memory is short for that gives some back and does [again]. */
    private inline fun insisting(step: () -> Unit, again: () -> Unit) {
        try {
            step()
        } catch (failure: OutOfMemoryError) {
            loop.releaseReserve(failure)
            listener?.forget()
            again()
        }
    }

    /**
     * Serving the connection failed, be it by its listener or for want of memory: it must not go on
     * with a part of what it missed. Where memory is short what it holds is given up before anything
     * else is done, for that needs some; the log comes last, for it may fail as well.
     */
    override fun giveUp(failure: Throwable) {
        // First of all: where this code was never needed before, even to run it takes memory.
        if (loop.isCurrent) loop.releaseReserve(failure)
        if (failure is VirtualMachineError) {
            abandonOutput()
            if (loop.isCurrent) listener?.forget()
        }
        close(causeOf(failure))
    }

    private fun failed(failure: Throwable) {
        giveUp(failure)
        logger.error(failure) { "The listener of $peer failed" }
    }

    private fun causeOf(failure: Throwable): IOException = try {
        IOException("The listener failed", failure)
    } catch (_: OutOfMemoryError) {
        OUT_OF_MEMORY
    }

    /**
     * As long as a selector knows a channel its close begins with a shutdown. Where the output has
     * ended that is one system call too many, and one that fails if the input has ended as well:
     * there the selector has to forget it first.
     */
    private fun closeChannel() {
        if (!outputEnded || !key.isValid) return channel.close()
        loop.afterSelect { channel.close() }
        key.cancel()
    }

    /** A close that failed has not come to the key, and another one would not do anything. */
    private fun closeNow() {
        channel.close()
        key.cancel()
    }

    override fun onReady(ops: Int) = guarded {
        if (ops and SelectionKey.OP_WRITE != 0) continueWriting()
        if (ops and SelectionKey.OP_READ != 0) read()
    }

    override fun writeOut() {
        if (!unwritten) return
        unwritten = false
        guarded { write(loop.writeBuffer, false) }
    }

    private inline fun guarded(action: () -> Unit) {
        try {
            action()
        } catch (failure: Throwable) {
            failed(failure)
        }
    }

    override fun onLoopStopped() {
        close(IOException("The event loop was stopped"))
    }

    private fun continueWriting() {
        setInterest(SelectionKey.OP_WRITE, false)
        write(loop.writeBuffer, true)
    }

    private fun write(buffer: ByteBuffer, ready: Boolean) {
        if (closing) return
        try {
            val outcome = writeOutput(buffer, ready)
            if (outcome != Outcome.DONE) onLoop { goOn(outcome) }
            notify { onWritten(synchronized(output) { output.size }) }
        } catch (failure: IOException) {
            onLoop { failWriting(failure) }
        }
    }

    private fun goOn(outcome: Outcome) {
        when (outcome) {
            Outcome.DONE -> Unit
            Outcome.BLOCKED -> setInterest(SelectionKey.OP_WRITE, true)
            Outcome.MORE -> flush()
            Outcome.ENDED -> endOutputNow()
        }
    }

    private fun endOutputNow() {
        outputEnded = true
        if (closesAfterOutput && !paused && !read()) return close()
        try {
            channel.shutdownOutput()
        } catch (failure: IOException) {
            return failWriting(failure)
        }
        closeIfBothEnded()
    }

    /** What the peer sent before it went away may tell why it did: it is read first. */
    private fun failWriting(failure: IOException) {
        repeat(LAST_READS) { if (!read()) return close(failure) }
        close(failure)
    }

    /** Reads once; false if nothing was there to be read, or will be. */
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
        if (input.hasRemaining()) notify { onOctets(input) }
    }

    private fun endInput() {
        inputEnded = true
        // The channel stays ready for reading: with the interest left the loop would spin.
        setInterest(SelectionKey.OP_READ, false)
        notify { onInputEnd() }
        closeIfBothEnded()
    }

    private fun closeIfBothEnded() {
        if (inputEnded && outputEnded) close()
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
        /** Made while there is memory, and without a stack trace. */
        val OUT_OF_MEMORY: IOException = OutOfMemory()
        const val LAST_READS = 16
    }
}
