package dev.kobahn.internal.connection

import java.nio.ByteBuffer

/**
 * Whether a [connection] reads, and the bytes that it has read but not parsed. Reading pauses while
 * the application has enough messages, while memory is short, and while a part of the input waits for
 * the next turn of the loop: few bytes may inflate to so many that other connections have to be
 * served in between.
 *
 * On the loop, except where a KDoc says otherwise.
 */
internal class Reading(private val connection: Connection) {
    private val transport get() = connection.transport

    /** Whether nothing is read because the application has enough, or memory is short. From any thread. */
    @Volatile
    var isPaused = false
        private set

    private var unparsed: ByteBuffer? = null

    /** Whether the end of the input has come, and waits until [unparsed] is parsed. */
    private var isEndHeld = false

    /** Whether the loop will parse more of [unparsed] in its next turn. */
    private var isScheduled = false

    /** The bytes that wait to be parsed. From any thread, which may see an older number. */
    val size: Int get() = unparsed?.capacity() ?: 0

    /** Whether bytes wait to be parsed, before any that arrive. */
    val hasRest: Boolean get() = unparsed != null

    /**
     * Keeps what [input] has remaining, behind the bytes that wait, and pauses the transport until
     * it is parsed.
     */
    fun keep(input: ByteBuffer) = keepBuffer(input.behind(unparsed))

    /** Holds the end of the input back if bytes wait. Returns false if none wait. */
    fun holdEnd(): Boolean {
        isEndHeld = hasRest
        return isEndHeld
    }

    private fun keepBuffer(rest: ByteBuffer) {
        unparsed = rest
        connection.updateMemory()
        transport.pauseReading()
        val mayGoOn = !connection.protocol.isReceivingPaused && !connection.isMemoryShort
        if (mayGoOn) schedule()
    }

    private fun schedule() {
        if (isScheduled) return
        isScheduled = true
        transport.loop.executeNextTurn(::parse)
    }

    private fun parse() {
        isScheduled = false
        if (connection.isMemoryShort) return
        val bytes = unparsed ?: return
        unparsed = null
        try {
            connection.receive(bytes)
            if (bytes.hasRemaining()) return keepBuffer(bytes)
            if (isEndHeld) return tellEnd()
        } catch (failure: Throwable) {
            // The transport does the same when it calls: the connection has lost bytes.
            connection.drop(failure)
            throw failure
        }
        if (!isPaused) transport.resumeReading()
    }

    private fun tellEnd() {
        isEndHeld = false
        connection.onInputEnd()
    }

    /**
     * The transport is gone. Parses what came before an end that is held back, within bounds: a
     * Close may be among it.
     */
    fun finish() {
        if (!isEndHeld) return
        val bytes = unparsed
        unparsed = null
        if (bytes != null && !connection.isMemoryShort) {
            repeat(LAST_SHARES) { if (bytes.hasRemaining()) connection.receive(bytes) }
        }
        tellEnd()
    }

    /** The connection has no use for bytes that it has not parsed. Allocates nothing. */
    fun forget() {
        unparsed = null
    }

    fun pause() {
        if (isPaused) return
        isPaused = true
        transport.pauseReading()
        connection.onReadingPaused()
        // The application may have made room before it could see that reading is paused.
        resume()
    }

    /** Goes on if the application has room for messages and memory is not short. */
    fun resume() {
        if (isPaused && !connection.incomingMessages.isFull && !connection.isMemoryShort) goOn()
    }

    /** Goes on whatever is full: behind the last message, reading has to find the end. */
    fun goOn() {
        if (!isPaused) return
        isPaused = false
        connection.onReadingResumed()
        // Later, because the caller may be in the middle of receiving.
        if (unparsed == null) transport.resumeReading() else schedule()
    }

    /** Looks for the end of the input although reading is paused, as far as there is room for bytes. */
    fun lookForEnd() {
        repeat(READS_AHEAD) {
            // Bytes that are not parsed come first, and need room.
            val isWorthIt = isPaused && !connection.isMemoryShort && unparsed == null
            if (!isWorthIt || connection.incomingMessages.isOverfull ||
                !transport.readOnce()
            ) {
                return
            }
        }
    }

    private fun ByteBuffer.behind(rest: ByteBuffer?): ByteBuffer {
        val all = ByteBuffer.allocate((rest?.remaining() ?: 0) + remaining())
        rest?.let(all::put)
        all.put(this)
        all.flip()
        return all
    }

    private companion object {
        const val READS_AHEAD = 4

        /** The number of shares of a turn that the last one may take. */
        const val LAST_SHARES = 16
    }
}
