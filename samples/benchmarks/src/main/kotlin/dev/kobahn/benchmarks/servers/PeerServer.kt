package dev.kobahn.benchmarks.servers

/**
 * A server that sends every message back, and on the path [BROADCAST] to everybody who is connected
 * there. It serves its connections with as many I/O threads as it is told, at 127.0.0.1.
 */
internal fun interface PeerServer {
    /** Starts it and returns its port. */
    fun start(settings: ServerSettings): Int
}

/** The settings that all peers share. TCP_NODELAY is on everywhere. */
internal class ServerSettings(
    /** Whether permessage-deflate is agreed to, with context takeover and at the default level. */
    val deflate: Boolean,
    /** How many threads serve connections, where a server can be told so. */
    val loops: Int = 1,
    /** Whether connections are encrypted. */
    val tls: Boolean = false,
) {
    val maxMessageSize: Int = 16 * 1024 * 1024

    companion object {
        const val HOST = "127.0.0.1"
        const val BACKLOG = 1024
        const val BROADCAST = "/broadcast"
    }
}
