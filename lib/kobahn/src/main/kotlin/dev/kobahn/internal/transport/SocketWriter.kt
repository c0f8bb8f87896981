package dev.kobahn.internal.transport

import dev.kobahn.protocol.ByteQueue
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel

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
