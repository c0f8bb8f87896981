package dev.kobahn.internal.server

import dev.kobahn.ConnectionDeniedException
import dev.kobahn.HandshakeException
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.HeldMemory
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.ProgressTimer
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.guarded
import dev.kobahn.internal.connection.logSafely
import dev.kobahn.internal.connection.runOnLoop
import dev.kobahn.internal.connection.runSoon
import dev.kobahn.internal.transport.tls.ClientHelloReader
import dev.kobahn.internal.transport.tls.TlsFailure
import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.extension.ExtensionNegotiation
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.RequestHeadParser
import dev.kobahn.protocol.handshake.ResourceName
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.handshake.ServerHandshakeResult
import dev.kobahn.protocol.onOneLine
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.DisposableHandle

/**
 * The opening handshake of a server (RFC 6455 section 4.2): reads the request's head, lets
 * `onRequest` and the handler decide about it, and answers with 101 or in plain HTTP.
 *
 * ```
 * READING ──► DECIDING ──► OPEN
 *    │            │
 *    └────────────┴──► ANSWERING ──► GONE
 * ```
 *
 * The end of the transport leads to GONE from every phase but OPEN: there the connection receives
 * the transport's events. Only [enter] changes the phase. Belongs to the loop, except where a
 * member says otherwise.
 *
 * @param handover the request, if a host has read it, or null
 */
internal class ServerOpeningHandshake(
    private val owner: ServerConnection,
    private val handover: Handover? = null,
) : TransportListener,
    HeldMemory.Owner {
    private enum class Phase {
        /** The head of the request is not complete. */
        READING,

        /** The server, `onRequest` or the handler decides about the request. */
        DECIDING,

        /** An answer in plain HTTP is in the queue; then the client has to end the transport. */
        ANSWERING,

        /** The 101 response is in the queue. */
        OPEN,

        /** The transport is gone. */
        GONE,
    }

    @Volatile
    private var phase = Phase.READING

    private val transport get() = owner.transport
    private val host get() = handover?.host
    private val context get() = owner.context
    private val timeout get() = context.options.openHandshakeTimeout
    private var parser: RequestHeadParser? =
        RequestHeadParser(context.headLimits).also { it.values = context.headerText }
    private val flashPolicy = context.flashSocketPolicy?.let { FlashPolicyRequest() }

    /** The size of the request in bytes, once its head is complete. */
    private var requestSize = 0

    /** The bytes that came behind the request, before the connection is open. */
    private var unread: MessageAssembler? = null

    /** The target of the request, once its head is complete, and the route that serves it. */
    private var target: String? = null
    private var match = context.routes.default

    /** Ends [Phase.READING] and [Phase.DECIDING], and the waiting for the end of the transport. */
    private var timer: DisposableHandle? = null

    /** Ends the writing of an answer if the client takes nothing of it. */
    @Volatile
    private var writing: ProgressTimer? = null

    /** Counts the bytes of [heldMemory] once they are many. */
    private var memory: HeldMemory? = null

    /** The answers of `onRequest` and the status page. */
    val plainHttp = PlainHttp(this, owner)

    /** Completes when the handshake does. Made when a coroutine waits for it, or when it fails. */
    private var outcome: CompletableDeferred<Unit>? = null

    /** Whether the request is yet to be answered. From any thread. */
    val isPending: Boolean get() = phase.let { it == Phase.READING || it == Phase.DECIDING }

    /** Whether the handshake has ended without a WebSocket. From any thread. */
    val isRefused: Boolean get() = phase.let { it == Phase.ANSWERING || it == Phase.GONE }

    /** Begins [next], and drops the input that it does not need. Allocates nothing. */
    private fun enter(next: Phase) {
        phase = next
        parser = null
        if (isRefused) unread = null
    }

    /** Ends all that waits for a decision or for the client. */
    private fun stopWaiting() {
        timer?.dispose()
        writing?.stop()
        writing = null
        plainHttp.cancel()
    }

    fun start() = limit(timeout) {
        transport.log?.timeout("no handshake within $timeout")
        when {
            transport.isHandshaking -> refuseHandshake { "no TLS handshake within $timeout" }

            phase == Phase.READING ->
                refuse(HttpResponse(HttpStatus.REQUEST_TIMEOUT)) { "no request within $timeout" }

            else -> refuse { "the handler has not decided within $timeout" }
        }
    }

    /** An answer would reach the client only after the transport's own handshake, which costs much. */
    private fun refuseHandshake(reason: () -> String) {
        enter(Phase.ANSWERING)
        stopWaiting()
        transport.close()
        logSafely { serverLogger.debug { "closed ${request()}: ${reason()}" } }
    }

    private fun limit(time: Duration, action: () -> Unit) {
        timer?.dispose()
        timer = if (time == Duration.ZERO) {
            null
        } else {
            transport.loop.schedule(time) { transport.guarded(action) }
        }
    }

    // Reading the request.

    override fun onBytes(input: ByteBuffer) {
        when (phase) {
            Phase.READING -> readHead(input)
            Phase.DECIDING -> keep(input)
            else -> Unit
        }
        if (memory != null || transport.received >= MemoryBudget.GRAIN) weigh()
    }

    override fun onHeldMemory() = weigh()

    private fun readHead(input: ByteBuffer) {
        if (flashPolicy?.matches(input) == true) return answer(context.flashSocketPolicy!!)
        val isFirst = transport.received == input.remaining().toLong()
        if (isFirst && ClientHelloReader.begins(input)) return refuseTls()
        val parser = parser!!
        if (!parser.parse(input)) return
        enter(Phase.DECIDING)
        requestSize = Math.toIntExact(transport.received - input.remaining())
        keep(input)
        when (val result = parser.result) {
            is HeadResult.Complete -> judge(result.head)

            is HeadResult.Malformed ->
                refuse(HttpResponse(result.status, result.reason)) { result.reason }

            null -> error("the parser is done but has no result")
        }
    }

    /** An answer in HTTP would tell a client of TLS nothing. */
    private fun refuseTls() {
        answer(ClientHelloReader.alertRecord(ClientHelloReader.UNEXPECTED_MESSAGE))
        logSafely { serverLogger.debug { "refused ${request()}: TLS on a port without it" } }
    }

    /** Keeps what a client sends before it knows that the connection is open, within bounds. */
    private fun keep(input: ByteBuffer) {
        if (!input.hasRemaining()) return
        val unread = unread ?: MessageAssembler().also { unread = it }
        unread.append(input)
        if (transport.received - requestSize >= MAX_UNREAD) transport.pauseReading()
    }

    // Deciding about it.

    /** Begins with the request of a host, if it has read one. Its bytes count as received. */
    fun begin() {
        if (!isPending) return
        val request = handover?.request ?: return
        enter(Phase.DECIDING)
        requestSize = Math.toIntExact(transport.received)
        judge(request.head)
    }

    private fun judge(head: RequestHead) {
        target = head.target
        match = handover?.match ?: context.routes.find(head.target)
        val handshake = match.config.handshake(context.isProxied(transport))
        when (val result = handshake.judge(head, transport.peerName)) {
            is ServerHandshakeResult.Refused -> refuse(result.response) { result.detail }

            is ServerHandshakeResult.Upgrade -> when (owner.place) {
                Place.PAGE -> {
                    refuse(reason = context::tellFull)
                    // Clients that try again at once must not keep a balancer's check out.
                    owner.leavePlace()
                }

                else -> decide { startHandler(result.request) }
            }

            is ServerHandshakeResult.NotAnUpgrade ->
                decide { plainHttp.start(result.request, match.config) }
        }
    }

    private inline fun decide(begin: () -> Unit) {
        if (context.handlers.mayBegin(transport.loop.nanoTime())) return begin()
        refuse { "more than maxLingeringHandlers go on without a connection" }
    }

    private fun startHandler(request: ConnectionRequest) {
        val config = match.config
        val connection = Connection(
            transport,
            config.connectionConfig,
            context.maskingKeys,
            handlerOnLoop = config.handlerDispatcher == null,
            opener = { transport.loop.runSoon(::acceptForReceiver) },
            budget = context.budget,
        )
        val webSocket = RealServerWebSocket(request, match.pathParameters, owner, connection)
        owner.webSocket = webSocket
        ServerHandler(webSocket, owner, config, handover.context).launch()
    }

    // Opening the connection.

    /**
     * Opens the connection: sends the 101 response and hands over the data that the client has sent
     * behind its request. The arguments are those of `ServerWebSocket.accept`.
     */
    fun accept(subprotocol: String? = null, headers: Headers = Headers.EMPTY) {
        val webSocket = owner.webSocket!!
        val connection = webSocket.connection
        if (!isPending) throw connection.closedException()
        val chosen = (subprotocol ?: preferredSubprotocol())?.ifEmpty { null }
        val agreed =
            ExtensionNegotiation.accept(match.config.extensions, webSocket.request.extensions)
        val response = match.config.handshake.accept(
            webSocket.request,
            chosen,
            agreed.map { it.header },
            server = context.options.server,
            headers = match.config.headers + headers,
        )
        val bytes = if (host == null) response.toBytes() else NOTHING
        webSocket.subprotocol = chosen
        connection.extend(agreed)
        connection.onOpened(unsent = bytes.size, requestSize)
        memory?.end()
        synchronized(transport.output) { transport.output.append(bytes) }
        // Not before the response is in the queue: from here on other threads send frames.
        enter(Phase.OPEN)
        timer?.dispose()
        owner.onOpen()
        host?.onAccepted(response)
        try {
            transport.flush()
            deliverUnread(connection)
        } catch (failure: Throwable) {
            // The connection must not go on without the part of its input that was lost here.
            connection.drop(failure)
            throw failure
        } finally {
            // Last, because it may run code of the application.
            synchronized(this) { outcome }?.complete(Unit)
        }
    }

    private fun preferredSubprotocol() = match.config.handshake.selectSubprotocol(
        match.config.subprotocols,
        owner.webSocket!!.request.subprotocols,
    )

    private fun deliverUnread(connection: Connection) {
        val bytes = unread?.end() ?: return
        transport.resumeReading()
        connection.onBytes(ByteBuffer.wrap(bytes))
    }

    /**
     * Accepts for an application that begins to receive. A failure here cannot be thrown to a
     * caller: it is logged, and ends `incoming`.
     */
    private fun acceptForReceiver() {
        val webSocket = owner.webSocket!!
        try {
            when {
                isPending -> accept()
                isRefused -> webSocket.connection.onNeverOpened()
            }
        } catch (failure: Throwable) {
            if (phase != Phase.OPEN) {
                answer(HttpResponse(HttpStatus.INTERNAL_SERVER_ERROR))
                webSocket.connection.onNeverOpened(failure)
            }
            logFailure("onConnect", webSocket.request, failure)
        }
    }

    /** Suspends until the connection is open, or throws HandshakeException. From any thread. */
    suspend fun awaitOpen() = outcome().await()

    @Synchronized
    private fun outcome() = outcome ?: CompletableDeferred<Unit>().also {
        outcome = it
        if (phase == Phase.OPEN) it.complete(Unit)
    }

    private inline fun failOutcome(failure: () -> HandshakeException) {
        if (owner.webSocket == null) return
        val outcome = outcome()
        if (!outcome.isCompleted) outcome.completeExceptionally(failure())
    }

    // Answering in plain HTTP.

    /**
     * Answers with [response] and logs why, unless the request was answered before. Closes a client
     * whose TLS handshake is not done.
     */
    fun refuse(response: HttpResponse = UNAVAILABLE, reason: () -> String) {
        if (!isPending) return
        if (transport.isHandshaking) return refuseHandshake(reason)
        answer(response)
        logSafely {
            serverLogger.debug { "refused ${request()} with ${response.status}: ${reason()}" }
        }
    }

    /** The client and the path, on one line. The query is left out, for it may hold secrets. */
    private fun request(): String {
        val peer = owner.webSocket?.request?.peer ?: transport.peer
        val path = target?.let { " " + (ResourceName.ofTarget(it)?.path ?: "?") }.orEmpty()
        return (peer + path).onOneLine()
    }

    /**
     * Answers a request that has this [method] with [response] and ends the connection, unless the
     * request was answered.
     */
    fun answer(response: HttpResponse, method: String = "GET") {
        if (!isPending) return
        failOutcome {
            HandshakeException("refused with status ${response.status}", response.status)
        }
        val answer = response.withServer(context.options.server)
        val host = host ?: return answer(answer.toBytes(method))
        enter(Phase.ANSWERING)
        stopWaiting()
        host.onRefused(answer)
        transport.close()
    }

    private fun answer(bytes: ByteArray) {
        if (!isPending) return
        enter(Phase.ANSWERING)
        stopWaiting()
        synchronized(transport.output) { transport.output.append(bytes) }
        weigh()
        transport.flush()
        transport.shutdownOutput()
        transport.resumeReading()
        writing = ProgressTimer(transport, ANSWER_TIMEOUT) { transport.close() }
            .also { it.start() }
    }

    override fun onWritten(waiting: Long) {
        memory?.update()
        val writing = writing ?: return
        writing.onWritten()
        if (waiting == 0L) transport.loop.runOnLoop { transport.guarded(::onAnswerWritten) }
    }

    /** Gives the client some time to end the transport, as after a Close. */
    private fun onAnswerWritten() {
        val writing = writing ?: return
        writing.stop()
        this.writing = null
        // Clients that stay must not keep a balancer's check out.
        if (owner.place == Place.PAGE) owner.leavePlace()
        val time = match.config.dropTimeout
        limit(if (time > Duration.ZERO) time else ANSWER_TIMEOUT) { transport.close() }
    }

    // The end of the transport.

    override fun onInputEnd() {
        if (isPending) transport.close() else transport.shutdownOutput()
    }

    override fun forget() {
        enter(Phase.GONE)
        memory?.update()
        owner.webSocket?.connection?.forget()
    }

    override fun onClosed(cause: IOException?) {
        if (cause is TlsFailure && phase == Phase.READING) {
            logSafely { serverLogger.debug { "refused ${request()}: ${cause.message}" } }
        }
        enter(Phase.GONE)
        stopWaiting()
        memory?.end()
        try {
            owner.webSocket?.connection?.onClosed(cause)
        } finally {
            failOutcome { HandshakeException("the client is gone", cause = cause) }
            host?.onGone()
        }
    }

    // The memory it holds.

    private fun weigh() {
        val budget = context.budget ?: return
        if (phase == Phase.OPEN) return
        if (memory == null && heldMemory < MemoryBudget.GRAIN) return
        val memory = memory ?: HeldMemory(budget, transport, this).also { memory = it }
        memory.update()
    }

    /** All that came is kept in one form or another until the request is answered. */
    override val heldMemory: Long
        get() = when (phase) {
            Phase.READING, Phase.DECIDING -> transport.received + transport.heldMemory
            Phase.OPEN -> 0
            Phase.ANSWERING, Phase.GONE -> transport.output.weight
        }

    /** Nothing can be paused: a request may hold only little, and an answer is made once. */
    override fun onMemoryShort(isShort: Boolean) = Unit

    override fun reassessMemory(): Boolean = false

    override fun giveUpMemory() = when {
        isPending -> refuse { OUT_OF_MEMORY }
        isRefused -> transport.close()
        else -> Unit
    }

    companion object {
        const val OUT_OF_MEMORY = "all connections hold more than memoryBudget"
        private val NOTHING = ByteArray(0)
        private val UNAVAILABLE = HttpResponse(HttpStatus.SERVICE_UNAVAILABLE)
        private const val MAX_UNREAD = 64 * 1024

        /** How long a client may take nothing of an answer in plain HTTP. */
        private val ANSWER_TIMEOUT = 10.seconds
    }
}
