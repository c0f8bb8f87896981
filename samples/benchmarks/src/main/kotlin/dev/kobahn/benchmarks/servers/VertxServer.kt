package dev.kobahn.benchmarks.servers

import io.vertx.core.Vertx
import io.vertx.core.VertxOptions
import io.vertx.core.http.HttpServerOptions
import io.vertx.core.http.ServerWebSocket
import java.util.concurrent.TimeUnit

/** Vert.x with one event loop. */
internal class VertxServer : PeerServer {
    private val members = LinkedHashSet<ServerWebSocket>()

    override fun start(settings: ServerSettings): Int {
        val vertx = Vertx.vertx(VertxOptions().setEventLoopPoolSize(1))
        val options = HttpServerOptions()
            .setHost(ServerSettings.HOST).setPort(0)
            .setTcpNoDelay(true)
            .setAcceptBacklog(ServerSettings.BACKLOG)
            .setMaxWebSocketFrameSize(settings.maxMessageSize)
            .setMaxWebSocketMessageSize(settings.maxMessageSize)
            .setPerMessageWebSocketCompressionSupported(settings.deflate)
            .setPerFrameWebSocketCompressionSupported(false)
        val server = vertx.createHttpServer(options).webSocketHandler(::serve)
        return server.listen().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS)
            .actualPort()
    }

    private fun serve(socket: ServerWebSocket) {
        if (socket.path() != ServerSettings.BROADCAST) {
            socket.textMessageHandler { socket.writeTextMessage(it) }
            socket.binaryMessageHandler { socket.writeBinaryMessage(it) }
            return
        }
        members.add(socket)
        socket.closeHandler { members.remove(socket) }
        socket.textMessageHandler { text -> members.forEach { it.writeTextMessage(text) } }
    }
}
