package dev.kobahn.internal.client

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.reconnect.NotConnectedException
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.ReconnectingWebSocket
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow

/**
 * Connections one after the other, as one.
 *
 * @param connect makes a connection, runs the block with it, and closes it
 */
internal class RealReconnectingWebSocket(
    scope: CoroutineScope,
    config: ReconnectConfig,
    private val connect: suspend (block: suspend (ClientWebSocket) -> Unit) -> Unit,
    private val onOpen: suspend ClientWebSocket.() -> Unit,
) : ReconnectingWebSocket {
    private val received = ReceivedMessages(config.maxIncomingQueueSize)
    private val connections = Reconnecting(scope, config, Receiving())

    private inner class Receiving : Reconnecting.Application {
        override suspend fun connect(block: suspend (ClientWebSocket) -> Unit) =
            this@RealReconnectingWebSocket.connect(block)

        override suspend fun serve(webSocket: ClientWebSocket, ready: () -> Unit) {
            webSocket.onOpen()
            ready()
            received.takeFrom(webSocket)
        }

        override suspend fun awaitRoom() = received.awaitRoom()

        override fun onCompleted(state: ReconnectState.Ended, isStopped: Boolean) {
            val cause = state.cause
            // A receiver must not take the end of another scope for its own.
            val failure =
                if (cause is CancellationException) NotConnectedException(state, cause) else cause
            received.end(failure, discards = isStopped)
        }
    }

    override val state: StateFlow<ReconnectState> get() = connections.state

    override val incoming: ReceiveChannel<Message> get() = received.channel

    override val job: Job get() = connections.job

    override suspend fun send(text: String) = connections.send(Message.Text(text))

    override suspend fun send(bytes: ByteArray) = connections.send(Message.Binary(bytes))

    override suspend fun send(message: Message) = connections.send(message)

    override suspend fun close(code: Int, reason: String) = connections.close(code, reason)

    override suspend fun awaitEnd(): ReconnectState.Ended = connections.awaitEnd()

    override fun toString(): String = "WebSocket that reconnects, ${state.value}"
}
