package dev.kobahn.benchmarks.clients

import java.net.URI
import org.java_websocket.client.WebSocketClient
import org.java_websocket.handshake.ServerHandshake

/** Java-WebSocket, which has a reading and a writing thread for each connection. */
internal class JavaWebSocketClient : PeerClient {
    override fun start(url: String, exchanges: List<Exchange>) = exchanges.forEach { exchange ->
        val talk = Talk(URI(url), exchange)
        talk.isTcpNoDelay = true
        talk.connectionLostTimeout = 0
        if (!talk.connectBlocking()) Exchange.fail("not connected")
    }

    private class Talk(uri: URI, private val exchange: Exchange) : WebSocketClient(uri) {
        override fun onOpen(handshake: ServerHandshake) = exchange.begin().forEach { send(it) }

        override fun onMessage(message: String) = send(exchange.answer(message))

        override fun onClose(code: Int, reason: String, remote: Boolean) =
            Exchange.fail("closed with $code $reason")

        override fun onError(failure: Exception) = Exchange.fail(failure.stackTraceToString())
    }
}
