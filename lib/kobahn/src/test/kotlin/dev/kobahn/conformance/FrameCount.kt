package dev.kobahn.conformance

import dev.kobahn.WireLog
import dev.kobahn.protocol.frame.Opcode
import java.util.concurrent.atomic.AtomicLongArray

/** Counts the messages on the wire by what their first frames say, and frames with a wrong bit. */
internal class FrameCount : WireLog {
    private val counts = AtomicLongArray(FIELDS)

    /** Messages sent that are marked as compressed. */
    val sentCompressed: Long get() = counts[SENT_COMPRESSED]

    /** Messages received that are marked as compressed. */
    val receivedCompressed: Long get() = counts[RECEIVED_COMPRESSED]

    /** Messages without the mark, and other frames with one. */
    val wrong: Long get() = counts[WRONG]

    override fun log(entry: WireLog.Entry) {
        if (entry !is WireLog.Entry.Frame) return
        val isFirst = entry.opcode == Opcode.TEXT || entry.opcode == Opcode.BINARY
        when {
            entry.rsv != if (isFirst) RSV1 else 0 -> counts.incrementAndGet(WRONG)
            !isFirst -> return
            entry.sent -> counts.incrementAndGet(SENT_COMPRESSED)
            else -> counts.incrementAndGet(RECEIVED_COMPRESSED)
        }
    }

    fun reset() = repeat(FIELDS) { counts[it] = 0 }

    private companion object {
        const val RSV1 = 4
        const val SENT_COMPRESSED = 0
        const val RECEIVED_COMPRESSED = 1
        const val WRONG = 2
        const val FIELDS = 3
    }
}
