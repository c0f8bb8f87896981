package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.ReadingPausedException
import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SendState
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.endpoint.SendStep
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.closeAll
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/**
 * One WebSocket connection: the [Protocol] between a [Transport] and the coroutines of the
 * application.
 *
 * [state] only goes forward, and only [enter] changes it:
 *
 * ```
 * CONNECTING -> OPEN      onOpened: the opening handshake is done
 * CONNECTING -> CLOSING   drop() was called before that
 * OPEN       -> CLOSING   a Close was sent or received, the peer broke a rule, or drop() was called
 * any        -> CLOSED    onClosed: the transport is gone, and closeStatus is final
 * ```
 *
 * The rules of threads:
 * - The transport, the timers and the protocol's events call on the connection's loop.
 * - The application calls from any thread. It meets the loop at the monitor of [output], which
 *   guards everything that is sent and the step to CLOSED, and at the queue of [incomingMessages], which has
 *   a monitor of its own.
 * - No code of the application runs while a monitor is held.
 *
 * Every part is made when it is first needed, so that a connection at rest is small.
 *
 * @param handlerOnLoop whether the application's handler runs on the connection's loop
 * @param opener opens the connection when the application begins to receive, if it is not open
 * @param budget bounds the memory of all connections together, or null
 */
internal class Connection(
    socket: Transport,
    val config: ConnectionConfig,
    maskingKeys: MaskingKeys,
    val handlerOnLoop: Boolean,
    private var opener: (() -> Unit)? = null,
    budget: MemoryBudget? = null,
) : TransportListener,
    ProtocolEvents,
    IncomingChannel.Listener {
    val transport = socket.loggedBy(config.wireLog)
    val loop get() = transport.loop
    val output get() = transport.output
    val protocol = Protocol(config.protocol, output, maskingKeys, this)

    /** The log, or null if frames are not logged. */
    val log get() = transport.log.takeIf { config.wireLog?.frames == true }

    val incomingMessages = Incoming(this)
    val outgoing = Outgoing(this)
    val reading = Reading(this)
    val memory = budget?.let { ConnectionMemory(this, it) }
    private val autoPing = config.autoPing?.let { AutoPing(this, it) }

    @Volatile private var madePings: Pings? = null

    @Volatile private var madeClosing: ClosingHandshake? = null

    @Volatile private var madeWriteTimer: ProgressTimer? = null

    private var awaitedEnd: CompletableDeferred<CloseStatus>? = null

    /** From any thread. Changes under the monitor of [output]. */
    @Volatile
    var state = WebSocketState.CONNECTING
        private set

    /** Tells how the connection ended, or null before it is CLOSED. */
    @Volatile
    var closeStatus: CloseStatus? = null
        private set

    /** The job of a server's handler, which calls [handlerCancelled] when it is cancelled. */
    @Volatile
    var handler: Job? = null

    /** The times, or null if they are not tracked. */
    @Volatile
    var timings: Timings? = null
        private set

    /** The extensions that were agreed on, as the server answered them. */
    @Volatile
    var extensions: List<ExtensionHeader> = emptyList()
        private set

    init {
        if (config.trackTimings) trackTimings(true)
        protocol.limitMessages(config.maxStreamedMessageSize)
        log?.let { protocol.observe(it.sent, it.received) }
    }

    val incoming: ReceiveChannel<Message> get() = incomingMessages.whole()

    val incomingStreams: ReceiveChannel<MessageReader> get() = incomingMessages.streams()

    // The state.

    /** Goes on to [next] unless the state is as far already. Guarded by the monitor of [output]. */
    private fun enter(next: WebSocketState): Boolean {
        val isNew = next > state
        if (isNew) state = next
        return isNew
    }

    /** The side [by] has begun the end. From any thread. */
    fun enterClosing(by: Initiator) {
        if (synchronized(output) { enter(WebSocketState.CLOSING) }) logClosing(by)
    }

    private fun logClosing(by: Initiator) =
        log?.state(WebSocketState.CLOSING, "begun by ${by.name.lowercase()}")

    /**
     * Whether the end has begun, or the connection has ended. The protocol knows of the peer's Close
     * and of a violation a moment before its event changes the state.
     */
    val isClosing: Boolean get() = state >= WebSocketState.CLOSING || protocol.closeExpected

    /** Whether the connection has ended. Nothing can be sent any more. */
    val isClosed: Boolean get() = state == WebSocketState.CLOSED

    suspend fun awaitClosed(): CloseStatus = closeStatus ?: awaitedEnd().await()

    private fun awaitedEnd() = synchronized(output) {
        awaitedEnd ?: CompletableDeferred<CloseStatus>().also { made ->
            awaitedEnd = made
            closeStatus?.let(made::complete)
        }
    }

    /** The exception of a call that comes too late. */
    override fun closedException(): ConnectionClosedException =
        ConnectionClosedException(closeStatus ?: closing.statusNow())

    val closing: ClosingHandshake
        get() = madeClosing ?: synchronized(output) {
            madeClosing ?: ClosingHandshake(this).also { madeClosing = it }
        }

    private inline fun onLoop(crossinline action: () -> Unit) =
        loop.run { transport.guarded(action) }

    // The opening.

    /** The opening handshake agreed on [extensions]. Before [onOpened]. */
    fun extend(extensions: List<AgreedExtension>) {
        if (extensions.isEmpty()) return
        this.extensions = extensions.map { it.header }
        protocol.extend(extensions, loop.codecs)
    }

    /**
     * The opening handshake is done: from now on bytes come. On the loop.
     *
     * @param unsent how many bytes of the handshake are still to be appended to the output
     * @param requestSize the size of the peer's request in bytes
     */
    fun onOpened(unsent: Int = 0, requestSize: Long = 0) {
        val sent = synchronized(output) { output.appended } + unsent
        protocol.traffic.opened(sent, transport.received)
        memory?.onOpened(requestSize)
        timings?.track("onOpen")
        if (synchronized(output) { enter(WebSocketState.OPEN) }) log?.state(WebSocketState.OPEN)
        opener = null
        autoPing?.start()
    }

    /** The opening handshake will not be completed, because of [failure] if there is one. On the loop. */
    fun onNeverOpened(failure: Throwable? = null) {
        closing.blame(Initiator.LOCAL, failure)
        incomingMessages.end(closedException())
    }

    // The application sends and closes. From any thread.

    val bufferedAmount: Long get() = synchronized(output) { output.size }

    val trafficStats: TrafficStats
        get() = synchronized(output) { TrafficStats(protocol.traffic.sinceReset(output.appended)) }

    fun resetTrafficStats() {
        synchronized(output) { protocol.traffic.reset(output.appended) }
    }

    fun trackTimings(on: Boolean) {
        timings = if (on) Timings(loop::nanoTime) else null
    }

    val roundTripTime: StateFlow<Duration?> get() = autoPing?.roundTripTime ?: NO_ROUND_TRIP_TIME

    /** The Pings and Pongs of the application. */
    val pings: Pings
        get() = madePings ?: synchronized(output) {
            madePings ?: Pings(loop, ::hookFailed).also { madePings = it }
        }

    suspend fun ping(payload: ByteArray? = null): Duration =
        pings.await(payload, ::sendPing).nanoseconds

    private fun sendPing(payload: ByteArray) {
        // Checked after the Ping is registered: a pause or the end that comes now makes it fail.
        if (reading.isPaused) throw ReadingPausedException()
        val isSent = synchronized(output) { !isClosed && protocol.sendPing(payload) }
        if (!isSent) throw closedException()
        transport.flush()
    }

    suspend fun pong(payload: ByteArray) = outgoing.sendPiece { SendStep.of(sendPong(payload)) }

    suspend fun close(code: Int, reason: String): CloseStatus {
        beginClose(code, reason)
        return awaitClosed()
    }

    /** Closes as [close] does. Throws if the peer did not take every message, unless [drop] was called. */
    suspend fun closeDelivering(code: Int): CloseStatus {
        val status = close(code, "")
        val isDropped = status.cause?.message == DROPPED_HERE
        if (!isDropped && !protocol.isDataWritten) throw ConnectionClosedException(status)
        return status
    }

    /** Sends a Close unless one was sent, and waits for nothing. */
    fun beginClose(code: Int, reason: String, cause: Throwable? = null) {
        val isDrop = config.failByDrop && protocol.failure != null
        val isSent: Boolean
        // In one step: a sender that fails because of this Close finds the state CLOSING.
        val isNew = synchronized(output) {
            if (isClosed) return
            isSent = !isDrop && protocol.sendClose(code, reason)
            isSent && enter(WebSocketState.CLOSING)
        }
        if (isNew) logClosing(Initiator.LOCAL)
        if (isSent) transport.flush()
        onLoop {
            if (isClosed) return@onLoop
            closing.begin(Initiator.LOCAL, cause)
            memory?.onClosing()
            // Reading goes on to the peer's Close, and keeps nothing.
            incomingMessages.discard()
            memory?.update()
            closing.onClosedHere()
        }
    }

    fun drop() = drop(null)

    fun drop(cause: Throwable?) {
        onLoop {
            if (isClosed) return@onLoop
            closing.begin(Initiator.LOCAL, cause ?: IOException(DROPPED_HERE))
            transport.close()
        }
    }

    /** Drops the connection without waiting for the loop, which may be blocked. */
    fun dropNow(cause: IOException) {
        if (!isClosed) closing.blame(Initiator.LOCAL, cause)
        transport.close()
    }

    // The parts of the connection call.

    val isMemoryShort: Boolean get() = memory?.isShort == true

    /** A message that is sent in pieces will not be completed, because of [failure]. */
    fun abandonMessage(failure: Throwable) {
        // Asked first, because a Close that was sent before has cut the message off.
        val isClosedBefore: Boolean
        val state = synchronized(output) {
            isClosedBefore = protocol.localClose != null
            protocol.abandonMessage()
        }
        when {
            state == SendState.INSIDE_MESSAGE_FRAME -> drop(failure)
            state != SendState.INSIDE_MESSAGE -> Unit
            isClosedBefore -> frameEnded()
            else -> beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        }
    }

    /** No frame is open any more: a Close that waited for its end is sent. */
    fun frameEnded() {
        if (protocol.localClose != null) onLoop { if (!isClosed) closing.advance() }
    }

    /** An extension failed to encode a message, so that no other message can be sent. On the loop. */
    fun encoderFailed(failure: Throwable) {
        // Closed first: a log that fails must not keep the connection open.
        beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        logError(failure) { "a message to ${transport.peer} could not be encoded" }
    }

    private fun hookFailed(failure: Throwable) {
        beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        logError(failure) { "a hook of the connection with ${transport.peer} failed" }
    }

    /** Whether a Ping can be sent now: not inside a frame, which other threads may begin. */
    val canPing: Boolean get() = protocol.sendState != SendState.INSIDE_MESSAGE_FRAME

    /**
     * Sends a Ping of [autoPing]. Returns where it ends in the stream, [AutoPing.NOT_NOW] if a frame
     * is open, or [AutoPing.CLOSED] if the connection is closing.
     */
    fun sendAutoPing(payload: ByteArray): Long {
        val end = synchronized(output) {
            if (!canPing) return AutoPing.NOT_NOW
            if (!protocol.sendPing(payload)) return AutoPing.CLOSED
            output.endPosition
        }
        transport.flush()
        return end
    }

    fun onReadingPaused() {
        madePings?.fail(::ReadingPausedException)
        autoPing?.onPause()
    }

    fun onReadingResumed() {
        autoPing?.onResume()
        protocol.resumeReceiving()
    }

    /** Runs [block]. Meanwhile messages that nobody asks for are discarded and do not hold the peer back. */
    suspend fun <T> discardingUnread(block: suspend () -> T): T {
        incomingMessages.beginDiscarding()
        // Messages that have filled the queue have held the peer back already.
        onLoop { if (incomingMessages.discardUnread()) reading.resume() }
        try {
            return block()
        } finally {
            incomingMessages.endDiscarding()
        }
    }

    /** The [handler] was cancelled. From any thread. */
    fun handlerCancelled() = incomingMessages.resumeAll()

    // The transport calls.

    override fun onBytes(input: ByteBuffer) {
        if (!protocol.closeExpected) protocol.traffic.bytesReceived(transport.received)
        receive(input)
        if (input.hasRemaining()) reading.keep(input)
    }

    /** Parses [input]. Some of it remains if that is enough for one turn of the loop, or if the queue is full. */
    fun receive(input: ByteBuffer) {
        protocol.receive(input, RESTORED_PER_TURN)
        autoPing?.onTraffic()
        // An invalid Close makes no event.
        if (protocol.closeReceived) closing.advance()
        if (output.size > 0) transport.flush()
        memory?.update()
    }

    override fun onInputEnd() = closing.onInputEnd()

    override fun onWritten(waiting: Long) {
        val position: Long
        val isAnswered = synchronized(output) {
            val before = output.size
            position = output.position
            protocol.outputWritten()
            output.size > before
        }
        if (isAnswered) transport.flush()
        if (waiting > 0) writeTimer().onBlocked()
        if (waiting > 0 && output.isShared) memory?.watch()
        autoPing?.onWritten(position, waiting)
        madeClosing?.onWritten(waiting)
        outgoing.onWritten()
        memory?.onReleased()
    }

    private fun writeTimer() = madeWriteTimer ?: synchronized(output) {
        madeWriteTimer ?: ProgressTimer(transport, config.writeTimeout, ::writingTimedOut)
            .also { madeWriteTimer = it }
    }

    private fun ProgressTimer.onBlocked() {
        onWritten()
        start()
        // The end may have stopped the timer before.
        if (isClosed) stop()
    }

    /** The peer took nothing for too long. On the loop. */
    private fun writingTimedOut() {
        val waiting = bufferedAmount
        if (waiting == 0L) return
        val message = "the peer took nothing for ${config.writeTimeout} while $waiting bytes waited"
        log?.timeout(message)
        drop(IOException(message))
    }

    override fun forget() {
        reading.forget()
        incomingMessages.release()
    }

    override fun onClosed(cause: IOException?) {
        incomingMessages.forgetUnfinished()
        closing.onTransportClosed(cause)
        reading.forget()
        autoPing?.stop()
        // Every call is made, whatever those before it throw: nobody may be left waiting.
        val steps = listOf<() -> Unit>(
            ::ended,
            outgoing::close,
            ::tellEnd,
            { memory?.onClosed() },
            { madePings?.fail(::closedException) },
            protocol::close,
        )
        closeAll(steps)
    }

    /** From here on no Close can be sent, so the status is final. */
    private fun ended() {
        val isNew: Boolean
        synchronized(output) {
            try {
                closeStatus = closeStatus ?: closing.statusNow()
            } finally {
                // Also if memory is short: nothing may be sent any more.
                isNew = enter(WebSocketState.CLOSED)
            }
        }
        if (isNew) log?.state(WebSocketState.CLOSED, closeStatus)
    }

    private fun tellEnd() {
        madeWriteTimer?.stop()
        // Null only if memory was short; the transport calls again then.
        val status = closeStatus ?: return
        synchronized(output) { awaitedEnd }?.complete(status)
        incomingMessages.end(if (status.wasClean) null else ConnectionClosedException(status))
    }

    // The protocol calls, on the loop.

    override fun onMessageBegin(type: MessageType) {
        timings?.track("onMessageBegin")
        incomingMessages.sink.beginMessage(type)
    }

    override fun onFrameBegin(length: Long) = incomingMessages.sink.beginFrame(length)

    override fun onFrameData(chunk: ByteBuffer) = incomingMessages.sink.data(chunk)

    override fun onFrameEnd() = incomingMessages.sink.endFrame()

    override fun onMessageEnd() {
        timings?.track("onMessage")
        incomingMessages.sink.endMessage()
    }

    override fun onPong(payload: ByteArray) {
        autoPing?.onPong(payload)
        madePings?.pongReceived(payload)
    }

    override fun onPongDue(payload: ByteArray): Boolean = madePings?.pingReceived(payload) ?: true

    override fun onClose(code: Int?, reason: String) {
        // A Close sent from another thread can be answered before that thread's turn on the loop.
        closing.begin(if (protocol.localClose == null) Initiator.REMOTE else Initiator.LOCAL)
        if (protocol.failure == null) incomingMessages.end(null)
        reading.goOn()
        closing.advance()
    }

    override fun onFailure(cause: ProtocolException) {
        log?.violation(cause)
        cause.cause?.let { failure ->
            connectionLogger.debug(failure) { "data of ${transport.peer} could not be decoded" }
        }
        closing.begin(Initiator.LOCAL, cause)
        incomingMessages.sink.abandon()
        if (!config.failByDrop) reading.goOn()
    }

    override fun onCloseDue(): Boolean {
        closing.onCloseDue()
        return false
    }

    // The channels of incoming messages call. From any thread.

    override fun resumesOnCancellation(job: Job): Boolean = job === handler

    override fun onReceive() {
        if (state == WebSocketState.CONNECTING) opener?.invoke()
    }

    override fun onFull() {
        if (incomingMessages.discardUnread()) return
        reading.pause()
        if (reading.isPaused && incomingMessages.isOverfull) protocol.pauseReceiving()
    }

    override fun onIdle() {
        madeClosing?.onIdle()
    }

    override fun onSpace() {
        if (reading.isPaused) onLoop { reading.resume() }
    }

    override fun onTaken() {
        memory?.onReleased()
    }

    override val dispatcher: CoroutineDispatcher get() = loop.dispatcher

    override fun resumer(dispatcher: CoroutineDispatcher) = loop.batching(dispatcher)

    private companion object {
        const val DROPPED_HERE = "the connection was dropped here"

        /** In bytes: some milliseconds of the loop. */
        const val RESTORED_PER_TURN = 1024L * 1024

        val NO_ROUND_TRIP_TIME = MutableStateFlow<Duration?>(null)
    }
}
