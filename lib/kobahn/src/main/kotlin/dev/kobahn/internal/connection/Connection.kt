package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.Timings
import dev.kobahn.TrafficStats
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.endpoint.SendStep
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.closeAll
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
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
    private val budget: MemoryBudget? = null,
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
    private val autoPing = config.autoPing?.let { AutoPing(this) }

    @Volatile private var madeReading: Reading? = null

    @Volatile private var madeMemory: ConnectionMemory? = null

    @Volatile private var madePings: Pings? = null

    @Volatile private var madeClosing: ClosingHandshake? = null

    private var awaitedEnd: CompletableDeferred<CloseStatus>? = null

    /** From any thread. Changes under the monitor of [output]. */
    @Volatile
    var state = WebSocketState.CONNECTING
        private set

    /** The job of a server's handler. When it is cancelled, its receivers are resumed. */
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

    /** The size of the peer's request in bytes. The request is kept as long as the connection is open. */
    var requestSize = 0
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
    private fun enter(next: WebSocketState): Boolean = (next > state).also { if (it) state = next }

    /** The side [by] has begun the end. From any thread. */
    fun enterClosing(by: Initiator) {
        if (synchronized(output) { enter(WebSocketState.CLOSING) }) logClosing(by)
    }

    private fun logClosing(by: Initiator) =
        log?.state(WebSocketState.CLOSING, "begun by ${by.name.lowercase()}")

    /**
     * Whether the end has begun, or the connection has ended. The protocol knows of the peer's Close
     * and of a violation a moment before `onClose` or `onFailure` changes [state].
     */
    val isClosing: Boolean get() = state >= WebSocketState.CLOSING || protocol.closeExpected

    /** Tells how the connection ended, or null before it is CLOSED. */
    val closeStatus: CloseStatus? get() = madeClosing?.status

    /** Whether the connection has ended. Nothing can be sent any more. */
    val isClosed: Boolean get() = state == WebSocketState.CLOSED

    /**
     * Whether the application has closed the connection, before the peer did: [close] was called,
     * whether the peer has answered or not. From any thread.
     */
    val isClosedHere: Boolean
        get() {
            val close = protocol.localClose ?: return false
            val status = closeStatus ?: closing.statusNow()
            val isFirst = status.initiator == Initiator.LOCAL || status.remote == null
            return isFirst && !CloseCode.fails(close.code)
        }

    /** Whether the application has dropped the connection, which has ended. */
    val isDroppedHere: Boolean get() = closeStatus?.cause?.message == DROPPED_HERE

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

    /** Runs [action] on the loop, at once if the caller is on it. If it fails, the connection ends. */
    inline fun onLoop(crossinline action: () -> Unit) = loop.runOnLoop { transport.guarded(action) }

    // The opening.

    /** The opening handshake agreed on [extensions]. Before [onOpened]. */
    fun extend(extensions: List<AgreedExtension>) {
        if (extensions.isEmpty()) return
        this.extensions = extensions.map { it.header }
        protocol.extend(extensions, loop.codecs)
    }

    /** The opening handshake is done, but [unsent] bytes of it are still to be appended. On the loop. */
    fun onOpened(unsent: Int = 0, requestSize: Int = 0) {
        val sent = synchronized(output) { output.appended } + unsent
        protocol.traffic.opened(sent, transport.received)
        this.requestSize = requestSize
        updateMemory()
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

    val pings: Pings
        get() = madePings ?: synchronized(output) {
            madePings ?: Pings(this).also { madePings = it }
        }

    suspend fun ping(payload: ByteArray? = null): Duration = pings.ping(payload)

    suspend fun pong(payload: ByteArray) = outgoing.sendPiece { SendStep.of(sendPong(payload)) }

    suspend fun close(code: Int, reason: String): CloseStatus {
        beginClose(code, reason)
        return awaitClosed()
    }

    /** Closes as [close] does. Throws if the peer did not take every message, unless [drop] was called. */
    suspend fun closeDelivering(code: Int): CloseStatus {
        val status = close(code, "")
        if (!isDroppedHere && !protocol.isDataWritten) throw ConnectionClosedException(status)
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
            madeMemory?.onClosing()
            // Reading goes on to the peer's Close, and keeps nothing.
            incomingMessages.discard()
            updateMemory()
            closing.onCloseCalled()
        }
    }

    fun drop(cause: Throwable? = null) {
        onLoop {
            if (isClosed) return@onLoop
            closing.begin(Initiator.LOCAL, cause ?: IOException(DROPPED_HERE))
            transport.close()
        }
    }

    // The parts of the connection call.

    /** Whether the transport is read, and the bytes that are not parsed yet. */
    val reading: Reading
        get() = madeReading ?: synchronized(output) {
            madeReading ?: Reading(this).also { madeReading = it }
        }

    /** Whether nothing is read because the application has enough, or memory is short. From any thread. */
    val isReadingPaused: Boolean get() = madeReading?.isPaused == true

    /**
     * Whether reading is paused until the application makes room or memory is there. Otherwise the
     * loop resumes it soon. From any thread.
     */
    val isReadingStuck: Boolean
        get() = isReadingPaused && (incomingMessages.isFull || isMemoryShort)

    /** The account of the memory at the budget; null without a budget and after the end. */
    val memory: ConnectionMemory?
        get() = madeMemory ?: budget?.let {
            synchronized(output) {
                // Nobody would end an account that is made after the end.
                if (madeMemory == null && !isClosed) madeMemory = ConnectionMemory(this, it)
                madeMemory
            }
        }

    /** The bytes that the connection holds itself. From any thread, which may see an older number. */
    val heldMemory: Long
        get() {
            val unread = incomingMessages.weight
            if (isClosed) return unread
            val unparsed = madeReading?.size ?: 0
            return unread + unparsed + requestSize + output.weight + transport.heldMemory
        }

    /** The connection may hold more or less than before. Most never hold enough to need an account. */
    fun updateMemory() {
        if (madeMemory != null || heldMemory >= MemoryBudget.GRAIN) memory?.update()
    }

    val isMemoryShort: Boolean get() = madeMemory?.isShort == true

    /** A part that the application has brought failed: closes the connection, and logs [message]. */
    fun fail(failure: Throwable, message: () -> String) {
        // Closed first: a log that fails must not keep the connection open.
        beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        logError(failure, message)
    }

    fun onReadingPaused() {
        madePings?.onReadingPaused()
        autoPing?.onPause()
    }

    fun onReadingResumed() {
        autoPing?.onResume()
        protocol.resumeReceiving()
    }

    // The transport calls.

    override fun onBytes(input: ByteBuffer) {
        if (!protocol.closeExpected) protocol.traffic.bytesReceived(transport.received)
        // A transport whose end has come delivers the last bytes although reading is paused.
        if (madeReading?.hasRest != true) receive(input)
        if (input.hasRemaining()) reading.keep(input)
    }

    /** Parses [input]. Leaves a rest after the share of one turn, or when the queue is overfull. */
    fun receive(input: ByteBuffer) {
        protocol.receive(input, INFLATED_PER_TURN)
        autoPing?.onTraffic()
        // An invalid Close does not call onClose.
        if (protocol.closeReceived) closing.advance()
        if (output.size > 0) transport.flush()
        updateMemory()
    }

    override fun onInputEnd() {
        if (madeReading?.holdEnd() != true) closing.onInputEnd()
    }

    override fun onWritten(waiting: Long) {
        val position: Long
        val hasAddedPong = synchronized(output) {
            val before = output.size
            position = output.position
            protocol.outputWritten()
            output.size > before
        }
        if (hasAddedPong) transport.flush()
        if (waiting > 0) outgoing.onBlocked()
        if (waiting > 0 && output.isShared) memory?.watch()
        autoPing?.onWritten(position, waiting)
        madeClosing?.onWritten(waiting)
        outgoing.onWritten()
        madeMemory?.update()
    }

    override fun onHeldMemory() = updateMemory()

    override fun forget() {
        madeReading?.forget()
        incomingMessages.release()
    }

    override fun onClosed(cause: IOException?) {
        // Every call is made, whatever those before it throw: nobody may be left waiting.
        val steps = listOf<() -> Unit>(
            { madeReading?.finish() },
            { onTransportClosed(cause) },
            ::ended,
            outgoing::close,
            ::tellEnd,
            { madeMemory?.onClosed() },
            { madePings?.fail(::closedException) },
            protocol::close,
        )
        closeAll(steps)
    }

    private fun onTransportClosed(cause: IOException?) {
        incomingMessages.forgetUnfinished()
        closing.onTransportClosed(cause)
        madeReading?.forget()
        autoPing?.stop()
    }

    /** From here on no Close can be sent, so the status is final. */
    private fun ended() {
        val isNew: Boolean
        synchronized(output) {
            try {
                closing.end()
            } finally {
                // Even if end() runs out of memory: nothing may be sent any more.
                isNew = enter(WebSocketState.CLOSED)
            }
        }
        if (isNew) log?.state(WebSocketState.CLOSED, closeStatus)
    }

    private fun tellEnd() {
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
        madeReading?.goOn()
        closing.advance()
    }

    override fun onFailure(cause: ProtocolException) {
        log?.violation(cause)
        cause.cause?.let { failure ->
            connectionLogger.debug(failure) { "data of ${transport.peer} could not be decoded" }
        }
        closing.begin(Initiator.LOCAL, cause)
        incomingMessages.sink.abandon()
        if (!config.failByDrop) madeReading?.goOn()
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
        if (isReadingPaused && incomingMessages.isOverfull) protocol.pauseReceiving()
    }

    override fun onIdle() {
        madeClosing?.onIdle()
    }

    override fun onSpace() {
        if (isReadingPaused) onLoop { reading.resume() }
    }

    override fun onTaken() {
        madeMemory?.update()
    }

    override val dispatcher: CoroutineDispatcher get() = loop.dispatcher

    override fun resumer(dispatcher: CoroutineDispatcher) = loop.batching(dispatcher)

    private companion object {
        const val DROPPED_HERE = "the connection was dropped here"

        /** In bytes: some milliseconds of the loop. */
        const val INFLATED_PER_TURN = 1024L * 1024

        val NO_ROUND_TRIP_TIME = MutableStateFlow<Duration?>(null)
    }
}
