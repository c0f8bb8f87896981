package dev.kobahn.internal.java

import dev.kobahn.Message
import dev.kobahn.internal.client.Reconnecting
import dev.kobahn.java.AsyncReconnectingWebSocket
import dev.kobahn.protocol.CloseCode
import dev.kobahn.reconnect.ReconnectState
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.CoroutineDispatcher

/** Connections one after the other, with the interface for Java. */
internal class RealAsyncReconnectingWebSocket(
    private val connections: Reconnecting,
    dispatcher: CoroutineDispatcher,
) : AsyncReconnectingWebSocket {
    private val calls = FutureCalls(dispatcher)

    override fun state(): ReconnectState = connections.state.value

    override fun send(text: String) = send(Message.Text(text))

    override fun send(bytes: ByteArray) = send(Message.Binary(bytes))

    override fun send(message: Message): CompletableFuture<Void?> =
        calls.completion { connections.send(message) }

    override fun close() = close(CloseCode.NORMAL_CLOSURE, "")

    override fun close(code: Int, reason: String): CompletableFuture<Void?> =
        calls.completion { connections.close(code, reason) }

    override fun awaitEnd(): CompletableFuture<ReconnectState.Ended> = calls.future {
        // Until the last `onClose` has returned.
        connections.job.join()
        connections.awaitEnd()
    }

    override fun toString(): String = "WebSocket that reconnects, ${state()}"
}
