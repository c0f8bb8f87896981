package dev.kobahn.protocol

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Masking of payload data (RFC 6455 section 5.3): octet `i` of the payload is combined by XOR with
 * octet `i mod 4` of the masking key. The same operation masks and unmasks.
 *
 * A key is an [Int] in network order: its most significant octet is the first on the wire. Every
 * value is a valid key, zero included. A payload may be masked in pieces: [phase][mask] is the
 * number of payload octets before the piece.
 *
 * Eight octets are combined at a time, see [Acceleration]. Stateless and thread-safe.
 */
public object Masking {
    /** Masks [length] octets of [octets] in place, from [offset] on, [phase] octets into the payload. */
    @JvmStatic
    @JvmOverloads
    public fun mask(octets: ByteArray, offset: Int, length: Int, key: Int, phase: Int = 0) {
        if (length < SMALL) {
            maskTail(
                octets,
                offset,
                offset + length,
                Integer.rotateLeft(key, (phase and 3) * OCTET),
            )
        } else {
            mask(ByteBuffer.wrap(octets), offset, offset + length, key, phase)
        }
    }

    /**
     * Masks the octets of [buffer] between the absolute indices [start] and [end] in place, [phase]
     * octets into the payload. Position, limit and byte order stay as they are.
     */
    @JvmStatic
    @JvmOverloads
    public fun mask(buffer: ByteBuffer, start: Int, end: Int, key: Int, phase: Int = 0) {
        if (key == 0) return
        val rotated = Integer.rotateLeft(key, (phase and 3) * OCTET)
        val tail = if (Acceleration.isUsed) start + ((end - start) and WORD_MASK) else start
        if (tail > start) maskWords(buffer, start, tail, rotated)
        var octetKey = rotated
        for (index in tail until end) {
            octetKey = Integer.rotateLeft(octetKey, OCTET)
            buffer.put(index, (buffer.get(index).toInt() xor octetKey).toByte())
        }
    }

    private fun maskWords(buffer: ByteBuffer, start: Int, end: Int, key: Int) {
        val order = buffer.order()
        val native = ByteOrder.nativeOrder()
        buffer.order(native)
        val ordered = if (native == ByteOrder.BIG_ENDIAN) key else Integer.reverseBytes(key)
        maskWords(
            buffer,
            start,
            end,
            (ordered.toLong() shl Int.SIZE_BITS) or (ordered.toLong() and UNSIGNED_INT),
        )
        buffer.order(order)
    }

    /**
     * Masks by halves, because the JVM's compiler does not inline recursive calls: it compiles this
     * loop on its own. Inlined into its callers, the loop could be nested so deeply that the
     * compiler inlines no further, and every access to the buffer would be a call.
     */
    private fun maskWords(buffer: ByteBuffer, start: Int, end: Int, word: Long) {
        if (end - start > BLOCK) {
            val middle = start + ((end - start) / 2 and WORD_MASK)
            maskWords(buffer, start, middle, word)
            return maskWords(buffer, middle, end, word)
        }
        var index = start
        while (index < end) {
            buffer.putLong(index, buffer.getLong(index) xor word)
            index += Long.SIZE_BYTES
        }
    }

    private fun maskTail(octets: ByteArray, start: Int, end: Int, key: Int) {
        var octetKey = key
        for (index in start until end) {
            octetKey = Integer.rotateLeft(octetKey, OCTET)
            octets[index] = (octets[index].toInt() xor octetKey).toByte()
        }
    }

    private const val OCTET = 8
    private const val SMALL = 16
    private const val BLOCK = 256
    private const val WORD_MASK = -8
    private const val UNSIGNED_INT = 0xFFFF_FFFFL
}
