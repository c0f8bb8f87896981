package dev.kobahn.protocol.handshake

import java.security.MessageDigest

/**
 * Compares secrets such as tokens and passwords. Stateless.
 *
 * `==` returns at the first character that differs. A client that measures the time of many
 * attempts could so find a secret one character after the other.
 */
public object Secrets {
    /**
     * Whether [given] is [expected]. The time depends on the lengths only. Returns false if [given]
     * is null.
     */
    @JvmStatic
    public fun match(given: String?, expected: String): Boolean = given != null &&
        MessageDigest.isEqual(given.encodeToByteArray(), expected.encodeToByteArray())
}
