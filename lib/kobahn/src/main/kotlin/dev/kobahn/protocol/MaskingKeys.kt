package dev.kobahn.protocol

/**
 * Where the masking keys of sent frames come from. RFC 6455 section 5.3 demands a strong source of
 * randomness; the core has none of its own.
 */
public fun interface MaskingKeys {
    /** The next key. Called under the monitor of the [Protocol.output][dev.kobahn.protocol.endpoint.Protocol.output] it is for, so two connections may call at once. */
    public fun next(): Int
}
