package dev.kobahn.benchmarks.servers

import io.vertx.core.DeploymentOptions
import io.vertx.core.Future
import io.vertx.core.VerticleBase
import io.vertx.core.Vertx
import io.vertx.core.VertxOptions
import io.vertx.core.http.HttpServerOptions
import io.vertx.core.http.ServerWebSocket
import io.vertx.core.net.KeyCertOptions
import java.net.ServerSocket
import java.util.concurrent.TimeUnit
import java.util.function.Supplier
import javax.net.ssl.X509KeyManager

/** Vert.x with a verticle for each event loop, which share a port. */
internal class VertxServer : PeerServer {
    private val members = LinkedHashSet<ServerWebSocket>()

    override fun start(settings: ServerSettings): Int {
        val vertx = Vertx.vertx(VertxOptions().setEventLoopPoolSize(settings.loops))
        val options = options(settings).setPort(freePort())
        val instances = DeploymentOptions().setInstances(settings.loops)
        val deployed = vertx.deployVerticle(Supplier { Listener(options) }, instances)
        deployed.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS)
        return options.port
    }

    /** Instances of a verticle share a port only if it is a certain one. */
    private fun freePort() = ServerSocket(0).use { it.localPort }

    private fun options(settings: ServerSettings) = HttpServerOptions()
        .setHost(ServerSettings.HOST)
        .setTcpNoDelay(true)
        .setAcceptBacklog(ServerSettings.BACKLOG)
        .setMaxWebSocketFrameSize(settings.maxMessageSize)
        .setMaxWebSocketMessageSize(settings.maxMessageSize)
        .setPerMessageWebSocketCompressionSupported(settings.deflate)
        .setPerFrameWebSocketCompressionSupported(false)
        .apply {
            if (settings.tls) {
                isSsl = true
                keyCertOptions = KeyCertOptions.wrap(keyManager())
            }
        }

    private fun keyManager() =
        ServerCertificate.bundle.toKeyManagerFactory().keyManagers.single() as X509KeyManager

    private inner class Listener(private val options: HttpServerOptions) : VerticleBase() {
        override fun start(): Future<*> =
            vertx.createHttpServer(options).webSocketHandler(::serve).listen()
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
