package dev.kobahn.protocol.frame

import dev.kobahn.protocol.OctetQueue

/**
 * Encodes frame headers (RFC 6455 section 5.2), each with the shortest form of its length. It checks
 * no rule: the caller decides whether the frame may be sent. Stateless.
 */
internal object FrameHeaderWriter {
    /**
     * Appends a header to [output]. The caller appends the payload of [length] octets.
     *
     * @param opcode the opcode, with the reserved bits at their place in the first octet
     * @param masked sets the mask bit
     * @param writesKey writes [maskingKey] behind the length; a [RawFrame][dev.kobahn.protocol.RawFrame]
     * may set the mask bit and leave the key out
     */
    fun append(
        output: OctetQueue,
        fin: Boolean,
        opcode: Int,
        length: Long,
        masked: Boolean,
        maskingKey: Int,
        writesKey: Boolean = masked,
    ) {
        val octets = output.reserve(FrameHeader.MAX_SIZE)
        val start = output.tailEnd
        var end = put(octets, start, fin, opcode, length, masked)
        if (writesKey) end = putNumber(octets, end, maskingKey.toLong(), Int.SIZE_BYTES)
        output.advance(end - start)
    }

    /**
     * Returns the beginning of a final frame without mask: its header and [payload], which may be
     * less than the [length] octets of the whole payload.
     */
    fun frame(opcode: Int, length: Long, payload: ByteArray): ByteArray {
        val header = ByteArray(FrameHeader.MAX_SIZE)
        val end = put(header, 0, fin = true, opcode, length, masked = false)
        return payload.copyInto(header.copyOf(end + payload.size), end)
    }

    /** Writes a header without key to [octets] at [start]; returns the index behind it. */
    private fun put(
        octets: ByteArray,
        start: Int,
        fin: Boolean,
        opcode: Int,
        length: Long,
        masked: Boolean,
    ): Int {
        val maskBit = if (masked) FrameHeader.MASK else 0
        octets[start] = (opcode or if (fin) FrameHeader.FIN else 0).toByte()
        if (length < FrameHeader.LENGTH_16) {
            octets[start + 1] = (maskBit or length.toInt()).toByte()
            return start + 2
        }
        val isLong = length >= FrameHeader.MIN_64
        val form = if (isLong) FrameHeader.LENGTH_64 else FrameHeader.LENGTH_16
        val size = if (isLong) Long.SIZE_BYTES else Short.SIZE_BYTES
        octets[start + 1] = (maskBit or form).toByte()
        return putNumber(octets, start + 2, length, size)
    }

    private fun putNumber(octets: ByteArray, start: Int, value: Long, size: Int): Int {
        for (index in 0 until size) {
            octets[start + index] = (value ushr (size - 1 - index) * Byte.SIZE_BITS).toByte()
        }
        return start + size
    }
}
