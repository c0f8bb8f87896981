package dev.kobahn.internal.transport.tls

import java.nio.ByteBuffer

/**
 * The cipher text that has arrived and cannot be decrypted yet: an unfinished record, or all that
 * arrives while decrypting has to wait. Owns no memory while it is empty.
 */
internal class UnreadCipher {
    /** The bytes from the position to the limit; there may be room behind them. */
    private var kept: ByteBuffer? = null

    val isEmpty: Boolean get() = kept == null

    /** The memory that it takes. From any thread, which may see an older number. */
    val weight: Int get() = kept?.capacity() ?: 0

    /** Keeps all that [input] has. */
    fun keep(input: ByteBuffer) {
        if (!input.hasRemaining()) return
        val room = withRoom(input.remaining(), recordLength(kept ?: input))
        append(room, input, input.remaining())
    }

    /**
     * Moves bytes from [input] to the kept ones until their first record is complete. Returns
     * whether it moved any.
     */
    fun complete(input: ByteBuffer): Boolean {
        val before = input.position()
        while (input.hasRemaining()) {
            val bytes = kept ?: break
            val missing = recordLength(bytes) - bytes.remaining()
            if (missing <= 0) break
            val count = minOf(missing, input.remaining())
            append(withRoom(count, recordLength(bytes)), input, count)
        }
        return input.position() > before
    }

    /**
     * Calls [decrypt] with the kept bytes, of which it takes some. Returns whether none are left.
     */
    inline fun read(decrypt: (ByteBuffer) -> Unit): Boolean {
        val bytes = kept ?: return true
        decrypt(bytes)
        if (!bytes.hasRemaining()) clear()
        return isEmpty
    }

    fun clear() {
        kept = null
    }

    /**
     * Returns the kept bytes in a buffer with room for [count] more. It grows with its content, up to
     * the [total] of the first record: a length is only announced, and a piece must not cost a copy
     * of all.
     */
    private fun withRoom(count: Int, total: Int): ByteBuffer {
        val before = kept
        val used = before?.remaining() ?: 0
        if (before != null && before.capacity() - before.limit() >= count) return before
        val needed = used + count
        val wished = when {
            needed <= total -> minOf(total, LONGEST_RECORD, maxOf(GROWTH * needed, LEAST))
            used > 0 -> needed + used / 2
            else -> needed
        }
        val grown = ByteBuffer.allocate(maxOf(needed, wished))
        if (before != null) grown.put(before)
        grown.flip()
        kept = grown
        return grown
    }

    private fun append(target: ByteBuffer, input: ByteBuffer, count: Int) {
        val end = target.limit()
        target.limit(end + count)
        input.get(target.array(), end, count)
    }

    companion object {
        private const val HEADER = 5
        private const val LENGTH = 3
        private const val BYTE = 0xFF
        private const val GROWTH = 4
        private const val LEAST = 1024

        /** RFC 5246 section 6.2.3: 2^14 bytes, and 2 KiB for the protection. */
        private const val LONGEST_RECORD = HEADER + 16_384 + 2048

        /** Whether [bytes] begin with a complete record. */
        fun hasRecord(bytes: ByteBuffer): Boolean =
            bytes.remaining() > HEADER && bytes.remaining() >= recordLength(bytes)

        /** The length of the record at the position of [bytes], or of its header. */
        private fun recordLength(bytes: ByteBuffer): Int {
            if (bytes.remaining() < HEADER) return HEADER
            val at = bytes.position() + LENGTH
            val length = (bytes[at].toInt() and BYTE shl 8) or (bytes[at + 1].toInt() and BYTE)
            return HEADER + length
        }
    }
}
