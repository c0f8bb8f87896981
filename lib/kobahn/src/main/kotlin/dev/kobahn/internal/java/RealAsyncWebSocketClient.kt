package dev.kobahn.internal.java

import dev.kobahn.WebSocketClient
import dev.kobahn.java.AsyncClientWebSocket
import dev.kobahn.java.AsyncWebSocketClient
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.WebSocketUrl
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
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
    private val attempts: MutableSet<Attempt> = ConcurrentHashMap.newKeySet()

    /** One call of `connect`, and what it leads to. */
    private class Attempt {
        /** Null if there never was one. */
        private val webSocket = CompletableDeferred<RealAsyncClientWebSocket?>()

        /** To be called exactly once, or with null later on. */
        fun opened(webSocket: RealAsyncClientWebSocket?) {
            this.webSocket.complete(webSocket)
        }

        /** Begins to close the connection as soon as there is one, whatever its listener does. */
        @OptIn(ExperimentalCoroutinesApi::class)
        fun beginClose() {
            webSocket.invokeOnCompletion {
                webSocket.getCompleted()?.beginClose(CloseCode.GOING_AWAY)
            }
        }

        /** Returns when the connection has ended, or will not be there. */
        suspend fun awaitEnd() {
            webSocket.await()?.webSocket?.awaitClosed()
        }
    }

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
        val opened = DispatchedFuture<AsyncClientWebSocket>(calls)
        opened.beforeOthersHaveIt { connect(listener, url, opened) }
        return opened
    }

    private fun connect(
        listener: WebSocketListener,
        url: () -> WebSocketUrl,
        opened: DispatchedFuture<AsyncClientWebSocket>,
    ) {
        val attempt = Attempt()
        // Before it begins: close cancels first and looks here afterwards.
        attempts += attempt
        // Its failure is the future's: nobody awaits it.
        val life = scope.async {
            client.connect(url()) {
                val webSocket = RealAsyncClientWebSocket(this, dispatcher)
                attempt.opened(webSocket)
                webSocket.serve(listener, dispatcher) { opened.succeed(webSocket) }
            }
        }
        life.invokeOnCompletion { failure ->
            attempts -= attempt
            attempt.opened(null)
            opened.fail(
                when {
                    !client.job.isActive -> CancellationException("the client was closed")
                    else -> failure ?: CancellationException("it was not opened")
                },
            )
        }
        opened.whenComplete { _, failure ->
            if (failure != null) {
                life.cancel()
                attempt.beginClose()
            }
        }
    }

    /** Waits for no listener: it may be one that calls this. */
    override fun close(): CompletableFuture<Void?> = calls.completion {
        client.job.cancel()
        // Not toList: it fails if the only one goes meanwhile.
        val ending = ArrayList(attempts)
        ending.forEach { it.beginClose() }
        ending.forEach { it.awaitEnd() }
    }
}
