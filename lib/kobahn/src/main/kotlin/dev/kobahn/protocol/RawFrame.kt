package dev.kobahn.protocol

/**
 * A frame to send as it is, for [WebSocket.sendFrame][dev.kobahn.WebSocket.sendFrame] and
 * [Protocol.sendFrame][dev.kobahn.protocol.endpoint.Protocol.sendFrame]. Every value that fits into
 * its bits is accepted, whether RFC 6455 allows it or not. Immutable, except for [payload], which
 * must not change once the frame was sent.
 *
 * @throws IllegalArgumentException if a value does not fit
 */
public class RawFrame(
    /** The opcode, 0 to 15; see [dev.kobahn.protocol.frame.Opcode]. */
    public val opcode: Int,
    /** The payload, or the bytes that are repeated or cut to make it. */
    public val payload: ByteArray = ByteArray(0),
    /** Whether this is the last frame of its message. */
    public val fin: Boolean = true,
    /** The reserved bits, 0 to 7: 4 is RSV1, 2 RSV2, 1 RSV3. */
    public val rsv: Int = 0,
    /** The masking of the frame. */
    public val mask: FrameMask = FrameMask.USUAL,
    /**
     * The length of the payload on the wire in bytes: [payload] is repeated or cut to this length.
     * The repetitions are made while they are written, so any length takes no memory.
     */
    public val payloadLength: Long = payload.size.toLong(),
) {
    /** A final frame, masked like every other one. */
    public constructor(opcode: Int, payload: ByteArray) : this(opcode, payload, fin = true)

    init {
        require(opcode in 0..MAX_OPCODE) { "opcode is $opcode, must be 0 to $MAX_OPCODE" }
        require(rsv in 0..MAX_RSV) { "rsv is $rsv, must be 0 to $MAX_RSV" }
        require(payloadLength >= 0) { "payloadLength is $payloadLength, must be 0 or more" }
        require(payloadLength == 0L || payload.isNotEmpty()) {
            "payloadLength is $payloadLength, but there is no payload to repeat"
        }
    }

    private companion object {
        const val MAX_OPCODE = 15
        const val MAX_RSV = 7
    }
}
