package dev.kobahn.benchmarks.clients

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.webSocketClient
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** This library, with a coroutine for each connection on `Dispatchers.Default`. */
internal class KobahnClient : PeerClient {
    private val scope = CoroutineScope(Dispatchers.Default)

    override fun start(url: String, exchanges: List<Exchange>) = runBlocking {
        val client = webSocketClient()
        for (exchange in exchanges) {
            val connection = client.connect(url)
            scope.launch { connection.talk(exchange) }
        }
    }

    private suspend fun ClientWebSocket.talk(exchange: Exchange) {
        exchange.begin().forEach { send(it) }
        for (message in incoming) send(exchange.answer((message as Message.Text).text))
        Exchange.fail("the server closes")
    }
}
