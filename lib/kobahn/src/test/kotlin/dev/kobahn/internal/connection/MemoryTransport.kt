package dev.kobahn.internal.connection

import dev.kobahn.protocol.ByteQueue
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean

/**
 * One end of a pipe in memory, pinned to any [Loop]; [pair] makes two that are joined. It behaves
 * like a socket: a bounded number of bytes is on the way, the rest stays in [output]; bytes come
 * in slices; after [close] the peer gets what is on the way and then the end, unless bytes were left
 * unread here: then the connection is reset.
 */
internal class MemoryTransport private constructor(
    override val loop: Loop,
    private val incoming: Pipe,
    private val outgoing: Pipe,
    private val slice: Int,
    override val local: String,
    override val peer: String,
) : Transport {
    override val output: ByteQueue = ByteQueue(loop.segments)
    private lateinit var other: MemoryTransport
    private val closing = AtomicBoolean()
    private val writing = AtomicBoolean()
    private val reading = AtomicBoolean()

    // Guarded by the output's monitor.
    private var ending = false
    private var blocked = false

    /** How many times bytes went from [output] into the pipe. */
    var writes: Int = 0
        get() = synchronized(output) { field }
        private set

    // Belongs to the loop.
    private var listener: TransportListener? = null
    private var paused = false
    private var inputEnded = false
    private var ended = false
    private var cause: IOException? = null

    override var received = 0L
        private set

    override var heldMemory = 0L

    /** Whether [close] was called, here or by a failure. */
    val isClosed: Boolean get() = closing.get()

    override fun start(listener: TransportListener) {
        check(loop.isCurrent) { "start must be called on the loop" }
        check(this.listener == null) { "started before" }
        this.listener = listener
        if (ended) loop.execute { listener.onClosed(cause) } else readLater()
    }

    override fun flush() {
        if (!loop.isCurrent) {
            write()
        } else if (writing.compareAndSet(false, true)) {
            loop.execute {
                writing.set(false)
                write()
            }
        }
    }

    override fun writeNow() {
        check(loop.isCurrent) { "writeNow must be called on the loop" }
        write()
    }

    override fun readOnce(): Boolean {
        check(loop.isCurrent) { "readOnce must be called on the loop" }
        val before = received
        read(evenIfPaused = true)
        return received > before
    }

    override fun pauseReading() {
        check(loop.isCurrent) { "pauseReading must be called on the loop" }
        paused = true
    }

    override fun resumeReading() {
        check(loop.isCurrent) { "resumeReading must be called on the loop" }
        paused = false
        readLater()
    }

    override fun shutdownOutput() {
        synchronized(output) { ending = true }
        flush()
    }

    override fun close() {
        close(null)
    }

    /** As if the network had failed: both ends are closed with [cause] and bytes on the way are lost. */
    fun vanish(cause: IOException = IOException("Connection reset")) {
        close(cause)
        other.close(cause)
    }

    private fun close(cause: IOException?) {
        if (!closing.compareAndSet(false, true)) return
        synchronized(output) { output.clear() }
        loop.execute { finish(cause) }
    }

    private fun finish(cause: IOException?) {
        ended = true
        this.cause = cause
        val unread = incoming.abandon()
        outgoing.end()
        if (unread > 0) other.close(IOException("Connection reset")) else other.readLater()
        listener?.onClosed(cause)
    }

    private fun write() {
        notify { onWriting() }
        val waiting = synchronized(output) {
            if (closing.get() || (output.isEmpty && !ending)) return
            // An end alone reaches a peer that has closed, and does no harm.
            val isBroken = outgoing.isAbandoned && !output.isEmpty
            if (isBroken) return close(IOException("Broken pipe"))
            moveBytes()
            output.size
        }
        other.readLater()
        notify { onWritten(waiting) }
        if (outgoing.isEnded) loop.execute { closeIfBothEnded() }
    }

    private fun moveBytes() {
        if (outgoing.isEnded) output.clear()
        // A write may be short because the queue sets bytes apart, not only for want of room.
        while (!output.isEmpty) {
            val written = outgoing.write(output)
            if (written == 0) break
            writes++
            output.remove(written)
        }
        blocked = !output.isEmpty
        if (ending && !blocked) outgoing.end()
    }

    private fun writeMore() {
        if (synchronized(output) { blocked }) write()
    }

    private fun closeIfBothEnded() {
        if (inputEnded && outgoing.isEnded) close()
    }

    private fun readLater() {
        if (reading.compareAndSet(false, true)) loop.execute { read() }
    }

    private fun read(evenIfPaused: Boolean = false) {
        if (!evenIfPaused) reading.set(false)
        if (paused && !evenIfPaused) return
        if (listener == null || inputEnded || closing.get()) return
        val bytes = incoming.read(slice)
        if (bytes != null) {
            other.loop.execute { other.writeMore() }
            received += bytes.size
            notify { onBytes(ByteBuffer.wrap(bytes)) }
            readLater()
        } else if (incoming.isEnded) {
            inputEnded = true
            notify { onInputEnd() }
            closeIfBothEnded()
        }
    }

    private inline fun notify(event: TransportListener.() -> Unit) {
        if (!closing.get()) listener?.event()
    }

    /** Bytes on their way in one direction. Thread-safe. */
    private class Pipe(private val capacity: Int) {
        private val bytes = ByteQueue()
        private var ended = false
        private var abandoned = false

        @get:Synchronized
        val isEnded: Boolean get() = ended

        @get:Synchronized
        val isAbandoned: Boolean get() = abandoned

        /** Takes bytes of [source] without removing them there; returns how many. */
        @Synchronized
        fun write(source: ByteQueue): Int {
            val room = ByteArray(minOf(source.size, capacity - bytes.size).toInt())
            val count = source.copyTo(ByteBuffer.wrap(room))
            bytes.append(room, 0, count)
            return count
        }

        @Synchronized
        fun read(most: Int): ByteArray? {
            if (bytes.isEmpty) return null
            val taken = ByteArray(minOf(bytes.size, most.toLong()).toInt())
            bytes.copyTo(ByteBuffer.wrap(taken))
            bytes.remove(taken.size)
            return taken
        }

        @Synchronized
        fun end() {
            ended = true
        }

        @Synchronized
        fun abandon(): Long {
            abandoned = true
            return bytes.size.also { bytes.clear() }
        }
    }

    internal companion object {
        /** How many bytes are on the way at most, unless told otherwise. */
        const val CAPACITY: Int = 64 * 1024

        /**
         * Two joined ends, the first pinned to [first], the other to [second].
         *
         * @param capacity how many bytes are on the way in one direction at most
         * @param slice how many bytes come in one event at most
         */
        fun pair(
            first: Loop,
            second: Loop = first,
            capacity: Int = CAPACITY,
            slice: Int = Int.MAX_VALUE,
        ): Pair<MemoryTransport, MemoryTransport> {
            val (there, back) = Pipe(capacity) to Pipe(capacity)
            val one = MemoryTransport(first, back, there, slice, "memory:1", "memory:2")
            val two = MemoryTransport(second, there, back, slice, "memory:2", "memory:1")
            one.other = two
            two.other = one
            return one to two
        }
    }
}
