package dev.kobahn.internal.server

import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
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
import dev.kobahn.internal.connection.HandlerCoroutine
import dev.kobahn.internal.connection.Opener
import dev.kobahn.internal.connection.Outbox
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.connectionLogger
import dev.kobahn.internal.connection.details
import dev.kobahn.internal.connection.resetTrafficStats
import dev.kobahn.internal.connection.trackTimings
import dev.kobahn.internal.connection.trafficStats
import dev.kobahn.protocol.CloseCode
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
import java.io.IOException
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.newCoroutineContext
import kotlinx.coroutines.withContext

/**
 * A server's end of a connection and the coroutine that is its life: `onRequest`, the route's
 * handler, and the wait for the end.
 */
internal class RealServerWebSocket(
    override val request: ConnectionRequest,
    private val owner: ServerConnection,
    private val match: RouteTable.Match,
) : ServerWebSocket,
    Opener {
    private val transport get() = owner.transport
    private val context get() = owner.context
    private val loop get() = transport.loop
    private val service get() = match.service
    private val connection = Connection(
        transport,
        service.connectionConfig,
        context.maskingKeys,
        handlerOnLoop = service.handlerDispatcher == null,
        opener = this,
    )

    /** Where what comes from the transport goes, once the connection is open. */
    val receiver: TransportListener get() = connection

    /** Set on the loop, once. */
    @Volatile
    private var accepted = false

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

    /** Starts the connection's coroutine, a child of the server's. On the loop. */
    @OptIn(ExperimentalCoroutinesApi::class, InternalCoroutinesApi::class)
    fun launch() {
        val dispatcher = service.handlerDispatcher
        val place = context.scope.newCoroutineContext(dispatcher ?: loop.dispatcher)
        val coroutine = HandlerCoroutine(place, connection)
        val life: suspend Unit.() -> Unit = life@{
            // What had a name here would be kept for as long as the handler runs.
            if (!coroutineContext.isActive) return@life cancelled()
            if (isAnsweredPlainly()) return@life
            try {
                service.handler!!(this@RealServerWebSocket)
            } catch (failure: Throwable) {
                return@life handled(failure)
            }
            handled(null)
        }
        // The loop is where it belongs already: no need to come back to it first.
        when (dispatcher) {
            null -> coroutine.start(CoroutineStart.UNDISPATCHED, Unit, life)
            else -> coroutine.startBy(loop.handingOverTo(dispatcher), life)
        }
    }

    private suspend fun isAnsweredPlainly(): Boolean {
        val isHandled = service.handler != null
        val plain = context.ask(request)
            ?: if (isHandled) return false else HttpResponse(HttpStatus.NOT_FOUND)
        answer(plain)
        return true
    }

    /** The handler has returned, or thrown [failure]. */
    private suspend fun handled(failure: Throwable?) {
        try {
            if (failure != null) throw failure
            close(CloseCode.NORMAL_CLOSURE, "")
        } catch (deny: ConnectionDeny) {
            if (accepted) failed(deny) else answer(deny.response)
        } catch (closed: ConnectionClosedException) {
            // It may as well be that of another connection the handler uses.
            if (isOver) over() else failed(closed)
        } catch (closed: ClosedReceiveChannelException) {
            if (isOver) over() else failed(closed)
        } catch (failure: Throwable) {
            if (coroutineContext.isActive) failed(failure) else cancelled()
        }
    }

    /** Whether the peer closes or is gone, or the handshake was refused over the handler's head. */
    private val isOver get() = connection.isClosing || isRefused

    private val isRefused get() = !accepted && !owner.isPending

    private suspend fun over() {
        if (accepted) connection.close(CloseCode.NORMAL_CLOSURE, "") else connection.awaitClosed()
    }

    private suspend fun failed(failure: Throwable) {
        logFailure(failure)
        end(CloseCode.INTERNAL_ERROR, HttpStatus.INTERNAL_SERVER_ERROR)
    }

    private fun logFailure(failure: Throwable) {
        connectionLogger.error(failure) { "onConnect failed for ${request.peer} ${request.path}" }
    }

    private suspend fun cancelled() {
        withContext(NonCancellable) { end(CloseCode.GOING_AWAY, HttpStatus.SERVICE_UNAVAILABLE) }
    }

    /** Closes with [code] if the connection is open, else refuses it with [status]. */
    private suspend fun end(code: Int, status: Int) {
        if (accepted) connection.close(code, "") else answer(HttpResponse(status))
    }

    private suspend fun answer(response: HttpResponse) {
        loop.call { owner.answer(response) }
        connection.awaitClosed()
    }

    /** The transport is gone, in whatever state the connection was. On the loop. */
    fun onTransportClosed(cause: IOException?) {
        connection.onClosed(cause)
        opening.lost(cause)
    }

    /** The request is answered with [response] instead of a WebSocket. On the loop. */
    fun onRefused(response: HttpResponse) = opening.refused(response.status)

    override suspend fun accept(headers: Headers) {
        loop.call {
            check(!accepted) { "the connection was accepted before" }
            open(chosenProtocol(), headers)
        }
    }

    override suspend fun accept(protocol: String?, headers: Headers) {
        loop.call {
            check(!accepted) { "the connection was accepted before" }
            open(protocol, headers)
        }
    }

    override suspend fun open() = acceptUnlessDone()

    override fun openSoon() {
        if (accepted) return
        if (loop.isCurrent) openIfPending() else loop.executeSoon(::openForReceiver)
    }

    private suspend fun acceptUnlessDone() {
        if (accepted) return
        loop.call { if (!accepted) openAsAsked() }
    }

    private fun openIfPending() {
        if (!accepted && owner.isPending) openAsAsked()
    }

    /** The receiver waits already, and is told by way of what it receives that this fails. */
    private fun openForReceiver() {
        try {
            if (!accepted) openAsAsked()
        } catch (failure: Throwable) {
            connection.onOpeningFailed(failure)
        }
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
        connection.onOpened(unsent = octets.size)
        // Senders on other threads go by it: the response has to be in the queue before their frames.
        owner.open(octets) { accepted = true }
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
    private suspend inline fun whenOpen(crossinline send: suspend Outbox.() -> Unit) {
        if (accepted) return connection.outbox.send()
        return whenAccepted { connection.outbox.send() }
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
        accepted && connection.outbox.trySend(message.type, message.octets, doNotCompress)

    override fun trySend(message: PreparedMessage): Boolean =
        accepted && connection.outbox.trySend(message)

    override suspend fun flush() {
        acceptUnlessDone()
        connection.outbox.sendRaw(untilWritten = true) {}
    }

    @DelicateWebSocketApi
    override suspend fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean) {
        acceptUnlessDone()
        connection.outbox.sendRaw(sync) { sendFrame(frame, chopSize, sync) }
    }

    @DelicateWebSocketApi
    override suspend fun sendData(octets: ByteArray, chopSize: Int, sync: Boolean) {
        acceptUnlessDone()
        connection.outbox.sendRaw(sync) { sendData(octets, chopSize, sync) }
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

    override fun onPing(hook: (payload: ByteArray) -> Boolean) = connection.hooks.onPing(hook)

    override fun onPong(hook: (payload: ByteArray) -> Unit) = connection.hooks.onPong(hook)

    override suspend fun close(code: Int, reason: String): CloseStatus {
        acceptUnlessDone()
        return connection.close(code, reason)
    }

    override suspend fun awaitClosed(): CloseStatus = connection.awaitClosed()

    override fun resetTrafficStats() = connection.resetTrafficStats()

    override fun setTrackTimings(on: Boolean) = connection.trackTimings(on)

    override fun drop() = connection.drop()

    /** Begins to close if the connection is open, else refuses it: the server stops. On the loop. */
    fun shutDown(code: Int) {
        if (!accepted) return owner.refuse(HttpStatus.SERVICE_UNAVAILABLE)
        connection.beginClose(code, "")
    }

    override fun toString(): String = "WebSocket of ${request.peer} at ${request.path}"
}
