package dev.kobahn.protocol.frame

import dev.kobahn.protocol.Masking
import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Parses [Frame]s from bytes, however these are cut: one parser for all frames of one direction of
 * a connection. It knows nothing of messages or roles; for these use a `Stream` or a `Protocol`.
 *
 * Its memory is bounded by the bytes that arrived, whatever length was declared. Belongs to one
 * thread at a time. ws4py: `Frame.parser`.
 *
 * @param maxPayloadSize the longest accepted payload in bytes; 0 is no limit
 * @param acceptReservedBits whether reserved bits may be set, as extensions do
 */
public class FrameParser(
    private val maxPayloadSize: Long = ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE,
    private val acceptReservedBits: Boolean = false,
) {
    private val header = FrameHeaderReader()
    private val payload = MessageAssembler()
    private var insideFrame = false
    private var payloadRest = 0L
    private var violation: Violation? = null

    init {
        require(maxPayloadSize >= 0) {
            "maxPayloadSize is $maxPayloadSize, must be 0 (no limit) or more"
        }
    }

    /**
     * The least number of bytes missing now: of the first two bytes, of the rest of the header,
     * or of the payload. This is a hint for reading; [parse] accepts any number. 0 after a
     * violation.
     */
    public val bytesWanted: Long
        get() = when {
            violation != null -> 0
            insideFrame -> payloadRest
            else -> header.bytesWanted.toLong()
        }

    /**
     * Consumes bytes of [input] up to the end of a frame and returns the frame. Returns null if
     * the bytes end before the frame does; the next call continues from there. The bytes behind
     * the frame stay in [input]: call again until there is no frame. Content and byte order of
     * [input] stay as they are.
     *
     * @throws ProtocolException if the bytes are not a frame or the frame is too big; the framing
     * is lost then, and every further call throws the same
     */
    public fun parse(input: ByteBuffer): Frame? {
        violation?.let { throw ProtocolException(it) }
        val order = input.order()
        input.order(ByteOrder.BIG_ENDIAN)
        try {
            return next(input)
        } catch (e: ProtocolException) {
            violation = e.violation
            payload.clear()
            throw e
        } finally {
            input.order(order)
        }
    }

    private fun next(input: ByteBuffer): Frame? {
        if (!insideFrame) {
            if (!header.read(input)) return null
            begin()
        }
        collect(input)
        if (payloadRest > 0) return null
        insideFrame = false
        return frame()
    }

    private fun begin() {
        val reservedBits = if (acceptReservedBits) FrameHeader.RSV shr FrameHeader.RSV_SHIFT else 0
        HeaderRules.check(header, requireMasked = false, acceptMasked = true, reservedBits)
        if (maxPayloadSize in 1 until header.length) {
            throw ProtocolException(Violation.FRAME_TOO_BIG, "more than $maxPayloadSize bytes")
        }
        insideFrame = true
        payloadRest = header.length
        payload.beginFrame(header.length)
    }

    private fun collect(input: ByteBuffer) {
        val count = minOf(payloadRest, input.remaining().toLong()).toInt()
        if (count == 0) return
        val limit = input.limit()
        input.limit(input.position() + count)
        try {
            payload.append(input)
        } finally {
            input.limit(limit)
        }
        payloadRest -= count
    }

    private fun frame(): Frame {
        val bytes = payload.end()
        val key = if (header.masked) header.maskingKey else null
        if (key != null) Masking.mask(bytes, 0, bytes.size, key)
        val first = header.rsv shl FrameHeader.RSV_SHIFT
        return Frame(
            header.opcode,
            bytes,
            key,
            header.fin,
            first and Frame.RSV1 != 0,
            first and Frame.RSV2 != 0,
            first and Frame.RSV3 != 0,
        )
    }
}
