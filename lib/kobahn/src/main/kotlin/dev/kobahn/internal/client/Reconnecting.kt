package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.PayloadExceededException
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.reconnect.Healing
import dev.kobahn.reconnect.NotConnectedException
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.ReconnectingWebSocket
import dev.kobahn.reconnect.Unsent
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/** The options of connections that are made anew, read once. Immutable. */
internal class ReconnectConfig(options: WebSocketClientOptions) {
    val rules = RetryRules(
        options.reconnectBackoff,
        options.reconnectMaxAttempts,
        options.reconnectResetAfter,
        options.reconnectMaxRetryAfter,
        options.reconnectIf ?: Healing::isPossible,
    )
    val unsent = options.reconnectUnsent
    val maxUnsentSize = options.reconnectMaxUnsentSize
    val maxMessageSize = options.maxMessagePayloadSize
}

/**
 * Connections one after the other, whose messages [serve] takes.
 *
 * @param onState is told each change
 * @param connect makes a connection, runs the block with it, and closes it
 * @param serve serves one connection until that has ended; it calls `ready` when the application has
 * prepared the connection, and waiting messages may be sent
 */
internal class Reconnecting(
    scope: CoroutineScope,
    private val config: ReconnectConfig,
    private val onState: (ReconnectState) -> Unit,
    private val connect: suspend (block: suspend (ClientWebSocket) -> Unit) -> Unit,
    private val serve: suspend (webSocket: ClientWebSocket, ready: () -> Unit) -> Unit,
) {
    private val states = MutableStateFlow<ReconnectState>(ReconnectState.Connecting(1))
    private val waiting = UnsentMessages(config.maxUnsentSize)

    /** Whether the application has asked for the end. */
    @Volatile
    private var isClosing = false

    /** The failure after which there is no further attempt. */
    @Volatile
    private var failure: Throwable? = null

    private val rules = with(config.rules) {
        RetryRules(backoff, maxAttempts, resetAfter, maxRetryAfter) { !isClosing && retryIf(it) }
    }

    val state: StateFlow<ReconnectState> get() = states

    val job: Job = scope.launch { run() }

    init {
        // Also if the scope has ended before the coroutine could begin.
        job.invokeOnCompletion { end(failure ?: it) }
    }

    private fun enter(state: ReconnectState) {
        states.value = state
        onState(state)
    }

    /** Does not throw, as the failure of a connection must not end the scope. */
    private suspend fun CoroutineScope.run() {
        try {
            RetryLoop(rules, ::enter).run { opened -> connect { live(it, opened) } }
        } catch (failure: Throwable) {
            if (!isActive) throw failure
            this@Reconnecting.failure = failure
        }
    }

    /** Serves one connection; throws if it has ended in another way than on purpose. */
    private suspend fun live(webSocket: ClientWebSocket, opened: () -> Unit) {
        coroutineScope {
            val sending = launch(start = CoroutineStart.LAZY) { sendWaiting(webSocket) }
            try {
                serve(webSocket) {
                    opened()
                    enter(ReconnectState.Open(webSocket))
                    sending.start()
                }
            } finally {
                sending.cancel()
            }
        }
        val status = webSocket.awaitClosed()
        val isByUs = status.wasClean && status.initiator == Initiator.LOCAL
        val isOnPurpose = status.code == CloseCode.NORMAL_CLOSURE ||
            status.code == CloseCode.NO_STATUS_RCVD
        if (!isByUs && !isOnPurpose) throw ConnectionClosedException(status)
    }

    private suspend fun sendWaiting(webSocket: ClientWebSocket) {
        try {
            waiting.sendTo(webSocket)
        } catch (_: ConnectionClosedException) {
            // The code that serves the connection finds its end too.
        }
    }

    suspend fun send(message: Message) {
        val limit = config.maxMessageSize
        if (limit > 0 && message.size > limit) throw PayloadExceededException(message.size, limit)
        if (config.unsent == Unsent.KEEP) return waiting.add(message)
        val open = states.value as? ReconnectState.Open
            ?: throw NotConnectedException(states.value)
        open.webSocket.send(message)
    }

    suspend fun close(code: Int, reason: String) {
        require(CloseCode.isAllowedOnWire(code)) {
            "code is $code, must be 1000-1003, 1007-1014 or 3000-4999"
        }
        isClosing = true
        val open = states.value as? ReconnectState.Open
        if (open != null) {
            waiting.drain()
            open.webSocket.close(code, reason)
        }
        job.cancelAndJoin()
    }

    private fun end(cause: Throwable?) {
        val ended = ReconnectState.Ended(cause.takeUnless { isClosing })
        // First: nobody may wait for a state behind the last one.
        enter(ended)
        waiting.end(NotConnectedException(ended, ended.cause))
    }
}

/** Connections one after the other, as one. */
internal class RealReconnectingWebSocket(
    scope: CoroutineScope,
    client: RealWebSocketClient,
    url: suspend () -> WebSocketUrl,
    onOpen: suspend ClientWebSocket.() -> Unit,
) : ReconnectingWebSocket {
    private val received = Channel<Message>(Channel.RENDEZVOUS)

    private val connections = Reconnecting(
        scope,
        client.reconnectConfig,
        ::entered,
        connect = { block -> client.connect(url(), block) },
        serve = { webSocket, ready ->
            webSocket.onOpen()
            ready()
            handOut(webSocket)
        },
    )

    private suspend fun handOut(webSocket: ClientWebSocket) {
        try {
            for (message in webSocket.incoming) received.send(message)
        } catch (_: CancellationException) {
            coroutineContext.ensureActive()
            // The application has cancelled [incoming]: it only sends from now on.
            webSocket.incoming.cancel()
            webSocket.awaitClosed()
        }
    }

    private fun entered(state: ReconnectState) {
        if (state !is ReconnectState.Ended) return
        val cause = state.cause
        // A receiver must not take the end of another scope for its own.
        val failure =
            if (cause is CancellationException) NotConnectedException(state, cause) else cause
        received.close(failure)
    }

    override val state: StateFlow<ReconnectState> get() = connections.state

    override val incoming: ReceiveChannel<Message> get() = received

    override val job: Job get() = connections.job

    override suspend fun send(text: String) = connections.send(Message.Text(text))

    override suspend fun send(bytes: ByteArray) = connections.send(Message.Binary(bytes))

    override suspend fun send(message: Message) = connections.send(message)

    override suspend fun close(code: Int, reason: String) = connections.close(code, reason)

    override suspend fun awaitEnd(): ReconnectState.Ended {
        job.join()
        return state.value as ReconnectState.Ended
    }

    override fun toString(): String = "WebSocket that reconnects, ${state.value}"
}
