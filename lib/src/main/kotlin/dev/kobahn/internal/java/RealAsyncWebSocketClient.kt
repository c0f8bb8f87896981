package dev.kobahn.internal.java

import dev.kobahn.WebSocketClient
import dev.kobahn.java.AsyncClientWebSocket
import dev.kobahn.java.AsyncWebSocketClient
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.handshake.WebSocketUrl
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async

/**
 * A client as Java sees it. The coroutines that call the listeners, in [dispatcher], are children
 * of the client's job.
 */
internal class RealAsyncWebSocketClient(
    private val client: WebSocketClient,
    private val dispatcher: CoroutineDispatcher,
) : AsyncWebSocketClient {
    private val scope = CoroutineScope(client.job + JavaThreads.openingsBeside(dispatcher))
    private val calls = FutureCalls(dispatcher)

    override fun connect(
        url: String,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket> = connect(listener) { WebSocketUrl.parse(url) }

    override fun connect(
        url: WebSocketUrl,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket> = connect(listener) { url }

    private fun connect(
        listener: WebSocketListener,
        url: () -> WebSocketUrl,
    ): CompletableFuture<AsyncClientWebSocket> {
        val opened = LoopSafeFuture<AsyncClientWebSocket>()
        // Its failure is the future's: nobody awaits it.
        val life = scope.async {
            client.connect(url()) {
                val webSocket = RealAsyncClientWebSocket(this, dispatcher)
                webSocket.serve(listener, dispatcher) { opened.complete(webSocket) }
            }
        }
        life.invokeOnCompletion { failure ->
            opened.completeExceptionally(failure ?: CancellationException("it was not opened"))
        }
        opened.whenComplete { _, failure -> if (failure != null) life.cancel() }
        return opened
    }

    override fun close(): CompletableFuture<Void?> = calls.completion { client.close() }
}
