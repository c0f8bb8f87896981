package dev.kobahn.internal.connection

import dev.kobahn.WebSocketState
import dev.kobahn.WireLog
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.endpoint.FrameObserver
import dev.kobahn.protocol.frame.FrameHeader
import dev.kobahn.protocol.frame.Opcode
import java.io.IOException
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
 *
 * @param peer returns the peer's name, which a header of the PROXY protocol may change
 */
internal class ConnectionLog(
    val config: WireLogConfig,
    private val sink: WireLog,
    private val peer: () -> String,
) {
    private val number = numbers.incrementAndGet()
    private val connection: String get() = "#$number ${peer()}"
    private val waiting = ConcurrentLinkedQueue<WireLog.Entry>()
    private var isBroken = false

    @Volatile
    private var state: WebSocketState? = null

    /** Records the frames that are sent; [drain] has to follow. */
    val sent = FrameRecorder({ connection }, true, waiting::add)

    val received = FrameRecorder({ connection }, false, ::add)

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

/** Returns this transport with a log if [config] asks for one that is seen, else this transport. */
internal fun Transport.loggedBy(config: WireLogConfig?): Transport {
    val wanted = config?.takeIf { log == null && (it.frames || it.bytes) } ?: return this
    val sink = wanted.sinkOrNull() ?: return this
    return LoggedTransport(this, ConnectionLog(wanted, sink) { peer })
}

/**
 * A [transport] whose beginning and end are logged, and its bytes if that is asked for. [flush], which
 * follows each frame that is sent, also drains the log.
 */
private class LoggedTransport(private val transport: Transport, override val log: ConnectionLog) :
    Transport by transport {
    init {
        if (log.config.bytes) output.onRemoval = { count -> log.bytesSent(output, count) }
    }

    override fun start(listener: TransportListener) {
        log.state(WebSocketState.CONNECTING)
        transport.start(LoggedListener(listener, log))
    }

    override fun flush() {
        transport.flush()
        log.drain()
    }
}

private class LoggedListener(
    private val listener: TransportListener,
    private val log: ConnectionLog,
) : TransportListener by listener {
    override fun onBytes(input: ByteBuffer) {
        if (log.config.bytes) log.bytesReceived(input)
        listener.onBytes(input)
    }

    override fun onWritten(waiting: Long) {
        log.drain()
        listener.onWritten(waiting)
    }

    override fun onClosed(cause: IOException?) {
        listener.onClosed(cause)
        log.state(WebSocketState.CLOSED, cause)
    }
}

/** Makes a log entry of each frame of one direction; of its payload it keeps the beginning only. */
internal class FrameRecorder(
    private val connection: () -> String,
    private val sent: Boolean,
    private val record: (WireLog.Entry) -> Unit,
) : FrameObserver {
    private var first = 0
    private var masked = false
    private var length = 0L
    private var payload = ByteArray(0)
    private var kept = 0
    private var isOpen = false

    /** Whether the message that is open is text that can be read. */
    private var inText = false

    override fun begin(first: Int, masked: Boolean, length: Long) {
        this.first = first
        this.masked = masked
        this.length = length
        val opcode = first and FrameHeader.OPCODE
        val isCompressed = first and FrameHeader.RSV != 0
        if (opcode == Opcode.TEXT || opcode == Opcode.BINARY) {
            inText = opcode == Opcode.TEXT && !isCompressed
        }
        payload = ByteArray(length.coerceIn(0, LOGGED_BYTES.toLong()).toInt())
        kept = 0
        isOpen = true
    }

    override fun data(payload: ByteBuffer, count: Int) {
        val taken = minOf(count, this.payload.size - kept)
        if (taken <= 0) return
        payload.duplicate().get(this.payload, kept, taken)
        kept += taken
    }

    override fun end() = record(entry(isComplete = true))

    /** The frame that is open has no end, if one is open. */
    fun abandon() {
        if (isOpen) record(entry(isComplete = false))
    }

    private fun entry(isComplete: Boolean): WireLog.Entry {
        isOpen = false
        val seen = if (kept == payload.size) payload else payload.copyOf(kept)
        val isControl = Opcode.isControl(first and FrameHeader.OPCODE)
        val isText = inText && !isControl
        return WireLog.Entry.Frame(
            connection(),
            sent,
            first,
            masked,
            length,
            seen,
            isText,
            isComplete,
        )
    }
}

/** The bytes of a payload, a read or a write that are kept for the log. */
internal const val LOGGED_BYTES = 40

/** Appends the beginning of a payload: text in quotes, a Close with its code, other bytes in digits. */
internal fun StringBuilder.appendPayload(frame: WireLog.Entry.Frame) {
    val bytes = frame.payload
    when {
        bytes.isEmpty() -> return
        frame.opcode == Opcode.CLOSE && bytes.size >= CODE_SIZE -> appendClose(bytes)
        frame.isText -> appendQuoted(bytes, 0, isCut = bytes.size < frame.length)
        else -> appendHex(bytes)
    }
    if (bytes.size < frame.length) append(" ...")
}

private fun StringBuilder.appendClose(bytes: ByteArray) {
    val code = (bytes[0].toInt() and BYTE shl Byte.SIZE_BITS) or (bytes[1].toInt() and BYTE)
    append(' ').append(code)
    if (bytes.size > CODE_SIZE) appendQuoted(bytes, CODE_SIZE, isCut = true)
}

private fun StringBuilder.appendQuoted(bytes: ByteArray, start: Int, isCut: Boolean) {
    val text = bytes.decodeToString(start)
    append(" \"")
    // A code point that was cut is not shown as a wrong one.
    for (char in if (isCut) text.trimEnd('\uFFFD') else text) {
        if (char == '"' || char == '\\') append('\\')
        append(char)
    }
    append('"')
}

internal fun StringBuilder.appendHex(bytes: ByteArray) {
    for (byte in bytes) {
        append(' ')
        append(DIGITS[byte.toInt() shr HALF and DIGIT]).append(DIGITS[byte.toInt() and DIGIT])
    }
}

private const val CODE_SIZE = 2
private const val BYTE = 0xFF
private const val HALF = 4
private const val DIGIT = 0xF
private const val DIGITS = "0123456789abcdef"
