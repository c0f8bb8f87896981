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
        val maskBit = if (masked) FrameHeader.MASK else 0
        octets[start] = (opcode or if (fin) FrameHeader.FIN else 0).toByte()
        var end = start + 2
        when {
            length < FrameHeader.LENGTH_16 ->
                octets[start + 1] = (maskBit or length.toInt()).toByte()

            length < FrameHeader.MIN_64 -> {
                octets[start + 1] = (maskBit or FrameHeader.LENGTH_16).toByte()
                end = put(octets, end, length, Short.SIZE_BYTES)
            }

            else -> {
                octets[start + 1] = (maskBit or FrameHeader.LENGTH_64).toByte()
                end = put(octets, end, length, Long.SIZE_BYTES)
            }
        }
        if (masked) end = put(octets, end, maskingKey.toLong(), Int.SIZE_BYTES)
        output.advance(end - start)
    }

    private fun put(octets: ByteArray, start: Int, value: Long, size: Int): Int {
        for (index in 0 until size) {
            octets[start + index] = (value ushr (size - 1 - index) * Byte.SIZE_BITS).toByte()
        }
        return start + size
    }
}
