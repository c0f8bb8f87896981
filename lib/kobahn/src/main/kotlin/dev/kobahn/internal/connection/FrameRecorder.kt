package dev.kobahn.internal.connection

import dev.kobahn.WireLog
import dev.kobahn.protocol.endpoint.FrameObserver
import dev.kobahn.protocol.frame.FrameHeader
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer

/** Makes a log entry of each frame of one direction; of its payload it keeps the beginning only. */
internal class FrameRecorder(
    private val connection: String,
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
            connection,
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
