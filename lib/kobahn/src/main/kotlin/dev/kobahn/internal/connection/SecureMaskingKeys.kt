package dev.kobahn.internal.connection

import dev.kobahn.protocol.MaskingKeys
import java.nio.ByteBuffer
import java.security.SecureRandom

/**
 * Unpredictable masking keys (RFC 6455 section 10.3), fetched from the system a thousand at a time.
 * Thread-safe.
 */
internal class SecureMaskingKeys(private val random: SecureRandom = SecureRandom()) : MaskingKeys {
    private val bytes = ByteArray(KEYS * Int.SIZE_BYTES)
    private val keys = ByteBuffer.wrap(bytes).apply { position(limit()) }

    override fun next(): Int = synchronized(keys) {
        if (!keys.hasRemaining()) {
            random.nextBytes(bytes)
            keys.position(0)
        }
        keys.getInt()
    }

    /** Returns [count] unpredictable bytes, for the key of an opening handshake. */
    fun bytes(count: Int): ByteArray = ByteArray(count).also(random::nextBytes)

    private companion object {
        const val KEYS = 1024
    }
}
