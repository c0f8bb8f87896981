package dev.kobahn.internal.transport.tls

import java.nio.ByteBuffer

/**
 * A pair of heap buffers for encrypting and decrypting: ciphers work on arrays, and would copy a
 * direct buffer. Valid only during [use].
 *
 * @property plain has room for [RECORDS] records
 */
internal class TlsBuffers private constructor() {
    val plain: ByteBuffer = ByteBuffer.allocate(PLAIN_SIZE)

    /** The buffer of records. [growCipher] replaces it. */
    var cipher: ByteBuffer = ByteBuffer.allocate(CIPHER_SIZE)
        private set

    /** Makes room in [cipher] for [count] more bytes, and keeps its content. */
    fun growCipher(count: Int) {
        val grown = ByteBuffer.allocate(cipher.position() + count)
        cipher.flip()
        grown.put(cipher)
        cipher = grown
    }

    /** Lends as many pairs as threads need at the same moment. Thread-safe. */
    companion object {
        /** The most records that leave in one write, so that a write is some 64 KiB. */
        const val RECORDS = 4

        /** The plain text of [RECORDS] full records of TLS 1.3. */
        const val PLAIN_SIZE = RECORDS * 16_367

        /** A record of TLS 1.2 has at most 2 KiB besides its plain text. */
        private const val CIPHER_SIZE = PLAIN_SIZE + RECORDS * 2048
        private const val KEPT = 64
        private val free = ArrayDeque<TlsBuffers>()

        /** Calls [action] with a pair that is valid only during the call. */
        inline fun <T> use(action: (TlsBuffers) -> T): T {
            val buffers = take()
            try {
                return action(buffers)
            } finally {
                give(buffers)
            }
        }

        @PublishedApi
        internal fun take(): TlsBuffers {
            val buffers = synchronized(free) { free.removeLastOrNull() } ?: TlsBuffers()
            buffers.plain.clear()
            buffers.cipher.clear()
            return buffers
        }

        @PublishedApi
        internal fun give(buffers: TlsBuffers) {
            synchronized(free) { if (free.size < KEPT) free.addLast(buffers) }
        }
    }
}
