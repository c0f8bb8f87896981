package dev.kobahn.interop

/** The part that a peer takes, by the [title] that the table of results has for it. */
internal enum class Role(val title: String) {
    /** The peer is the client. */
    CLIENT("client of our server"),

    /** The peer is the server. */
    SERVER("server of our client"),

    /** The peer stands before our server. */
    REVERSE_PROXY("proxy in front of our server"),

    /** Our client goes through the peer. */
    FORWARD_PROXY("proxy of our client"),
}
