package dev.kobahn.benchmarks

import dev.kobahn.WebSocketServerOptions

/**
 * The server of which one connection is measured without sockets. Here and not beside it, because
 * Java has no coroutines.
 */
internal object EchoHandler {
    @JvmStatic
    fun configure(options: WebSocketServerOptions, size: Int) = with(options) {
        maxMessagePayloadSize = size.toLong()
        onConnect { for (message in incoming) send(message) }
    }
}
