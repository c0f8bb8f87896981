package dev.kobahn.protocol

/** The two ends of a connection. The role decides which of them masks (RFC 6455 section 5.1). */
public enum class Role {
    /** The end that opened the connection: masks its frames and rejects masked ones. */
    CLIENT,

    /** The end that accepted the connection: sends unmasked frames and rejects unmasked ones. */
    SERVER,
}
