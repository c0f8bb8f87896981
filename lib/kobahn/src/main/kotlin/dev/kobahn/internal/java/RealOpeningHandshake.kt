package dev.kobahn.internal.java

import dev.kobahn.ConnectionDeniedException
import dev.kobahn.ServerWebSocket
import dev.kobahn.TransportDetails
import dev.kobahn.java.HandshakeDecision
import dev.kobahn.java.OpeningHandshake
import dev.kobahn.java.WebSocketListener
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.coroutineContext

/**
 * Returns the handler of a server's connection: [decide] accepts or denies the handshake; then the
 * listener is called.
 */
internal fun connectionLife(
    decide: suspend (OpeningHandshake) -> HandshakeDecision,
): suspend ServerWebSocket.() -> Unit = {
    when (val decision = decide(RealOpeningHandshake(this))) {
        is Denied -> throw decision.deny

        is Accepted -> {
            decision.accept(this)
            val dispatcher = coroutineContext[ContinuationInterceptor] ?: EmptyCoroutineContext
            RealAsyncServerWebSocket(this, dispatcher).serve(decision.listener)
        }

        else -> throw IllegalArgumentException("$decision was not made by an OpeningHandshake")
    }
}

private class Accepted(
    val listener: WebSocketListener,
    val accept: suspend (ServerWebSocket) -> Unit,
) : HandshakeDecision

private class Denied(val deny: ConnectionDeniedException) : HandshakeDecision

/** The request of [webSocket] and the decisions about it. Creating a decision has no effect. */
private class RealOpeningHandshake(private val webSocket: ServerWebSocket) : OpeningHandshake {
    override fun request(): ConnectionRequest = webSocket.request

    override fun transportDetails(): TransportDetails = webSocket.transportDetails

    override fun pathParameters(): Map<String, String> = webSocket.pathParameters

    override fun awaitOpen(): CompletableFuture<Void?> =
        FutureCalls().completion { webSocket.awaitOpen() }

    override fun accept(listener: WebSocketListener) = accept(listener, Headers.EMPTY)

    override fun accept(listener: WebSocketListener, headers: Headers): HandshakeDecision =
        accept(listener, null, headers)

    override fun accept(
        listener: WebSocketListener,
        subprotocol: String?,
        headers: Headers,
    ): HandshakeDecision = Accepted(listener) { it.accept(subprotocol, headers) }

    override fun deny(status: Int) = deny(ConnectionDeniedException(status))

    override fun deny(status: Int, reason: String) = deny(ConnectionDeniedException(status, reason))

    override fun deny(deny: ConnectionDeniedException): HandshakeDecision = Denied(deny)
}
