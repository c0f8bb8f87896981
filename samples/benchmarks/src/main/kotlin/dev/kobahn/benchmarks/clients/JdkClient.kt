package dev.kobahn.benchmarks.clients

import java.net.URI
import java.net.http.HttpClient
import java.net.http.WebSocket
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** The JDK's client. It takes a message only when the one before is sent, so they form a chain. */
internal class JdkClient : PeerClient {
    override fun start(url: String, exchanges: List<Exchange>) {
        val client = HttpClient.newHttpClient()
        exchanges
            .map { client.newWebSocketBuilder().buildAsync(URI(url), Talk(it)) }
            .forEach { it.join() }
    }

    private class Talk(private val exchange: Exchange) : WebSocket.Listener {
        private val text = StringBuilder()
        private var sending: CompletableFuture<WebSocket> = CompletableFuture.completedFuture(null)

        override fun onOpen(webSocket: WebSocket) {
            exchange.begin().forEach { say(webSocket, it) }
            webSocket.request(1)
        }

        private fun say(webSocket: WebSocket, message: String) {
            sending = sending.thenCompose { webSocket.sendText(message, true) }
        }

        override fun onText(
            webSocket: WebSocket,
            data: CharSequence,
            last: Boolean,
        ): CompletionStage<*>? {
            text.append(data)
            if (last) {
                say(webSocket, exchange.answer(text.toString()))
                text.setLength(0)
            }
            webSocket.request(1)
            return null
        }

        override fun onError(webSocket: WebSocket, error: Throwable) =
            Exchange.fail(error.stackTraceToString())
    }
}
