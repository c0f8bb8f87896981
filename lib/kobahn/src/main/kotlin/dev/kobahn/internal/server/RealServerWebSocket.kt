package dev.kobahn.internal.server

import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionDeny
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.MessageWriter
import dev.kobahn.PreparedMessage
import dev.kobahn.ServerWebSocket
import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketState
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.ConnectionFace
import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.Opener
import dev.kobahn.internal.connection.Outgoing
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.details
import dev.kobahn.internal.connection.logError
import dev.kobahn.internal.connection.runSoon
import dev.kobahn.internal.connection.whileOpen
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.ExtensionNegotiation
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.onOneLine
import java.io.IOException
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.StateFlow

/** A server's end of a connection, as its handler sees it. What runs the handler is [launch]. */
internal class RealServerWebSocket(
    override val request: ConnectionRequest,
    val owner: ServerConnection,
    private val match: RouteTable.Match,
) : ServerWebSocket,
    ConnectionFace,
    Opener {
    private val transport get() = owner.transport
    val context: ServerContext get() = owner.context
    val loop: Loop get() = transport.loop
    val service: Service get() = match.service
    override val connection: Connection = Connection(
        transport,
        service.connectionConfig,
        context.maskingKeys,
        handlerOnLoop = service.handlerDispatcher == null,
        opener = this,
        budget = context.budget,
    )

    /** Where what comes from the transport goes, once the connection is open. */
    val receiver: TransportListener get() = connection

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
    override val transportDetails: TransportDetails get() = transport.details(isServer = true)
    override val incoming: ReceiveChannel<Message> get() = connection.incoming
    override val incomingStreams: ReceiveChannel<MessageReader> get() = connection.incomingStreams
    override val bufferedAmount: Long get() = connection.bufferedAmount
    override val state: WebSocketState
        get() = if (isRefused) WebSocketState.CLOSED else connection.state
    override val closeStatus: CloseStatus? get() = connection.closeStatus
    override val extensions: List<ExtensionHeader> get() = connection.extensions
    override val trafficStats: TrafficStats get() = connection.trafficStats
    override val trackedTimings: Timings? get() = connection.timings
    override val roundTripTime: StateFlow<Duration?> get() = connection.roundTripTime

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
        loop.call {
            caller.ensureActive()
            open()
        }
    }

    override fun openSoon() {
        if (!accepted) loop.runSoon(::openForReceiver)
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

    private suspend fun acceptUnlessDone() {
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
            server = context.options.server,
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

    /**
     * Calls [send] once the connection is open. With nothing to be done for that it is a tail call:
     * it makes no garbage.
     */
    private suspend inline fun whenOpen(crossinline send: suspend Outgoing.() -> Unit) {
        if (accepted) return connection.outgoing.send()
        return whenAccepted { connection.outgoing.send() }
    }

    private suspend fun whenAccepted(send: suspend () -> Unit) {
        acceptUnlessDone()
        send()
    }

    override suspend fun send(text: String) =
        whenOpen { send(MessageType.TEXT, text.encodeToByteArray()) }

    override suspend fun send(octets: ByteArray) = whenOpen { send(MessageType.BINARY, octets) }

    override suspend fun send(message: Message) = whenOpen { send(message.type, message.octets) }

    override suspend fun send(message: Message, doNotCompress: Boolean) =
        whenOpen { send(message.type, message.octets, doNotCompress = doNotCompress) }

    override suspend fun send(message: Message, fragmentSize: Int, doNotCompress: Boolean) =
        whenOpen { send(message.type, message.octets, fragmentSize, doNotCompress) }

    override suspend fun sendMessage(
        type: MessageType,
        doNotCompress: Boolean,
        block: suspend MessageWriter.() -> Unit,
    ) = whenOpen { sendMessage(type, doNotCompress, block) }

    override suspend fun send(message: PreparedMessage) = whenOpen { send(message) }

    override fun trySend(message: Message, doNotCompress: Boolean): Boolean =
        accepted && connection.outgoing.trySend(message.type, message.octets, doNotCompress)

    override fun trySend(message: PreparedMessage): Boolean =
        accepted && connection.outgoing.trySend(message)

    override suspend fun flush() {
        acceptUnlessDone()
        connection.outgoing.flush()
    }

    @DelicateWebSocketApi
    override suspend fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean) {
        acceptUnlessDone()
        connection.outgoing.sendRaw(sync) { sendFrame(frame, chopSize, sync) }
    }

    @DelicateWebSocketApi
    override suspend fun sendData(octets: ByteArray, chopSize: Int, sync: Boolean) {
        acceptUnlessDone()
        connection.outgoing.sendRaw(sync) { sendData(octets, chopSize, sync) }
    }

    override suspend fun ping(): Duration {
        acceptUnlessDone()
        return connection.ping()
    }

    override suspend fun ping(payload: ByteArray): Duration {
        acceptUnlessDone()
        return connection.ping(payload)
    }

    override suspend fun pong(payload: ByteArray) {
        acceptUnlessDone()
        connection.pong(payload)
    }

    override fun onPing(hook: (payload: ByteArray) -> Boolean) = connection.pings.onPing(hook)

    override fun onPong(hook: (payload: ByteArray) -> Unit) = connection.pings.onPong(hook)

    override suspend fun close(code: Int, reason: String): CloseStatus {
        acceptUnlessDone()
        return connection.close(code, reason)
    }

    override suspend fun awaitClosed(): CloseStatus = connection.awaitClosed()

    override suspend fun whileOpen(block: suspend CoroutineScope.() -> Unit) {
        acceptUnlessDone()
        connection.whileOpen(block)
    }

    override fun resetTrafficStats() = connection.resetTrafficStats()

    override fun setTrackTimings(on: Boolean) = connection.trackTimings(on)

    override fun drop() = connection.drop()

    /** Begins to close if the connection is open, else refuses it: the server stops. On the loop. */
    fun shutDown(code: Int) {
        if (!accepted) return owner.refuse { "the server stops" }
        connection.beginClose(code, "")
    }

    override fun toString(): String = "WebSocket of ${request.peer} at ${request.path}"
}
