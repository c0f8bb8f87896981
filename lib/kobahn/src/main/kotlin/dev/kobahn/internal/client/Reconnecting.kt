package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.PayloadExceededException
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.reconnect.Healing
import dev.kobahn.reconnect.NotConnectedException
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.Unsent
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.first
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
    val maxIncomingQueueSize = options.maxIncomingQueueSize
}

/** Connections one after the other, which [application] serves. */
internal class Reconnecting(
    scope: CoroutineScope,
    private val config: ReconnectConfig,
    private val application: Application,
) {
    /** The makers and receivers of connections. One connection at a time. */
    interface Application {
        /** Makes a connection, runs [block] with it, and closes it. */
        suspend fun connect(block: suspend (ClientWebSocket) -> Unit)

        /**
         * Serves one connection. Calls [ready] when the connection is prepared, so that waiting
         * messages may be sent. May last longer than the connection, for messages that came before.
         */
        suspend fun serve(webSocket: ClientWebSocket, ready: () -> Unit)

        /** Suspends while so many messages of former connections wait that none must be added. */
        suspend fun awaitRoom(): Unit = Unit

        /** The state has changed. */
        fun onState(state: ReconnectState): Unit = Unit

        /** The last [serve] has ended. [isStopped]: the application or its scope wanted the end. */
        fun onCompleted(state: ReconnectState.Ended, isStopped: Boolean): Unit = Unit
    }

    private val states = MutableStateFlow<ReconnectState>(ReconnectState.Connecting(1))
    private val waiting = UnsentMessages(config.maxUnsentSize)

    /** Whether the application has asked for the end. */
    @Volatile
    private var isClosing = false

    /** The failure after which there is no further attempt. */
    @Volatile
    private var failure: Throwable? = null

    /** The coroutine that serves the last connection. */
    @Volatile
    private var serving: Job? = null

    private val rules = with(config.rules) {
        RetryRules(backoff, maxAttempts, resetAfter, maxRetryAfter) { !isClosing && retryIf(it) }
    }

    val state: StateFlow<ReconnectState> get() = states

    val job: Job = scope.launch { run() }

    init {
        // Also if the scope has ended before the coroutine could begin.
        job.invokeOnCompletion { cancellation ->
            val ended = end(failure ?: cancellation)
            application.onCompleted(ended, isStopped = isClosing || cancellation != null)
        }
    }

    private fun enter(state: ReconnectState) {
        val isFirst =
            state is ReconnectState.Connecting && states.value is ReconnectState.Connecting
        // The flow has had it from the beginning, and tells each state once.
        if (!isFirst) states.value = state
        application.onState(state)
    }

    /** Does not throw, as the failure of a connection must not end the scope. */
    private suspend fun CoroutineScope.run() {
        try {
            RetryLoop(rules, ::enter, ::awaitServed)
                .run { opened -> application.connect { live(it, opened) } }
        } catch (failure: Throwable) {
            if (!isActive) throw failure
            this@Reconnecting.failure = failure
        }
        end(failure)
    }

    /** The next connection has to wait until the one before it is served. */
    private suspend fun awaitServed() {
        serving?.join()
        application.awaitRoom()
    }

    /** Returns when the connection has ended on purpose; throws if it ended in another way. */
    private suspend fun CoroutineScope.live(webSocket: ClientWebSocket, opened: () -> Unit) {
        try {
            serve(webSocket, opened)
        } catch (failure: ConnectionClosedException) {
            // The close status says more, if it is this connection that has ended.
            if (webSocket.state == WebSocketState.OPEN) throw failure
        }
        val status = webSocket.awaitClosed()
        val isOnPurpose = status.code == CloseCode.NORMAL_CLOSURE ||
            status.code == CloseCode.NO_STATUS_RCVD || webSocket.isClosedHere
        if (!isOnPurpose) throw ConnectionClosedException(status)
    }

    /**
     * Starts a coroutine of this scope, which may last longer, for the application to serve
     * [webSocket], and sends waiting messages. Returns when the connection has ended.
     */
    private suspend fun CoroutineScope.serve(webSocket: ClientWebSocket, opened: () -> Unit) {
        val ready = CompletableDeferred<Result<Unit>>()
        val ended = CompletableDeferred<Result<Unit>>()
        coroutineScope {
            val sending = launch(start = CoroutineStart.LAZY) { sendWaiting(webSocket) }
            val watching = launch {
                webSocket.awaitClosed()
                ended.complete(Result.success(Unit))
            }
            serving = this@serve.launch {
                try {
                    application.serve(webSocket) {
                        opened()
                        enter(ReconnectState.Open(webSocket))
                        sending.start()
                        ready.complete(Result.success(Unit))
                    }
                } catch (failure: Throwable) {
                    ready.complete(Result.failure(failure))
                    ended.complete(Result.failure(failure))
                }
            }
            try {
                // The end of the connection does not interrupt the preparations of the application.
                ready.await().getOrThrow()
                ended.await().getOrThrow()
            } finally {
                sending.cancel()
                watching.cancel()
            }
        }
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
        val state = states.value
        when {
            // Known before the messages that wait know it.
            state is ReconnectState.Ended -> throw NotConnectedException(state, state.cause)

            config.unsent == Unsent.KEEP -> waiting.add(message)

            state is ReconnectState.Open -> state.webSocket.send(message)

            else -> throw NotConnectedException(state)
        }
    }

    suspend fun close(code: Int, reason: String) {
        require(CloseCode.isAllowedOnWire(code)) {
            "code is $code, must be 1000-1003, 1007-1014 or 3000-4999"
        }
        isClosing = true
        try {
            val open = states.value as? ReconnectState.Open
            if (open != null) finish(open.webSocket, code, reason)
        } finally {
            job.cancel()
        }
        job.join()
        awaitEnd()
    }

    private suspend fun finish(webSocket: ClientWebSocket, code: Int, reason: String) {
        try {
            webSocket.whileOpen { waiting.drain() }
        } catch (_: ConnectionClosedException) {
            // The connection is lost, and so are the messages that wait for it.
        }
        webSocket.close(code, reason)
    }

    suspend fun awaitEnd(): ReconnectState.Ended =
        states.first { it is ReconnectState.Ended } as ReconnectState.Ended

    private fun end(cause: Throwable?): ReconnectState.Ended {
        (states.value as? ReconnectState.Ended)?.let { return it }
        val ended = ReconnectState.Ended(cause.takeUnless { isClosing })
        // First: nobody may wait for a state behind the last one.
        enter(ended)
        waiting.end(NotConnectedException(ended, ended.cause))
        return ended
    }
}
