package dev.kobahn.internal.server

import dev.kobahn.ConnectionDeny
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.HeldMemory
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.internal.connection.ProgressTimer
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.guarded
import dev.kobahn.internal.connection.run
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.RequestHeadParser
import dev.kobahn.protocol.handshake.ResourceName
import dev.kobahn.protocol.handshake.ServerHandshakeResult
import dev.kobahn.protocol.onOneLine
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.Job

/**
 * A connection of a server from its first octet to its last: reads the request's head, has it
 * judged, and either answers in plain HTTP or passes everything on to the WebSocket. On the loop.
 */
internal class ServerConnection(
    val transport: Transport,
    val context: ServerContext,
    private val onEnd: (ServerConnection) -> Unit,
) : TransportListener,
    HeldMemory.Owner {
    /** What is needed until the WebSocket is open; then null. */
    @Volatile
    private var opening: Opening? = Opening(context)

    /** The WebSocket, from its valid request on. */
    @Volatile
    var webSocket: RealServerWebSocket? = null
        private set

    /** What everything goes to once it is open. */
    private val receiver: TransportListener?
        get() = if (opening == null) webSocket!!.connection else null

    /** What the application does with it. */
    private var handler: Job? = null

    /** Whether [onEnd] was called, or is about to. On the loop. */
    private var hasEnded = false

    // The neighbours among the server's connections, see [ServerConnections].
    var previous: ServerConnection? = null
    var next: ServerConnection? = null

    private class Opening(context: ServerContext) {
        var parser: RequestHeadParser? = RequestHeadParser(context.headLimits)
        var timer: DisposableHandle? = null
        var surplus: HeldOctets? = null
        val flashPolicy = context.flashSocketPolicy?.let { FlashPolicyRequest() }

        /** How many octets the request has, once that is known. */
        var requestSize = 0L

        /** What the request asks for, once that is known. */
        var target: String? = null

        /** Counts the head and all behind it until the WebSocket is open, or the answer. */
        var memory: HeldMemory? = null

        /** Of the route once the path is known. */
        var service = context.routes.otherwise.service

        /** Whether it was answered in plain HTTP, or the transport is gone. */
        @Volatile
        var isOver = false
            private set

        /** Ends the writing of an answer to a client that takes nothing of it. */
        @Volatile
        var writing: ProgressTimer? = null

        /** What works on an answer, to be cancelled when nobody waits for it. */
        @Volatile
        private var asked: Job? = null

        /** From any thread. */
        fun waitsFor(job: Job?) {
            asked = job
            if (isOver) job?.cancel()
        }

        /** Allocates nothing. */
        fun forget() {
            isOver = true
            parser = null
            surplus = null
            memory?.update()
        }

        fun end() {
            isOver = true
            timer?.dispose()
            writing?.stop()
            writing = null
            asked?.cancel()
        }
    }

    /** Whatever fails afterwards, the end of the transport is the end of this. */
    fun start() {
        transport.start(this)
        limit(context.options.openHandshakeTimeout, ::timeOut)
    }

    /** Either the client was too slow with its request, or the handler with its decision. */
    private fun timeOut() {
        transport.log?.timeout("no handshake within ${context.options.openHandshakeTimeout}")
        val time = context.options.openHandshakeTimeout
        if (opening?.parser != null) {
            refuse(HttpResponse(ConnectionDeny.REQUEST_TIMEOUT)) { "no request within $time" }
        } else {
            refuse(UNAVAILABLE) { "the handler has not decided within $time" }
        }
    }

    override fun onOctets(input: ByteBuffer) {
        val opening = opening ?: return receiver!!.onOctets(input)
        val parser = opening.parser
        when {
            opening.isOver -> Unit
            parser != null -> readHead(opening, parser, input)
            else -> hold(opening, input)
        }
        if (transport.received >= MemoryBudget.GRAIN) weigh()
    }

    private fun weigh() {
        val opening = opening ?: return
        val budget = context.budget ?: return
        if (opening.memory == null && heldMemory < MemoryBudget.GRAIN) return
        val memory = opening.memory
            ?: HeldMemory(budget, transport, this).also { opening.memory = it }
        memory.update()
    }

    /** Until the WebSocket is open all that came is kept, in one form or another. */
    override val heldMemory: Long
        get() {
            val opening = opening ?: return 0
            return if (opening.isOver) transport.output.weight else transport.received
        }

    /** Nothing to do: before it is open it may keep only little, and an answer is made once. */
    override fun onMemoryShort(isShort: Boolean) = Unit

    override fun reassessMemory(): Boolean = false

    override fun giveUpMemory() {
        if (isPending) {
            refuse(::memoryReason)
        } else if (opening != null) {
            transport.close()
        }
    }

    fun memoryReason(): String = "all connections hold more than memoryBudget"

    private fun readHead(opening: Opening, parser: RequestHeadParser, input: ByteBuffer) {
        if (opening.flashPolicy?.matches(input) == true) return answer(context.flashSocketPolicy!!)
        if (!parser.parse(input)) return
        opening.parser = null
        opening.requestSize = transport.received - input.remaining()
        hold(opening, input)
        when (val result = parser.result) {
            is HeadResult.Complete -> judge(opening, result.head)

            is HeadResult.Malformed ->
                refuse(HttpResponse(result.status, result.reason)) { result.reason }

            null -> error("the parser is done but has no result")
        }
    }

    private fun judge(opening: Opening, head: RequestHead) {
        val match = context.routes.find(head.target)
        val handshake = match.service.handshake(context.isProxied(transport))
        opening.service = match.service
        opening.target = head.target
        when (val result = handshake.judge(head, transport.peerName)) {
            is ServerHandshakeResult.Refused -> refuse(result.response) { result.detail }

            is ServerHandshakeResult.Upgrade -> serve { upgrade(result.request, match) }

            is ServerHandshakeResult.NotAnUpgrade ->
                serve { launchAnswer(match.service, result.request) }
        }
    }

    private inline fun serve(begin: () -> Unit) {
        if (context.handlers.mayBegin(transport.loop.nanoTime())) return begin()
        refuse(UNAVAILABLE) { "more than maxLingeringHandlers go on without a connection" }
    }

    private fun upgrade(request: ConnectionRequest, match: RouteTable.Match) {
        val connection = Connection(
            transport,
            match.service.connectionConfig,
            context.maskingKeys,
            handlerOnLoop = match.service.handlerDispatcher == null,
            opener = { webSocket?.openSoon() },
            budget = context.budget,
        )
        val webSocket = RealServerWebSocket(request, this, match, connection)
        this.webSocket = webSocket
        ServerHandler(webSocket, this, match.service).start()
    }

    /** [handler] is about to run. */
    fun begin(handler: Job) {
        context.handlers.began()
        this.handler = handler
    }

    /** What arrives before the handshake is done belongs to the WebSocket; it is held, within bounds. */
    private fun hold(opening: Opening, input: ByteBuffer) {
        if (!input.hasRemaining()) return
        val held = opening.surplus ?: HeldOctets().also { opening.surplus = it }
        held.add(input)
        if (held.isFull) transport.pauseReading()
    }

    /** The 101 response is [head]: from now on everything goes to the WebSocket. Calls [onSent] once it is in the queue. */
    fun open(head: ByteArray, onSent: () -> Unit) {
        val opening = opening!!
        opening.timer?.dispose()
        opening.memory?.end()
        synchronized(transport.output) { transport.output.append(head) }
        onSent()
        transport.flush()
        this.opening = null
        val held = opening.surplus ?: return
        transport.resumeReading()
        receiver!!.onOctets(held.take())
    }

    /** How many octets the request has, until it is answered. On the loop. */
    val requestSize: Long get() = opening?.requestSize ?: 0

    /** Whether the handshake is under way and the transport still there. From any thread. */
    val isPending: Boolean get() = opening?.isOver == false

    /**
     * Has [job], which works on an answer, cancelled as soon as nobody waits for it; null for nothing.
     * From any thread.
     */
    fun waitsFor(job: Job?) {
        opening?.waitsFor(job)
    }

    /** As below, with 503. */
    fun refuse(reason: () -> String) = refuse(UNAVAILABLE, reason)

    /** Answers with [response] if the handshake is still under way, and logs that, and the [reason]. On the loop. */
    fun refuse(response: HttpResponse, reason: () -> String) {
        if (!isPending) return
        val target = opening?.target
        answer(response)
        logSafely {
            serverLogger.debug { "refused ${whoAsks(target)} with ${response.status}: ${reason()}" }
        }
    }

    /** On one line. The query is left out, for it may hold secrets. */
    private fun whoAsks(target: String?): String {
        val peer = webSocket?.request?.peer ?: transport.peer
        val path = target?.let { " " + (ResourceName.ofTarget(it)?.path ?: "?") }.orEmpty()
        return (peer + path).onOneLine()
    }

    /** Answers in plain HTTP, which ends the connection. */
    fun answer(response: HttpResponse) {
        if (!isPending) return
        webSocket?.onRefused(response)
        answer(response.withServer(context.options.server).toOctets())
    }

    private fun answer(octets: ByteArray) {
        val opening = opening?.takeUnless { it.isOver } ?: return
        opening.end()
        opening.parser = null
        opening.surplus = null
        synchronized(transport.output) { transport.output.append(octets) }
        weigh()
        transport.flush()
        transport.shutdownOutput()
        transport.resumeReading()
        opening.writing = ProgressTimer(transport, ANSWER_TIMEOUT) { transport.close() }
            .also { it.start() }
    }

    /** The answer is written: the client has some time to end the transport, as after a Close. */
    private fun answered(opening: Opening) {
        val writing = opening.writing ?: return
        writing.stop()
        opening.writing = null
        val time = opening.service.dropTimeout
        limit(if (time > Duration.ZERO) time else ANSWER_TIMEOUT) { transport.close() }
    }

    private fun limit(time: Duration, action: Runnable) {
        val opening = opening ?: return
        opening.timer?.dispose()
        opening.timer = if (time == Duration.ZERO) {
            null
        } else {
            transport.loop.schedule(time) { transport.guarded(action::run) }
        }
    }

    override fun onInputEnd() {
        val opening = opening ?: return receiver!!.onInputEnd()
        if (opening.isOver) transport.shutdownOutput() else transport.close()
    }

    override fun onWritten(waiting: Long) {
        val opening = opening ?: return receiver!!.onWritten(waiting)
        opening.memory?.update()
        val writing = opening.writing ?: return
        writing.onWritten()
        if (waiting == 0L) transport.loop.run { transport.guarded { answered(opening) } }
    }

    override fun forget() {
        opening?.forget()
        webSocket?.connection?.forget()
    }

    override fun onClosed(cause: IOException?) {
        val isRepeated = hasEnded
        hasEnded = true
        try {
            opening?.run {
                end()
                memory?.end()
            }
            webSocket?.onTransportClosed(cause)
        } finally {
            if (!isRepeated) ended()
        }
    }

    private fun ended() {
        try {
            handler?.let { context.handlers.linger(it, this, transport.loop.nanoTime()) }
        } finally {
            onEnd(this)
        }
    }

    /** Answers 503 if the handshake is still under way: the server stops. From any thread. */
    fun refusePending() {
        transport.loop.execute { transport.guarded { refuse { "the server stops" } } }
    }

    /** Closes the WebSocket with [code], if there is one. From any thread. */
    fun shutDown(code: Int) {
        transport.loop.execute { transport.guarded { webSocket?.shutDown(code) } }
    }

    /** Ends the connection at once: the server has stopped. From any thread. */
    fun drop() {
        val connection = webSocket?.connection ?: return transport.close()
        connection.dropNow(IOException("the server stopped"))
    }

    override fun toString(): String = webSocket?.toString() ?: transport.peer

    private companion object {
        val UNAVAILABLE = HttpResponse(HttpStatus.SERVICE_UNAVAILABLE)

        /** How long a client may take nothing of an answer in plain HTTP. */
        val ANSWER_TIMEOUT = 10.seconds
    }
}
