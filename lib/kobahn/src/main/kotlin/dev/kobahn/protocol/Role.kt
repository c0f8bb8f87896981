package dev.kobahn.protocol

/** The end of the connection this is: it decides who masks (RFC 6455 section 5.1). */
public enum class Role {
    /** Opened the connection; masks what it sends and refuses masked frames. */
    CLIENT,

    /** Accepted the connection; sends unmasked and refuses unmasked frames. */
    SERVER,
}
