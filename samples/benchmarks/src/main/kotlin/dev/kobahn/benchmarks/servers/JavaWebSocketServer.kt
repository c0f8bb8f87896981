package dev.kobahn.benchmarks.servers

import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import org.java_websocket.WebSocket
import org.java_websocket.drafts.Draft
import org.java_websocket.drafts.Draft_6455
import org.java_websocket.extensions.IExtension
import org.java_websocket.extensions.permessage_deflate.PerMessageDeflateExtension
import org.java_websocket.handshake.ClientHandshake
import org.java_websocket.protocols.IProtocol
import org.java_websocket.protocols.Protocol
import org.java_websocket.server.WebSocketServer

/** Java-WebSocket with a decoder for each loop beside its one selector thread. */
internal class JavaWebSocketServer : PeerServer {
    override fun start(settings: ServerSettings): Int {
        val server = Echo(settings)
        server.isTcpNoDelay = true
        server.isReuseAddr = true
        // the other peers look after no lost connections either
        server.connectionLostTimeout = 0
        server.maxPendingConnections = ServerSettings.BACKLOG
        server.start()
        server.started.await()
        return server.port
    }

    private class Echo(settings: ServerSettings) :
        WebSocketServer(
            InetSocketAddress(ServerSettings.HOST, 0),
            settings.loops,
            listOf(draft(settings)),
        ) {
        val started = CountDownLatch(1)

        override fun onStart() = started.countDown()

        override fun onOpen(connection: WebSocket, handshake: ClientHandshake) {
            val broadcasts = handshake.resourceDescriptor == ServerSettings.BROADCAST
            connection.setAttachment(broadcasts)
        }

        override fun onMessage(connection: WebSocket, message: String) {
            val broadcasts = connection.getAttachment<Boolean>()
            if (broadcasts) broadcast(message) else connection.send(message)
        }

        override fun onMessage(connection: WebSocket, message: ByteBuffer) =
            connection.send(message)

        override fun onClose(connection: WebSocket, code: Int, reason: String, remote: Boolean) =
            Unit

        override fun onError(connection: WebSocket?, failure: Exception) = failure.printStackTrace()
    }

    private companion object {
        fun draft(settings: ServerSettings): Draft {
            val extensions = ArrayList<IExtension>()
            if (settings.deflate) {
                extensions += PerMessageDeflateExtension().apply {
                    isServerNoContextTakeover = false
                    isClientNoContextTakeover = false
                    threshold = 0
                }
            }
            return Draft_6455(extensions, listOf<IProtocol>(Protocol("")), settings.maxMessageSize)
        }
    }
}
