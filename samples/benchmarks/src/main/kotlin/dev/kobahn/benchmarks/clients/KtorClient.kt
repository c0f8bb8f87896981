package dev.kobahn.benchmarks.clients

import io.ktor.client.HttpClient
import io.ktor.client.engine.cio.CIO
import io.ktor.client.plugins.websocket.DefaultClientWebSocketSession
import io.ktor.client.plugins.websocket.WebSockets
import io.ktor.client.plugins.websocket.webSocketSession
import io.ktor.websocket.Frame
import io.ktor.websocket.readText
import io.ktor.websocket.send
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * Ktor's client with its own engine, and a coroutine for each connection on `Dispatchers.Default`.
 */
internal class KtorClient : PeerClient {
    private val scope = CoroutineScope(Dispatchers.Default)

    override fun start(url: String, exchanges: List<Exchange>) = runBlocking {
        val client = HttpClient(CIO) { install(WebSockets) }
        for (exchange in exchanges) {
            val connection = client.webSocketSession(url)
            scope.launch { connection.talk(exchange) }
        }
    }

    private suspend fun DefaultClientWebSocketSession.talk(exchange: Exchange) {
        exchange.begin().forEach { send(it) }
        for (frame in incoming) send(exchange.answer((frame as Frame.Text).readText()))
        Exchange.fail("the server closes")
    }
}
