package dev.kobahn.benchmarks.servers

import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArraySet
import org.eclipse.jetty.server.ConnectionFactory
import org.eclipse.jetty.server.HttpConfiguration
import org.eclipse.jetty.server.HttpConnectionFactory
import org.eclipse.jetty.server.SecureRequestCustomizer
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector
import org.eclipse.jetty.server.SslConnectionFactory
import org.eclipse.jetty.util.ssl.SslContextFactory
import org.eclipse.jetty.util.thread.QueuedThreadPool
import org.eclipse.jetty.websocket.api.Callback
import org.eclipse.jetty.websocket.api.Session
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler

/**
 * Jetty's own API, without servlets. One acceptor and a selector for each loop; its pool has more
 * threads by design.
 */
internal class JettyServer : PeerServer {
    private val members = CopyOnWriteArraySet<Session>()

    override fun start(settings: ServerSettings): Int {
        val server = Server(QueuedThreadPool(MOST_THREADS))
        val connector = ServerConnector(server, 1, settings.loops, *factories(settings))
        connector.host = ServerSettings.HOST
        connector.acceptQueueSize = ServerSettings.BACKLOG
        server.addConnector(connector)
        server.handler = WebSocketUpgradeHandler.from(server) { container ->
            container.maxTextMessageSize = settings.maxMessageSize.toLong()
            container.maxBinaryMessageSize = settings.maxMessageSize.toLong()
            container.maxFrameSize = settings.maxMessageSize.toLong()
            container.idleTimeout = java.time.Duration.ZERO
            container.addMapping(ServerSettings.BROADCAST) { _, _, _ -> Echo(members) }
            container.addMapping("/") { _, _, _ -> Echo(null) }
        }
        server.start()
        return connector.localPort
    }

    private fun factories(settings: ServerSettings): Array<ConnectionFactory> {
        if (!settings.tls) return arrayOf(HttpConnectionFactory())
        // The load asks for an address, which no certificate is checked against.
        val customizer = SecureRequestCustomizer(false)
        val http = HttpConnectionFactory(HttpConfiguration().apply { addCustomizer(customizer) })
        val ssl = SslContextFactory.Server().apply { sslContext = ServerCertificate.context() }
        return arrayOf(SslConnectionFactory(ssl, http.protocol), http)
    }

    /** Public, because Jetty calls it by reflection. */
    class Echo(private val members: MutableSet<Session>?) :
        Session.Listener.AbstractAutoDemanding() {
        override fun onWebSocketOpen(session: Session) {
            super.onWebSocketOpen(session)
            members?.add(session)
        }

        override fun onWebSocketText(message: String) {
            if (members == null) return session.sendText(message, Callback.NOOP)
            members.forEach { if (it.isOpen) it.sendText(message, Callback.NOOP) }
        }

        override fun onWebSocketBinary(payload: ByteBuffer, callback: Callback) {
            val sent = Callback.from({ callback.succeed() }, { callback.fail(it) })
            session.sendBinary(payload, sent)
        }

        override fun onWebSocketClose(statusCode: Int, reason: String?, callback: Callback) {
            members?.remove(session)
            callback.succeed()
        }
    }

    private companion object {
        const val MOST_THREADS = 8
    }
}
