package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.Masking
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.frame.FrameHeaderReader
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer

/**
 * Scans the input after a violation for the peer's Close frame and discards everything else (RFC
 * 6455 section 7.1.7). If the framing itself is lost, the Close frame is lost too.
 *
 * @param skip the number of bytes left of the frame that broke a rule
 * @param applyMask see [ProtocolConfig.applyMask]
 */
internal class CloseFrameScanner(private var skip: Long, private val applyMask: Boolean) {
    private val header = FrameHeaderReader()
    private var payload: ByteArray? = null
    private var received = 0
    private var lost = skip < 0

    /** Whether a Close frame arrived, valid or not. Nothing is received after it. */
    var closed = false
        private set

    /**
     * Consumes [input] up to its end or the end of a Close frame. Returns that frame if it is
     * valid.
     */
    fun receive(input: ByteBuffer): CloseFrame? {
        while (!lost && skipRest(input)) {
            val bytes = payload
            if (bytes == null) {
                if (!header.read(input)) return null
                beginFrame()
            } else {
                if (!collect(bytes, input)) return null
                closed = true
                return parse(bytes)
            }
        }
        return null
    }

    private fun parse(bytes: ByteArray): CloseFrame? = try {
        CloseFrame.parse(bytes)
    } catch (_: ProtocolException) {
        // The connection has failed already; a second violation changes nothing.
        null
    }

    private fun skipRest(input: ByteBuffer): Boolean {
        val count = minOf(skip, input.remaining().toLong()).toInt()
        input.position(input.position() + count)
        skip -= count
        return skip == 0L
    }

    private fun beginFrame() {
        if (header.opcode == Opcode.CLOSE && header.length in 0..Opcode.MAX_CONTROL_PAYLOAD) {
            payload = ByteArray(header.length.toInt())
        } else {
            skip = header.length
            lost = skip < 0
        }
    }

    private fun collect(bytes: ByteArray, input: ByteBuffer): Boolean {
        val count = minOf(bytes.size - received, input.remaining())
        input.get(bytes, received, count)
        received += count
        if (received < bytes.size) return false
        if (header.masked && applyMask) Masking.mask(bytes, 0, bytes.size, header.maskingKey)
        return true
    }
}
