package dev.kobahn.internal.connection

import dev.kobahn.WebSocketState
import dev.kobahn.WireLog
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.ProtocolException
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicLong

/** The options of the log of frames and bytes. Immutable. */
internal class WireLogConfig(val frames: Boolean, val bytes: Boolean, private val sink: WireLog?) {
    /** The sink of the lines, or null if nobody would see them. */
    fun sinkOrNull(): WireLog? =
        sink ?: WireLog { entry -> logger.trace { entry.toString() } }.takeIf {
            logger.isTraceEnabled()
        }

    private companion object {
        val logger by lazy { loggerNamed("dev.kobahn.wire") }
    }
}

/**
 * The log of one connection. A frame that is sent is recorded under the monitor of the output, where
 * no code of the application may run. [drain] calls the sink later, without the monitor, so that the
 * lines keep the order of the wire and a slow sink slows down only the thread that causes them.
 */
internal class ConnectionLog(val config: WireLogConfig, private val sink: WireLog, peer: String) {
    private val connection = "#${numbers.incrementAndGet()} $peer"
    private val waiting = ConcurrentLinkedQueue<WireLog.Entry>()
    private var isBroken = false

    @Volatile
    private var state: WebSocketState? = null

    /** Records the frames that are sent; [drain] has to follow. */
    val sent = FrameRecorder(connection, true, waiting::add)

    /** Records the frames that are received. */
    val received = FrameRecorder(connection, false, ::add)

    /** Logs that the connection has entered [state], unless that was logged before. From any thread. */
    fun state(state: WebSocketState, detail: Any? = null) {
        val known = this.state
        if (known != null && state <= known) return
        this.state = state
        note('=', if (detail == null) state.name else "${state.name} $detail")
    }

    fun autoPing(text: String) = note('%', text)

    fun timeout(text: String) = note('-', text)

    /** The peer broke a rule, in the frame that is open if one is. On the loop. */
    fun violation(cause: ProtocolException) {
        received.abandon()
        note('!', "${cause.closeCode} ${cause.message}")
    }

    private fun note(gutter: Char, text: String) = add(WireLog.Entry.Note(connection, gutter, text))

    /** Logs the remaining bytes of [bytes], which arrived, and leaves them in it. */
    fun bytesReceived(bytes: ByteBuffer) = add(entry(false, bytes.remaining(), bytes))

    /** The first [size] bytes of [output] were written. [drain] has to follow. */
    fun bytesSent(output: ByteQueue, size: Int) {
        val bytes = ByteBuffer.allocate(minOf(size, LOGGED_BYTES))
        output.copyTo(bytes)
        bytes.flip()
        waiting.add(entry(true, size, bytes))
    }

    private fun entry(sent: Boolean, size: Int, bytes: ByteBuffer): WireLog.Entry {
        val kept = ByteArray(minOf(size, LOGGED_BYTES))
        bytes.duplicate().get(kept)
        return WireLog.Entry.Bytes(connection, sent, size, kept)
    }

    private fun add(entry: WireLog.Entry) {
        waiting.add(entry)
        drain()
    }

    /** Calls the sink with all recorded entries. Not under the monitor of the output. */
    fun drain() {
        if (waiting.isEmpty()) return
        synchronized(waiting) {
            while (true) write(waiting.poll() ?: return)
        }
    }

    private fun write(entry: WireLog.Entry) {
        if (isBroken) return
        try {
            sink.log(entry)
        } catch (failure: Throwable) {
            // Errors too: the connection must not end because its log does.
            isBroken = true
            logError(failure) { "the log of $connection failed, and ends" }
        }
    }

    private companion object {
        val numbers = AtomicLong()
    }
}
