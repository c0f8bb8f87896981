package dev.kobahn.protocol

/**
 * The source of the masking keys for sent frames. RFC 6455 section 5.3 demands a strong source of
 * randomness, and the protocol has none of its own.
 */
public fun interface MaskingKeys {
    /**
     * Returns the next key. Each connection calls this under the monitor of its own output queue,
     * so two connections may call at once.
     */
    public fun next(): Int
}
