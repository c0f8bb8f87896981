package dev.kobahn.protocol.frame

import dev.kobahn.protocol.ByteQueue

/**
 * Encodes frame headers (RFC 6455 section 5.2), each with the shortest form of its length. It checks
 * no rule: the caller decides whether the frame may be sent. Stateless.
 */
internal object FrameHeaderWriter {
    /**
     * Appends a header to [output]. The caller appends the payload of [length] bytes.
     *
     * @param opcode the opcode, with the reserved bits at their place in the first byte
     * @param masked sets the mask bit
     * @param writesKey writes [maskingKey] behind the length; a [RawFrame][dev.kobahn.protocol.RawFrame]
     * may set the mask bit and leave the key out
     */
    fun append(
        output: ByteQueue,
        fin: Boolean,
        opcode: Int,
        length: Long,
        masked: Boolean,
        maskingKey: Int,
        writesKey: Boolean = masked,
    ) {
        val bytes = output.reserve(FrameHeader.MAX_SIZE)
        val start = output.tailEnd
        var end = put(bytes, start, fin, opcode, length, masked)
        if (writesKey) end = putNumber(bytes, end, maskingKey.toLong(), Int.SIZE_BYTES)
        output.advance(end - start)
    }

    /**
     * Returns the beginning of a final frame without mask: its header and [payload], which may be
     * less than the [length] bytes of the whole payload.
     */
    fun frame(opcode: Int, length: Long, payload: ByteArray): ByteArray {
        val header = ByteArray(FrameHeader.MAX_SIZE)
        val end = put(header, 0, fin = true, opcode, length, masked = false)
        return payload.copyInto(header.copyOf(end + payload.size), end)
    }

    /** Writes a header without key to [bytes] at [start]; returns the index behind it. */
    private fun put(
        bytes: ByteArray,
        start: Int,
        fin: Boolean,
        opcode: Int,
        length: Long,
        masked: Boolean,
    ): Int {
        val maskBit = if (masked) FrameHeader.MASK else 0
        bytes[start] = (opcode or if (fin) FrameHeader.FIN else 0).toByte()
        if (length < FrameHeader.LENGTH_16) {
            bytes[start + 1] = (maskBit or length.toInt()).toByte()
            return start + 2
        }
        val isLong = length >= FrameHeader.MIN_64
        val form = if (isLong) FrameHeader.LENGTH_64 else FrameHeader.LENGTH_16
        val size = if (isLong) Long.SIZE_BYTES else Short.SIZE_BYTES
        bytes[start + 1] = (maskBit or form).toByte()
        return putNumber(bytes, start + 2, length, size)
    }

    private fun putNumber(bytes: ByteArray, start: Int, value: Long, size: Int): Int {
        for (index in 0 until size) {
            bytes[start + index] = (value ushr (size - 1 - index) * Byte.SIZE_BITS).toByte()
        }
        return start + size
    }
}
