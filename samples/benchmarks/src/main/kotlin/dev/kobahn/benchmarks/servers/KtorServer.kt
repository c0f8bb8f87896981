package dev.kobahn.benchmarks.servers

import io.ktor.server.application.install
import io.ktor.server.cio.CIO
import io.ktor.server.engine.EngineConnectorBuilder
import io.ktor.server.engine.embeddedServer
import io.ktor.server.routing.routing
import io.ktor.server.websocket.DefaultWebSocketServerSession
import io.ktor.server.websocket.WebSockets
import io.ktor.server.websocket.webSocket
import io.ktor.websocket.WebSocketDeflateExtension
import java.util.concurrent.CopyOnWriteArraySet
import kotlinx.coroutines.runBlocking

/** Ktor's server with its own engine. */
internal class KtorServer : PeerServer {
    private val members = CopyOnWriteArraySet<DefaultWebSocketServerSession>()

    override fun start(settings: ServerSettings): Int {
        val server = embeddedServer(CIO, configure = {
            connectors.add(
                EngineConnectorBuilder().apply {
                    host = ServerSettings.HOST
                    port = 0
                },
            )
            connectionGroupSize = settings.loops
            workerGroupSize = settings.loops
            callGroupSize = settings.loops
        }) {
            install(WebSockets) {
                maxFrameSize = settings.maxMessageSize.toLong()
                if (settings.deflate) extensions { install(WebSocketDeflateExtension) }
            }
            routing {
                webSocket(ServerSettings.BROADCAST) { broadcast() }
                webSocket("/") { for (frame in incoming) send(frame) }
            }
        }
        server.start(wait = false)
        return runBlocking { server.engine.resolvedConnectors().first().port }
    }

    private suspend fun DefaultWebSocketServerSession.broadcast() {
        members.add(this)
        try {
            for (frame in incoming) members.forEach { it.send(frame.copy()) }
        } finally {
            members.remove(this)
        }
    }
}
