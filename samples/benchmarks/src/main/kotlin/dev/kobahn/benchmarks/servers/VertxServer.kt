package dev.kobahn.benchmarks.servers

import io.vertx.core.Future
import io.vertx.core.VerticleBase
import io.vertx.core.Vertx
import io.vertx.core.VertxOptions
import io.vertx.core.http.HttpServerOptions
import io.vertx.core.http.ServerWebSocket
import java.util.concurrent.TimeUnit

/** Vert.x with a verticle for each event loop, which share a port. */
internal class VertxServer : PeerServer {
    private val members = LinkedHashSet<ServerWebSocket>()

    override fun start(settings: ServerSettings): Int {
        val vertx = Vertx.vertx(VertxOptions().setEventLoopPoolSize(settings.loops))
        var port = 0
        repeat(settings.loops) {
            val listener = Listener(options(settings).setPort(port))
            val deployed = vertx.deployVerticle(listener).toCompletionStage()
            deployed.toCompletableFuture().get(30, TimeUnit.SECONDS)
            port = listener.port
        }
        return port
    }

    private fun options(settings: ServerSettings) = HttpServerOptions()
        .setHost(ServerSettings.HOST)
        .setTcpNoDelay(true)
        .setAcceptBacklog(ServerSettings.BACKLOG)
        .setMaxWebSocketFrameSize(settings.maxMessageSize)
        .setMaxWebSocketMessageSize(settings.maxMessageSize)
        .setPerMessageWebSocketCompressionSupported(settings.deflate)
        .setPerFrameWebSocketCompressionSupported(false)

    private inner class Listener(private val options: HttpServerOptions) : VerticleBase() {
        var port = 0
            private set

        override fun start(): Future<*> {
            val server = vertx.createHttpServer(options).webSocketHandler(::serve)
            return server.listen().onSuccess { port = it.actualPort() }
        }
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
