package dev.kobahn.protocol

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Masking of payload data (RFC 6455 section 5.3): byte `i` of the payload is combined by XOR with
 * byte `i mod 4` of the masking key. The same operation masks and unmasks.
 *
 * A key is an [Int] in network order: its most significant byte is the first on the wire. Every
 * value is a valid key, zero included. A payload may be masked in pieces: [phase][mask] is the
 * number of payload bytes before the piece.
 *
 * Eight bytes are combined at a time, without native code. To rule this out as the cause of a
 * problem, set the system property `dev.kobahn.acceleration` to `false`, `no` or `0` before the
 * library is loaded: payloads are then masked byte by byte. Stateless and thread-safe.
 */
public object Masking {
    /** Whether eight bytes are combined at a time, unless the system property forbids it. */
    @JvmField
    internal val usesWords: Boolean =
        System.getProperty("dev.kobahn.acceleration")?.lowercase() !in setOf("false", "no", "0")

    /** Masks [length] bytes of [bytes] in place, from [offset] on: the beginning of a payload. */
    @JvmStatic
    public fun mask(bytes: ByteArray, offset: Int, length: Int, key: Int): Unit =
        mask(bytes, offset, length, key, 0)

    /** Masks [length] bytes of [bytes] in place, from [offset] on, [phase] bytes into the payload. */
    @JvmStatic
    public fun mask(bytes: ByteArray, offset: Int, length: Int, key: Int, phase: Int) {
        if (length < SMALL) {
            maskTail(
                bytes,
                offset,
                offset + length,
                Integer.rotateLeft(key, (phase and 3) * BYTE),
            )
        } else {
            mask(ByteBuffer.wrap(bytes), offset, offset + length, key, phase)
        }
    }

    /**
     * Masks the bytes of [buffer] between the absolute indices [start] and [end] in place: the
     * beginning of a payload. Position, limit and byte order stay as they are.
     */
    @JvmStatic
    public fun mask(buffer: ByteBuffer, start: Int, end: Int, key: Int): Unit =
        mask(buffer, start, end, key, 0)

    /**
     * Masks the bytes of [buffer] between the absolute indices [start] and [end] in place, [phase]
     * bytes into the payload. Position, limit and byte order stay as they are.
     */
    @JvmStatic
    public fun mask(buffer: ByteBuffer, start: Int, end: Int, key: Int, phase: Int) {
        if (key == 0) return
        val rotated = Integer.rotateLeft(key, (phase and 3) * BYTE)
        val tail = if (usesWords) start + ((end - start) and WORD_MASK) else start
        if (tail > start) maskWords(buffer, start, tail, rotated)
        var byteKey = rotated
        for (index in tail until end) {
            byteKey = Integer.rotateLeft(byteKey, BYTE)
            buffer.put(index, (buffer.get(index).toInt() xor byteKey).toByte())
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

    private fun maskTail(bytes: ByteArray, start: Int, end: Int, key: Int) {
        var byteKey = key
        for (index in start until end) {
            byteKey = Integer.rotateLeft(byteKey, BYTE)
            bytes[index] = (bytes[index].toInt() xor byteKey).toByte()
        }
    }

    private const val BYTE = 8
    private const val SMALL = 16
    private const val BLOCK = 256
    private const val WORD_MASK = -8
    private const val UNSIGNED_INT = 0xFFFF_FFFFL
}
