package dev.kobahn.internal.transport

import dev.kobahn.protocol.OctetQueue
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel

/**
 * The outgoing half of a [SocketTransport]: moves octets from [output] to [channel]. Any thread may
 * write, one at a time; the system call is made outside the output's monitor, which guards
 * everything else, so that who sends never waits for who writes.
 */
internal abstract class SocketWriter(val output: OctetQueue, val channel: SocketChannel) {
    private enum class State {
        IDLE,
        WRITING,
        BLOCKED,

        /** The output was abandoned during a write: what that takes is still to be counted. */
        ABANDONED,

        ENDED,
    }

    /** How a call of [writeOutput] ended. */
    enum class Outcome {
        /** Nothing is left to do, or somebody else does it. */
        DONE,

        /** The socket takes no more: go on with [writeOutput] once it is ready. */
        BLOCKED,

        /** A fair share was written and more waits: call [writeOutput] again soon. */
        MORE,

        /** Everything is written and the direction is to be ended. */
        ENDED,
    }

    private var state = State.IDLE
    private var ending = false

    private var writeCount = 0

    /** How many times the system was asked to write. */
    val writes: Int get() = synchronized(output) { writeCount }

    /** Ends the direction when everything is written; [writeOutput] has to be called afterwards. */
    protected fun endOutput() {
        synchronized(output) { ending = true }
    }

    /** Forgets what waits; nothing is written any more. */
    protected fun abandonOutput() {
        synchronized(output) {
            if (state == State.WRITING) state = State.ABANDONED
            if (state != State.ABANDONED) end()
        }
    }

    private fun end() {
        state = State.ENDED
        output.clear()
    }

    /**
     * Writes what waits, by way of [buffer]. After [Outcome.BLOCKED] nothing happens until a call
     * with [ready] set. Throws IOException; then nothing is written any more.
     */
    protected fun writeOutput(buffer: ByteBuffer, ready: Boolean): Outcome {
        // Up to Java 10 a write of an interrupted thread closes the channel.
        val isInterrupted = Thread.interrupted()
        try {
            return writeRounds(buffer, ready)
        } catch (failure: Throwable) {
            synchronized(output) { end() }
            throw failure
        } finally {
            if (isInterrupted) Thread.currentThread().interrupt()
        }
    }

    private fun writeRounds(buffer: ByteBuffer, ready: Boolean): Outcome {
        var outcome = synchronized(output) { begin(buffer, ready) }
        var rounds = 0
        while (outcome == null) {
            val written = channel.write(buffer)
            rounds++
            outcome = synchronized(output) { advance(buffer, written, rounds == WRITES_AT_ONCE) }
        }
        return outcome
    }

    private fun begin(buffer: ByteBuffer, ready: Boolean): Outcome? {
        // Octets that were sent after the end have nowhere to go.
        if (state == State.ENDED) output.clear()
        val free = state == State.IDLE || (ready && state == State.BLOCKED)
        return if (free) prepare(buffer) else Outcome.DONE
    }

    /** Null if [buffer] now holds what is to be written. */
    private fun prepare(buffer: ByteBuffer): Outcome? {
        if (output.isEmpty) {
            state = if (ending) State.ENDED else State.IDLE
            return if (ending) Outcome.ENDED else Outcome.DONE
        }
        state = State.WRITING
        buffer.clear()
        output.copyTo(buffer)
        buffer.flip()
        writeCount++
        return null
    }

    private fun advance(buffer: ByteBuffer, written: Int, last: Boolean): Outcome? {
        output.remove(written)
        if (state == State.ABANDONED) {
            end()
            return Outcome.DONE
        }
        if (buffer.hasRemaining()) {
            state = State.BLOCKED
            return Outcome.BLOCKED
        }
        if (last && !output.isEmpty) {
            state = State.IDLE
            return Outcome.MORE
        }
        return prepare(buffer)
    }

    private companion object {
        const val WRITES_AT_ONCE = 16
    }
}
