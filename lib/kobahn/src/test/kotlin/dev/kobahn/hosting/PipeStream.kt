package dev.kobahn.hosting

import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean

/**
 * One of two joined streams of bytes in memory. A bounded number of bytes is on the way; the events
 * come from the thread that causes them.
 */
internal class PipeStream private constructor(
    private val incoming: Pipe,
    private val outgoing: Pipe,
) : ByteStream {
    private lateinit var other: PipeStream
    private val closed = AtomicBoolean()

    lateinit var listener: ByteStreamListener
        private set

    override fun start(listener: ByteStreamListener) {
        this.listener = listener
        incoming.reader = listener
        outgoing.writer = listener
    }

    override fun read() = incoming.read()

    override fun write(bytes: ByteBuffer) {
        if (outgoing.isCut) throw IOException("Broken pipe")
        outgoing.write(bytes)
    }

    override fun endOutput(isLast: Boolean) = outgoing.end()

    override fun close() {
        if (!closed.compareAndSet(false, true)) return
        outgoing.end()
        incoming.cut()
    }

    /** Both ends are gone, as if the network had failed. */
    fun vanish() {
        for (end in listOf(this, other)) {
            end.incoming.cut()
            end.listener.onClosed(IOException("Connection reset"))
        }
    }

    /** One direction. The monitor guards the state; events are told outside of it. */
    private class Pipe(private val slice: Int) {
        var reader: ByteStreamListener? = null
        var writer: ByteStreamListener? = null
        private val bytes = ByteBuffer.allocate(CAPACITY)
        private var pending: ByteBuffer? = null
        private var isAsked = false
        private var isEnded = false
        private var isEndTold = false

        var isCut = false
            @Synchronized get
            private set

        fun read() = change { isAsked = true }

        fun write(bytes: ByteBuffer) = change { pending = bytes }

        fun end() = change { isEnded = true }

        fun cut() = change { isCut = true }

        private fun change(change: () -> Unit) {
            synchronized(this, change)
            while (true) (synchronized(this) { step() } ?: return).invoke()
        }

        /** Moves some bytes and returns the event that this causes, or null if none moved. */
        private fun step(): (() -> Unit)? {
            if (isCut) return null
            pending?.let { source ->
                val part = source.duplicate()
                part.limit(part.position() + minOf(part.remaining(), bytes.remaining()))
                source.position(part.limit())
                bytes.put(part)
                if (!source.hasRemaining()) {
                    pending = null
                    return { writer!!.onWritten() }
                }
            }
            if (!isAsked) return null
            if (bytes.position() > 0) {
                bytes.flip()
                val chunk = ByteArray(minOf(bytes.remaining(), slice)).also(bytes::get)
                bytes.compact()
                isAsked = false
                return { reader!!.onBytes(ByteBuffer.wrap(chunk)) }
            }
            if (!isEnded || isEndTold) return null
            isEndTold = true
            return { reader!!.onInputEnd() }
        }
    }

    internal companion object {
        private const val CAPACITY = 64 * 1024

        /** Two joined ends. At most [slice] bytes come in one event. */
        fun pair(slice: Int = CAPACITY): Pair<PipeStream, PipeStream> {
            val (there, back) = Pipe(slice) to Pipe(slice)
            val first = PipeStream(back, there)
            val second = PipeStream(there, back)
            first.other = second
            second.other = first
            return first to second
        }
    }
}
