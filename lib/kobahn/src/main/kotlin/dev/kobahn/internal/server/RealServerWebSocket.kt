package dev.kobahn.internal.server

import dev.kobahn.ConnectionDeny
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.RealWebSocket
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.logError
import dev.kobahn.internal.connection.runSoon
import dev.kobahn.protocol.extension.ExtensionNegotiation
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.onOneLine
import java.io.IOException
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.ensureActive

/** A server's end of a connection, as its handler sees it. */
internal class RealServerWebSocket(
    override val request: ConnectionRequest,
    private val owner: ServerConnection,
    private val match: RouteTable.Match,
    connection: Connection,
) : RealWebSocket(connection),
    ServerWebSocket {
    private val service get() = match.service

    /** Set on the loop, once. */
    @Volatile
    var accepted: Boolean = false
        private set

    /** Whether the opening handshake ended without a WebSocket. */
    val isRefused: Boolean get() = !owner.isPending && !accepted

    @Volatile
    private var opening = OpeningOutcome()

    @Volatile
    override var protocol: String? = null
        private set

    override val pathParameters: Map<String, String> get() = match.pathParameters
    override val isOpen: Boolean get() = accepted
    override val state: WebSocketState
        get() = if (isRefused) WebSocketState.CLOSED else super.state

    /** The transport is gone, in whatever state the connection was. On the loop. */
    fun onTransportClosed(cause: IOException?) {
        try {
            connection.onClosed(cause)
        } finally {
            opening.lost(cause)
        }
    }

    /** The request is answered with [response] instead of a WebSocket. On the loop. */
    fun onRefused(response: HttpResponse) = opening.refused(response.status)

    override suspend fun accept(headers: Headers) {
        openOnLoop {
            check(!accepted) { "the connection was accepted before" }
            open(chosenProtocol(), headers)
        }
    }

    override suspend fun accept(protocol: String?, headers: Headers) {
        openOnLoop {
            check(!accepted) { "the connection was accepted before" }
            open(protocol, headers)
        }
    }

    /** Calls [open] on the loop unless the caller is cancelled by then, whom nothing may be opened for. */
    private suspend fun openOnLoop(open: () -> Unit) {
        val caller = coroutineContext
        connection.loop.call {
            caller.ensureActive()
            open()
        }
    }

    /** Opens the connection for an application that begins to receive: at once on the loop. From any thread. */
    fun openSoon() {
        if (!accepted) connection.loop.runSoon(::openForReceiver)
    }

    /** Nobody sees that this fails but who receives, and that may be nobody. */
    private fun openForReceiver() {
        try {
            if (accepted) return
            if (owner.isPending) openAsAsked() else connection.onNeverOpened()
        } catch (failure: Throwable) {
            cannotOpen(failure)
            logFailure(failure)
        }
    }

    private fun cannotOpen(failure: Throwable) {
        if (accepted) return
        owner.answer(HttpResponse(HttpStatus.INTERNAL_SERVER_ERROR))
        connection.onNeverOpened(failure)
    }

    /** What the application provides failed, and not because of the peer. */
    fun logFailure(failure: Throwable) = logError(failure) {
        "onConnect failed for ${request.peer} ${request.path}".onOneLine()
    }

    override suspend fun ensureOpen() {
        if (accepted) return
        openOnLoop { if (!accepted) openAsAsked() }
    }

    private fun openAsAsked() = open(chosenProtocol(), Headers.EMPTY)

    private fun chosenProtocol() =
        ServerHandshake.selectProtocol(service.protocols, request.protocols)

    private fun open(protocol: String?, headers: Headers) {
        if (!owner.isPending) throw connection.closedException()
        val agreed = ExtensionNegotiation.accept(service.extensions, request.extensions)
        val head = ServerHandshake.accept(
            request,
            protocol,
            agreed.map { it.header },
            server = owner.context.options.server,
            headers = service.headers + headers,
        )
        this.protocol = protocol
        val octets = head.toOctets()
        connection.extend(agreed)
        connection.onOpened(unsent = octets.size, owner.requestSize)
        // Senders on other threads go by it: the response has to be in the queue before their frames.
        try {
            owner.open(octets) { accepted = true }
        } catch (failure: Throwable) {
            // It was what came with the request: who missed some of it must not go on.
            if (accepted) connection.drop(failure)
            throw failure
        }
        opening.opened()
        opening = OpeningOutcome.ofOpened
    }

    override suspend fun awaitOpen() {
        if (!accepted) opening.await()
    }

    override fun deny(status: Int, reason: String, headers: Headers, body: String): Nothing {
        check(!accepted) { "the connection was accepted before" }
        throw ConnectionDeny(status, reason, headers, body)
    }

    /** Begins to close if the connection is open, else refuses it: the server stops. On the loop. */
    fun shutDown(code: Int) {
        if (!accepted) return owner.refuse { "the server stops" }
        connection.beginClose(code, "")
    }

    override fun toString(): String = "WebSocket of ${request.peer} at ${request.path}"
}
