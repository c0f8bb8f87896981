package dev.kobahn.protocol.frame

import dev.kobahn.protocol.OctetQueue

/**
 * Appends frame headers to [output] (RFC 6455 section 5.2), each with the shortest form of its
 * length. It writes what it is told: whether a frame may be sent now is the caller's question. As
 * little thread-safe as the queue.
 */
@JvmInline
internal value class FrameWriter(private val output: OctetQueue) {
    /**
     * Appends the header of a frame; its payload of [length] octets is the caller's to append.
     *
     * @param opcode the opcode, with the reserved bits where they stand in the first octet
     */
    fun header(fin: Boolean, opcode: Int, length: Long, masked: Boolean, maskingKey: Int) {
        val octets = output.reserve(FrameHeader.MAX_SIZE)
        val start = output.tailEnd
        octets[start] = (opcode or if (fin) FrameHeader.FIN else 0).toByte()
        var end = putLength(octets, start + 1, length, if (masked) FrameHeader.MASK else 0)
        if (masked) end = put(octets, end, maskingKey.toLong(), Int.SIZE_BYTES)
        output.advance(end - start)
    }

    internal companion object {
        /** What the frame of a whole message begins with: its header, not masked, and [payload]. */
        fun message(opcode: Int, length: Long, payload: ByteArray): ByteArray {
            val header = ByteArray(FrameHeader.MAX_SIZE)
            header[0] = (opcode or FrameHeader.FIN).toByte()
            val end = putLength(header, 1, length, 0)
            return payload.copyInto(header.copyOf(end + payload.size), end)
        }

        private fun putLength(octets: ByteArray, start: Int, length: Long, maskBit: Int): Int {
            val end = start + 1
            if (length < FrameHeader.LENGTH_16) {
                octets[start] = (maskBit or length.toInt()).toByte()
                return end
            }
            val isLong = length >= FrameHeader.MIN_64
            val form = if (isLong) FrameHeader.LENGTH_64 else FrameHeader.LENGTH_16
            octets[start] = (maskBit or form).toByte()
            return put(octets, end, length, if (isLong) Long.SIZE_BYTES else Short.SIZE_BYTES)
        }

        private fun put(octets: ByteArray, start: Int, value: Long, size: Int): Int {
            for (index in 0 until size) {
                octets[start + index] = (value ushr (size - 1 - index) * Byte.SIZE_BITS).toByte()
            }
            return start + size
        }
    }
}
