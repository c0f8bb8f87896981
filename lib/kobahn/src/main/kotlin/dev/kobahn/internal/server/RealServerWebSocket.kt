package dev.kobahn.internal.server

import dev.kobahn.ConnectionDeniedException
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.RealWebSocket
import dev.kobahn.internal.connection.call
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.ensureActive

/** A server's end of a connection, from a valid request on. */
internal class RealServerWebSocket(
    override val request: ConnectionRequest,
    override val pathParameters: Map<String, String>,
    private val owner: ServerConnection,
    connection: Connection,
) : RealWebSocket(connection),
    ServerWebSocket {
    /** The opening handshake sets it. */
    @Volatile
    override var subprotocol: String? = null

    override val isOpen: Boolean get() = owner.isOpen

    /** Whether the opening handshake has ended without a WebSocket. */
    val isRefused: Boolean get() = owner.handshake?.isRefused == true

    override val state: WebSocketState
        get() = if (isRefused) WebSocketState.CLOSED else super.state

    override suspend fun accept(subprotocol: String?, headers: Headers) =
        onLoop { handshake().accept(subprotocol, headers) }

    override suspend fun ensureOpen() {
        if (!isOpen) onLoop { owner.handshake?.accept() }
    }

    /** Calls [open] on the loop, unless the caller is cancelled before that. */
    private suspend fun onLoop(open: () -> Unit) {
        val caller = coroutineContext
        connection.loop.call {
            caller.ensureActive()
            open()
        }
    }

    private fun handshake() = checkNotNull(owner.handshake) { "the connection was accepted before" }

    override suspend fun awaitOpen() {
        owner.handshake?.awaitOpen()
    }

    override fun deny(status: Int, reason: String, headers: Headers, body: String): Nothing {
        handshake()
        throw ConnectionDeniedException(status, reason, headers, body)
    }

    override fun toString(): String = "WebSocket of ${request.peer} at ${request.path}"
}
