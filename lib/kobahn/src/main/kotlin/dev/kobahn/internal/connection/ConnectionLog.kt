package dev.kobahn.internal.connection

import dev.kobahn.WebSocketState
import dev.kobahn.WireLog
import dev.kobahn.WireLogEntry
import dev.kobahn.protocol.OctetQueue
import dev.kobahn.protocol.ProtocolException
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicLong

/** The options of the log of frames and octets. Immutable. */
internal class WireLogConfig(val frames: Boolean, val octets: Boolean, private val sink: WireLog?) {
    /** Where lines go; null if nobody would see them. */
    fun sinkOrNull(): WireLog? =
        sink ?: WireLog { entry -> logger.trace { entry.toString() } }.takeIf {
            logger.isTraceEnabled()
        }

    private companion object {
        val logger by lazy { loggerNamed("dev.kobahn.wire") }
    }
}

/**
 * The log of one connection. What is sent is noted under the output's monitor, where nothing can be
 * said aloud; [drain] does that later, outside of it, so that lines come in the order of the wire
 * and a slow log slows down whoever causes it.
 */
internal class ConnectionLog(val config: WireLogConfig, private val sink: WireLog, peer: String) {
    private val connection = "#${numbers.incrementAndGet()} $peer"
    private val waiting = ConcurrentLinkedQueue<WireLogEntry>()
    private var isBroken = false

    @Volatile
    private var state: WebSocketState? = null

    /** Records the frames that are sent; [drain] has to follow. */
    val sent = FrameRecorder(connection, true, waiting::add)

    /** Records the frames that are received. */
    val received = FrameRecorder(connection, false, ::add)

    /** Logs that the connection has entered [state], unless that was logged before. From any thread. */
    fun state(state: WebSocketState, detail: Any? = null) {
        if (this.state == state) return
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

    private fun note(gutter: Char, text: String) = add(WireLogEntry.Note(connection, gutter, text))

    /** [octets] came, what it has remaining; they are left in it. */
    fun octetsReceived(octets: ByteBuffer) = add(entry(false, octets.remaining(), octets))

    /** The first [size] octets of [output] were written; [drain] has to follow. */
    fun octetsSent(output: OctetQueue, size: Int) {
        val octets = ByteBuffer.allocate(minOf(size, LOGGED_OCTETS))
        output.copyTo(octets)
        octets.flip()
        waiting.add(entry(true, size, octets))
    }

    private fun entry(sent: Boolean, size: Int, octets: ByteBuffer): WireLogEntry {
        val kept = ByteArray(minOf(size, LOGGED_OCTETS))
        octets.duplicate().get(kept)
        return WireLogEntry.Octets(connection, sent, size, kept)
    }

    private fun add(entry: WireLogEntry) {
        waiting.add(entry)
        drain()
    }

    /** Logs what was noted. Not under the output's monitor: the log may be the application's. */
    fun drain() {
        if (waiting.isEmpty()) return
        synchronized(waiting) {
            while (true) write(waiting.poll() ?: return)
        }
    }

    private fun write(entry: WireLogEntry) {
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
