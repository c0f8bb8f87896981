package dev.kobahn.benchmarks.servers

import dev.kobahn.WebSocketGroup
import dev.kobahn.webSocketServer
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking

/**
 * This library, with handlers on the event loop or on `Dispatchers.Default`. It has a loop for each
 * core of the process, and the launcher gives it as many.
 */
internal class KobahnServer(private val onDefaultDispatcher: Boolean = false) : PeerServer {
    override fun start(settings: ServerSettings): Int = runBlocking {
        val group = WebSocketGroup()
        val server = webSocketServer {
            host = ServerSettings.HOST
            backlog = ServerSettings.BACKLOG
            maxMessagePayloadSize = settings.maxMessageSize.toLong()
            if (onDefaultDispatcher) handlerDispatcher = Dispatchers.Default
            if (settings.deflate) perMessageDeflate()
            if (settings.tls) {
                val context = ServerCertificate.context()
                tls { sslContext { context } }
            }
            route(ServerSettings.BROADCAST) {
                onConnect {
                    group.join(this) { for (message in incoming) group.broadcast(message) }
                }
            }
            onConnect { for (message in incoming) send(message) }
        }
        server.start()
        server.port
    }
}
