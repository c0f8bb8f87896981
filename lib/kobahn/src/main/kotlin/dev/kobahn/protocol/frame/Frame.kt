package dev.kobahn.protocol.frame

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.Masking

/**
 * One frame as a value (RFC 6455 section 5.2), for programs that do their own I/O: [build] encodes
 * it, and a [FrameParser] parses frames. Frames with equal content are equal. Immutable and
 * thread-safe as long as nobody changes [body]. ws4py: `Frame`.
 *
 * @throws IllegalArgumentException if [opcode] is reserved, or if a control frame is not final or
 * carries more than 125 bytes
 */
public class Frame(
    /** The kind of frame, see [Opcode]. */
    public val opcode: Int,
    /** The payload, always unmasked here. Not a copy: do not change it. */
    public val body: ByteArray = ByteArray(0),
    /** The masking key in network order, or null if the frame is not masked on the wire. */
    public val maskingKey: Int? = null,
    /** Whether this is the last frame of its message. */
    public val fin: Boolean = true,
    /** The first reserved bit. It must not be set unless an extension gives it a meaning. */
    public val rsv1: Boolean = false,
    /** The second reserved bit. */
    public val rsv2: Boolean = false,
    /** The third reserved bit. */
    public val rsv3: Boolean = false,
) {
    /** A final frame without reserved bits. */
    public constructor(opcode: Int, body: ByteArray, maskingKey: Int?) :
        this(opcode, body, maskingKey, fin = true)

    init {
        require(opcode in 0..FrameHeader.OPCODE && !Opcode.isReserved(opcode)) {
            "opcode is $opcode, must be 0, 1, 2, 8, 9 or 10"
        }
        if (Opcode.isControl(opcode)) {
            require(fin) { "control frames must not be fragmented" }
            Opcode.checkControl(body)
        }
    }

    /**
     * Returns the frame's bytes in a new array: the header, with the shortest length, and the
     * payload.
     */
    public fun build(): ByteArray {
        val output = ByteQueue()
        val masked = maskingKey != null
        val key = maskingKey ?: 0
        val length = body.size.toLong()
        FrameHeaderWriter.append(output, fin, opcode or reservedBits, length, masked, key)
        output.appendPayload(body, 0, body.size, key, masked)
        return output.takeAll()
    }

    /**
     * Returns a copy of [bytes], combined with [maskingKey] if there is one. The same operation
     * masks and unmasks. ws4py: `mask` and `unmask`.
     */
    public fun mask(bytes: ByteArray): ByteArray {
        val masked = bytes.copyOf()
        if (maskingKey != null) Masking.mask(masked, 0, masked.size, maskingKey)
        return masked
    }

    private val reservedBits: Int
        get() = bit(rsv1, RSV1) or bit(rsv2, RSV2) or bit(rsv3, RSV3)

    private fun bit(set: Boolean, bit: Int) = if (set) bit else 0

    override fun equals(other: Any?): Boolean = other is Frame && other.opcode == opcode &&
        other.fin == fin && other.reservedBits == reservedBits &&
        other.maskingKey == maskingKey && other.body.contentEquals(body)

    override fun hashCode(): Int = body.contentHashCode() xor opcode

    override fun toString(): String =
        "Frame(opcode=$opcode, fin=$fin, masked=${maskingKey != null}, ${body.size} bytes)"

    internal companion object {
        const val RSV1 = 0x40
        const val RSV2 = 0x20
        const val RSV3 = 0x10
    }
}
