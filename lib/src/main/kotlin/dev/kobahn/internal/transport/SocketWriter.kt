package dev.kobahn.internal.transport

import dev.kobahn.protocol.OctetQueue
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel

/**
 * The outgoing half of a socket: moves octets from [queue] to [channel]. Any thread may write, one
 * at a time; the system call is made outside the queue's monitor, which guards everything else, so
 * that who sends never waits for who writes.
 */
internal class SocketWriter(private val queue: OctetQueue, private val channel: SocketChannel) {
    private enum class State { IDLE, WRITING, BLOCKED, ENDED }

    /** How a call of [write] ended. */
    enum class Outcome {
        /** Nothing is left to do, or somebody else does it. */
        DONE,

        /** The socket takes no more: go on with [write] once it is ready. */
        BLOCKED,

        /** A fair share was written and more waits: call [write] again soon. */
        MORE,

        /** Everything is written and the direction has ended. */
        ENDED,
    }

    private var state = State.IDLE
    private var ending = false

    /** How many times the system was asked to write. */
    var writes: Int = 0
        private set

    /** Ends the direction when everything is written; [write] has to be called afterwards. */
    fun end() {
        synchronized(queue) { ending = true }
    }

    /** Forgets what waits; nothing is written any more. */
    fun abandon() {
        synchronized(queue) {
            state = State.ENDED
            queue.clear()
        }
    }

    /**
     * Writes what waits, by way of [buffer]. After [Outcome.BLOCKED] nothing happens until a call
     * with [ready] set. Throws IOException; then nothing is written any more.
     */
    fun write(buffer: ByteBuffer, ready: Boolean = false): Outcome {
        var outcome = synchronized(queue) { begin(buffer, ready) }
        var rounds = 0
        while (outcome == null) {
            val written = channel.write(buffer)
            rounds++
            outcome = synchronized(queue) { advance(buffer, written, rounds == WRITES_AT_ONCE) }
        }
        if (outcome == Outcome.ENDED) channel.shutdownOutput()
        return outcome
    }

    private fun begin(buffer: ByteBuffer, ready: Boolean): Outcome? {
        // Octets that were sent after the end have nowhere to go.
        if (state == State.ENDED) queue.clear()
        val free = state == State.IDLE || (ready && state == State.BLOCKED)
        return if (free) prepare(buffer) else Outcome.DONE
    }

    /** Null if [buffer] now holds what is to be written. */
    private fun prepare(buffer: ByteBuffer): Outcome? {
        if (queue.isEmpty) {
            state = if (ending) State.ENDED else State.IDLE
            return if (ending) Outcome.ENDED else Outcome.DONE
        }
        state = State.WRITING
        buffer.clear()
        queue.copyTo(buffer)
        buffer.flip()
        writes++
        return null
    }

    private fun advance(buffer: ByteBuffer, written: Int, last: Boolean): Outcome? {
        // Abandoned during the system call.
        if (state == State.ENDED) return Outcome.DONE
        queue.remove(written)
        if (buffer.hasRemaining()) {
            state = State.BLOCKED
            return Outcome.BLOCKED
        }
        if (last && !queue.isEmpty) {
            state = State.IDLE
            return Outcome.MORE
        }
        return prepare(buffer)
    }

    private companion object {
        const val WRITES_AT_ONCE = 16
    }
}
