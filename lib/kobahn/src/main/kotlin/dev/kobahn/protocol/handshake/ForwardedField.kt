package dev.kobahn.protocol.handshake

/**
 * The header field in which the proxies in front of a server name the client. A proxy that writes
 * one of them passes on the other as the client wrote it, so a server believes only one.
 */
public enum class ForwardedField {
    /** `X-Forwarded-For`, which most proxies write. */
    X_FORWARDED_FOR,

    /** `Forwarded` (RFC 7239); its `for` names the client. */
    FORWARDED,
}
