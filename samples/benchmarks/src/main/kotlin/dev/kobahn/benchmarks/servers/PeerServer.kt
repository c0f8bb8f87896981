package dev.kobahn.benchmarks.servers

/**
 * A server that sends every message back, and on the path [BROADCAST] to everybody who is connected
 * there. It serves its connections with one I/O thread where it can be told so, at 127.0.0.1.
 */
internal fun interface PeerServer {
    /** Starts it and returns its port. */
    fun start(settings: ServerSettings): Int
}

/** What is the same for all peers. TCP_NODELAY is on everywhere. */
internal class ServerSettings(
    /** Whether permessage-deflate is agreed to, with context takeover and at the default level. */
    val deflate: Boolean,
) {
    val maxMessageSize: Int = 16 * 1024 * 1024

    companion object {
        const val HOST = "127.0.0.1"
        const val BACKLOG = 1024
        const val BROADCAST = "/broadcast"
    }
}
