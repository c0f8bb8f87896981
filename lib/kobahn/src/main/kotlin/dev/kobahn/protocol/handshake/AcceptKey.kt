package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import java.security.MessageDigest
import kotlin.io.encoding.Base64

/**
 * `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 sections 4.1 and 4.2.2). Thread-safe.
 */
public object AcceptKey {
    /** A key is made of so many bytes. */
    public const val KEY_BYTES: Int = 16

    /** One digest for all threads, in turns: making a digest takes longer than using it. */
    private val digest = MessageDigest.getInstance("SHA-1")

    private const val GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    private const val KEY_LENGTH = 24
    private const val DATA_LENGTH = 22

    /** The last data character has two of its six bits; the other four are zero. */
    private const val LAST_DATA = "AQgw"

    /** Returns the key for [bytes]: sixteen bytes from a secure source of randomness. */
    @JvmStatic
    internal fun encode(bytes: ByteArray): String {
        require(bytes.size == KEY_BYTES) {
            "a key has $KEY_BYTES bytes, but these are ${bytes.size}"
        }
        return Base64.encode(bytes)
    }

    /** Returns the accept value, which proves that the server has read [key]. */
    @JvmStatic
    public fun of(key: String): String {
        val bytes = (key + GUID).toByteArray(Charsets.ISO_8859_1)
        return Base64.encode(synchronized(digest) { digest.digest(bytes) })
    }

    /** Whether [key] is the Base64 form of exactly sixteen bytes. */
    @JvmStatic
    internal fun isValid(key: String): Boolean {
        if (key.length != KEY_LENGTH || !key.endsWith("==")) return false
        for (index in 0 until DATA_LENGTH) if (!isData(key[index])) return false
        return key[DATA_LENGTH - 1] in LAST_DATA
    }

    private fun isData(char: Char) = HttpGrammar.isAlphanumeric(char) || char == '+' || char == '/'
}
