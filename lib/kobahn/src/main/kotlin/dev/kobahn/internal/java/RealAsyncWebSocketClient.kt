package dev.kobahn.internal.java

import dev.kobahn.ClientWebSocket
import dev.kobahn.WebSocketClient
import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.HostedHandshake
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.hosting.connectOver
import dev.kobahn.hosting.handshakeFor
import dev.kobahn.internal.client.RealWebSocketClient
import dev.kobahn.internal.client.Reconnecting
import dev.kobahn.internal.connection.connectionLogger
import dev.kobahn.java.AsyncClientWebSocket
import dev.kobahn.java.AsyncReconnectingWebSocket
import dev.kobahn.java.AsyncWebSocketClient
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.reconnect.ReconnectState
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.function.Consumer
import java.util.function.Supplier
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.future.await

/**
 * A client with the interface for Java. The coroutines that call the listeners, on [dispatcher],
 * are children of the client's job.
 */
internal class RealAsyncWebSocketClient(
    private val client: WebSocketClient,
    private val dispatcher: CoroutineDispatcher,
) : AsyncWebSocketClient {
    private val scope = CoroutineScope(client.job + JavaThreads.openingsBeside(dispatcher))
    private val calls = FutureCalls(dispatcher)
    private val attempts: MutableSet<Attempt> = ConcurrentHashMap.newKeySet()

    /** One call of `connect` and the connection it opens. */
    private class Attempt {
        /** The connection, or null if it was never opened. */
        private val webSocket = CompletableDeferred<RealAsyncClientWebSocket?>()

        /** Sets the connection. The first call decides; null means that there is none. */
        fun opened(webSocket: RealAsyncClientWebSocket?) {
            this.webSocket.complete(webSocket)
        }

        /** Starts to close the connection once it is open, whatever its listener does. */
        @OptIn(ExperimentalCoroutinesApi::class)
        fun beginClose() {
            webSocket.invokeOnCompletion {
                webSocket.getCompleted()?.beginClose(CloseCode.GOING_AWAY)
            }
        }

        /** Suspends until the connection has ended, or is known never to open. */
        suspend fun awaitEnd() {
            webSocket.await()?.webSocket?.awaitClosed()
        }
    }

    override fun connect(
        url: String,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket> =
        connect(listener) { client.connect(WebSocketUrl.parse(url), it) }

    override fun connect(
        url: WebSocketUrl,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket> = connect(listener) { client.connect(url, it) }

    override fun connectOver(
        stream: ByteStream,
        details: StreamDetails,
        url: WebSocketUrl,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket> =
        connect(listener) { client.connectOver(stream, details, url, it) }

    override fun handshakeFor(url: WebSocketUrl): CompletableFuture<HostedHandshake> =
        calls.future { client.handshakeFor(url) }

    override fun openOver(
        handshake: HostedHandshake,
        response: ResponseHead,
        stream: ByteStream,
        details: StreamDetails,
        listener: WebSocketListener,
    ): CompletableFuture<AsyncClientWebSocket> =
        connect(listener) { handshake.open(response, stream, details, it) }

    private fun connect(
        listener: WebSocketListener,
        open: suspend (serve: suspend ClientWebSocket.() -> Unit) -> Unit,
    ): CompletableFuture<AsyncClientWebSocket> {
        val opened = DispatchedFuture<AsyncClientWebSocket>(calls)
        opened.beforeOthersHaveIt { connect(listener, open, opened) }
        return opened
    }

    private fun connect(
        listener: WebSocketListener,
        open: suspend (serve: suspend ClientWebSocket.() -> Unit) -> Unit,
        opened: DispatchedFuture<AsyncClientWebSocket>,
    ) {
        val attempt = Attempt()
        // Before the coroutine starts: [close] first cancels the job, and then reads the attempts.
        attempts += attempt
        val serve: suspend ClientWebSocket.() -> Unit = {
            val webSocket = RealAsyncClientWebSocket(this, dispatcher)
            attempt.opened(webSocket)
            webSocket.serve(listener, dispatcher) { opened.succeed(webSocket) }
        }
        // The future reports the failure. Nothing awaits this deferred.
        val life = scope.async { open(serve) }
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

    override fun reconnecting(
        url: String,
        listener: WebSocketListener,
    ): AsyncReconnectingWebSocket {
        val parsed = WebSocketUrl.parse(url)
        return reconnecting({ CompletableFuture.completedFuture(parsed) }, listener) {}
    }

    /** Each connection is an [Attempt], so [close] ends it whatever its listener does. */
    override fun reconnecting(
        url: Supplier<out CompletionStage<WebSocketUrl>>,
        listener: WebSocketListener,
        onState: Consumer<in ReconnectState>,
    ): AsyncReconnectingWebSocket = RealAsyncReconnectingWebSocket(
        Reconnecting(
            scope,
            (client as RealWebSocketClient).reconnectConfig,
            Listening(url, listener, onState),
        ),
        dispatcher,
    )

    private inner class Listening(
        private val url: Supplier<out CompletionStage<WebSocketUrl>>,
        private val listener: WebSocketListener,
        private val onState: Consumer<in ReconnectState>,
    ) : Reconnecting.Application {
        override suspend fun connect(block: suspend (ClientWebSocket) -> Unit) =
            client.connect(url.get().await(), block)

        override suspend fun serve(webSocket: ClientWebSocket, ready: () -> Unit) {
            val attempt = Attempt()
            attempts += attempt
            try {
                val face = RealAsyncClientWebSocket(webSocket, dispatcher)
                attempt.opened(face)
                face.serve(listener, dispatcher, ready)
            } finally {
                attempts -= attempt
            }
        }

        override fun onState(state: ReconnectState) {
            try {
                onState.accept(state)
            } catch (failure: Exception) {
                connectionLogger.error(failure) { "onState failed" }
            }
        }
    }

    /** Does not wait for listeners, because a listener may call this. */
    override fun close(): CompletableFuture<Void?> = calls.completion {
        client.job.cancel()
        // Not `toList`: it fails if the only element is removed meanwhile.
        val ending = ArrayList(attempts)
        ending.forEach { it.beginClose() }
        ending.forEach { it.awaitEnd() }
    }
}
