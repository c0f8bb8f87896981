package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.MessageWriter
import dev.kobahn.PayloadExceededException
import dev.kobahn.ReadingPausedException
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SendState
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/**
 * A connection after its opening handshake: the [Protocol] between a [Transport] and the
 * application's coroutines.
 *
 * Received octets, timers and the end of the transport come on the loop; the application's calls
 * come from anywhere and meet the loop at three guarded places: the transport's output, the queue
 * of [incoming] messages, and [ended].
 *
 * @param handlerOnLoop whether the application's handler runs on the connection's loop
 * @param beforeReceive called before the application receives anything
 * @param beforeSelect its twin where the application does not suspend: what it does may come later
 */
internal class Connection(
    socket: Transport,
    private val config: ConnectionConfig,
    maskingKeys: MaskingKeys,
    private val handlerOnLoop: Boolean,
    private val beforeReceive: suspend () -> Unit,
    private val beforeSelect: () -> Unit = {},
) : TransportListener,
    ProtocolEvents,
    IncomingStreams.Owner {
    private val transport = socket.loggedBy(config.wireLog)
    private val loop = transport.loop
    private val output = transport.output
    private val protocol = Protocol(config.protocol, output, maskingKeys, this)
    val watch = ConnectionWatch(transport, protocol, config)
    private val closing = ClosingHandshake(transport, protocol, config, watch.log)
    private val gate = SendGate(config.maxOutgoingQueueSize, output)
    private val pings = PendingPings(loop)
    private val autoPing = config.autoPing?.let {
        AutoPing(loop, it, ::sendAutoPing, ::drop, watch.log)
    }
    private val turns = SendTurns(output)
    private val inbox = Inbox(config.maxIncomingQueueSize, loop, this, ::limitWholeMessages)
    private val ended = CompletableDeferred<CloseStatus>()

    /** Whether a Close is due but waits for the application to deal with what came before. */
    @Volatile
    private var closeWaits = false

    /** Ends the waiting of a Close that is due; on the loop. */
    private var patience: DisposableHandle? = null

    /** Whether the peer ended its direction while a Close was waiting; on the loop. */
    private var inputEnded = false

    /** Whether the connection ends, without a Close, as soon as all is written. */
    @Volatile
    private var dropsWhenWritten = false

    @Volatile
    private var readingPaused = false

    @Volatile
    private var isOpened = false

    private val flushIsPosted = AtomicBoolean()
    private val postedFlush = Runnable {
        flushIsPosted.set(false)
        transport.flush()
    }

    init {
        protocol.limitMessages(config.maxStreamedMessageSize)
    }

    val incoming: ReceiveChannel<Message> get() = inbox.whole()

    val incomingStreams: ReceiveChannel<MessageReader> get() = inbox.streams()

    /** What the application wants to know of Pings and Pongs. */
    val hooks = ControlHooks(::hookFailed)

    val bufferedAmount: Long get() = synchronized(output) { output.size }

    @OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
    val closeStatus: CloseStatus? get() = if (ended.isCompleted) ended.getCompleted() else null

    val state: WebSocketState
        get() = when {
            ended.isCompleted -> WebSocketState.CLOSED
            !isOpened -> WebSocketState.CONNECTING
            isClosing -> WebSocketState.CLOSING
            else -> WebSocketState.OPEN
        }

    val roundTripTime: StateFlow<Duration?> get() = autoPing?.roundTripTime ?: NO_ROUND_TRIP_TIME

    // The application's side.

    suspend fun send(
        type: MessageType,
        octets: ByteArray,
        fragmentSize: Int = config.autoFragmentSize,
    ) {
        require(fragmentSize >= 0) { "fragmentSize is $fragmentSize, must be 0 (off) or more" }
        checkSize(octets)
        watch.timings?.track("sendMessage")
        val backlog = synchronized(output) {
            if (turns.isTaken) WAIT else sendNow { sendMessage(type, octets, fragmentSize) }
        }
        if (backlog != WAIT) return written(backlog)
        turns.take { sendPiece { sendMessage(type, octets, fragmentSize) } }
    }

    /** Sends a message piece by piece; other senders of messages wait for its end. */
    suspend fun sendMessage(type: MessageType, block: suspend MessageWriter.() -> Unit) {
        watch.timings?.track("sendMessage")
        val frameSize = if (config.autoFragmentSize > 0) config.autoFragmentSize else FRAME_SIZE
        turns.take { RealMessageWriter(this, type, frameSize).send(block) }
    }

    /** Has the protocol send something, and suspends while too much waits to be written. */
    suspend fun sendPiece(send: Protocol.() -> Boolean) {
        written(synchronized(output) { sendNow(send) })
    }

    /** Returns what waits to be written afterwards, in octets. Guarded by [output]. */
    private inline fun sendNow(send: Protocol.() -> Boolean): Long {
        if (gate.isClosed || !protocol.send()) throw closedException()
        return output.size
    }

    private suspend fun written(backlog: Long) {
        flush()
        if (backlog > config.maxOutgoingQueueSize) gate.awaitRoom()
    }

    /** A message that is sent piece by piece will not be completed, because of [failure]. */
    fun abandonMessage(failure: Throwable) {
        val state = synchronized(output) { protocol.abandonMessage() }
        when (state) {
            SendState.INSIDE_MESSAGE -> beginClose(CloseCode.INTERNAL_ERROR, "", failure)
            SendState.INSIDE_MESSAGE_FRAME -> drop(failure)
            else -> Unit
        }
    }

    /** As [send] where there is room; where there is none it returns false and has sent nothing. */
    fun trySend(type: MessageType, octets: ByteArray): Boolean {
        checkSize(octets)
        synchronized(output) {
            val hasRoom = !turns.isTaken && output.size <= config.maxOutgoingQueueSize
            if (!hasRoom && !gate.isClosed) return false
            sendNow { sendMessage(type, octets, config.autoFragmentSize) }
        }
        flush()
        return true
    }

    private fun checkSize(octets: ByteArray) {
        val limit = config.protocol.maxMessagePayloadSize
        if (limit in 1 until octets.size) throw PayloadExceededException(octets.size, limit)
    }

    /** Has [send] send what the rules of [send] do not hold for; suspends for room, or until it is written. */
    suspend fun sendRaw(untilWritten: Boolean, send: Protocol.() -> Unit) {
        var end = 0L
        val backlog = synchronized(output) {
            if (gate.isClosed) throw closedException()
            protocol.send()
            end = output.position + output.size
            output.size
        }
        flush()
        if (untilWritten) return gate.awaitWritten(end)
        if (backlog > config.maxOutgoingQueueSize) gate.awaitRoom()
    }

    /**
     * A handler elsewhere that has more messages to answer will send again at once: the loop writes
     * for it, all in one. Else writing here and now is quicker than waking the loop.
     */
    private fun flush() {
        if (loop.isCurrent || inbox.isEmptied) return transport.flush()
        if (flushIsPosted.compareAndSet(false, true)) loop.execute(postedFlush)
    }

    suspend fun ping(): Duration = pings.await(::sendPing).nanoseconds

    suspend fun ping(payload: ByteArray): Duration = pings.await(payload, ::sendPing).nanoseconds

    private fun sendPing(payload: ByteArray) {
        // Checked once the Ping is registered: who pauses or ends then fails it.
        if (readingPaused) throw ReadingPausedException()
        val isSent = synchronized(output) { !gate.isClosed && protocol.sendPing(payload) }
        if (!isSent) throw closedException()
        transport.flush()
    }

    suspend fun pong(payload: ByteArray) = sendRaw(untilWritten = false) {
        if (!sendPong(payload)) throw closedException()
    }

    suspend fun close(code: Int, reason: String): CloseStatus {
        beginClose(code, reason)
        return ended.await()
    }

    /** Sends a Close unless one was sent, and does not wait for anything. From any thread. */
    fun beginClose(code: Int, reason: String, cause: Throwable? = null) {
        val isSent = synchronized(output) {
            if (gate.isClosed) return
            protocol.sendClose(code, reason)
        }
        if (isSent) transport.flush()
        loop.run {
            if (gate.isClosed) return@run
            closing.begin(Initiator.LOCAL, cause)
            inbox.discard()
            closing.advance()
        }
    }

    suspend fun awaitClosed(): CloseStatus = ended.await()

    fun drop(cause: Throwable? = null) {
        loop.run {
            closing.begin(Initiator.LOCAL, cause ?: IOException("the connection was dropped here"))
            transport.close()
        }
    }

    /** Whether the connection has ended or is about to, by whichever side. */
    val isClosing: Boolean get() = protocol.closeExpected || ended.isCompleted

    /** What a call that comes too late throws. */
    override fun closedException(): ConnectionClosedException =
        ConnectionClosedException(closeStatus ?: closing.statusNow())

    private fun sendAutoPing(payload: ByteArray): Boolean {
        val isSent = protocol.sendPing(payload)
        if (isSent) transport.flush()
        return isSent
    }

    private fun hookFailed(failure: Throwable) {
        connectionLogger.error(failure) { "a hook of the connection with ${transport.peer} failed" }
        beginClose(CloseCode.INTERNAL_ERROR, "", failure)
    }

    // The transport's side.

    /**
     * The opening handshake is done: from now on octets come. On the loop.
     *
     * @param unsent how many octets of the handshake are still to be appended to the output
     */
    fun onOpened(unsent: Int = 0) {
        watch.opened(unsent)
        isOpened = true
        autoPing?.start()
    }

    override fun onOctets(input: ByteBuffer) {
        watch.octetsReceived()
        protocol.receive(input)
        autoPing?.onTraffic()
        // A Close that is no valid one makes no event.
        if (protocol.closeReceived) closing.advance()
        if (output.size > 0) transport.flush()
    }

    override fun onInputEnd() {
        if (closeWaits || dropsWhenWritten) inputEnded = true else closing.inputEnded()
    }

    override fun onWritten(waiting: Long) {
        val isAnswered = synchronized(output) {
            val before = output.size
            protocol.outputWritten()
            output.size > before
        }
        if (isAnswered) transport.flush()
        if (dropsWhenWritten && bufferedAmount == 0L) transport.close()
        gate.onWritten()
    }

    override fun onClosed(cause: IOException?) {
        closing.transportClosed(cause)
        patience?.dispose()
        autoPing?.stop()
        closeWaits = false
        // First of all, for it ends the sending of Close frames: the status is final then.
        gate.close(::closedException)
        turns.close(::closedException)
        val status = closing.statusNow()
        watch.log?.state(WebSocketState.CLOSED, status)
        inbox.end(if (status.wasClean) null else ConnectionClosedException(status))
        ended.complete(status)
        pings.fail(::closedException)
    }

    // The protocol's side.

    override fun onMessageBegin(type: MessageType) {
        watch.timings?.track("onMessageBegin")
        inbox.sink.beginMessage(type)
    }

    override fun onFrameBegin(length: Long) = inbox.sink.beginFrame(length)

    override fun onFrameData(chunk: ByteBuffer) = inbox.sink.data(chunk)

    override fun onFrameEnd() = inbox.sink.endFrame()

    override fun onMessageEnd() {
        watch.timings?.track("onMessage")
        inbox.sink.endMessage()
    }

    override fun onPong(payload: ByteArray) {
        pings.onPong(payload)
        autoPing?.onPong(payload)
        hooks.ponged(payload)
    }

    override fun onPongDue(payload: ByteArray): Boolean = hooks.pinged(payload)

    override fun onClose(code: Int?, reason: String) {
        // a Close sent from another thread can be answered before that thread's turn on the loop
        closing.begin(if (protocol.localClose == null) Initiator.REMOTE else Initiator.LOCAL)
        if (protocol.failure == null) inbox.end(null)
        readOn()
        closing.advance()
    }

    override fun onFailure(cause: ProtocolException) {
        watch.log?.violation(cause)
        closing.begin(Initiator.LOCAL, cause)
        inbox.sink.abandon()
        if (!config.failByDrop) readOn()
    }

    /**
     * What was received before the Close may still be answered: the Close waits until the
     * application has nothing in hand any more. Where its handler shares the loop that is known as
     * soon as the handler had its turn; elsewhere it gets [PATIENCE].
     */
    override fun onCloseDue(): Boolean {
        closeWaits = true
        if (inbox.isIdle) {
            sendDueClose()
        } else {
            patience = loop.schedule(PATIENCE, ::sendDueClose)
            if (handlerOnLoop) loop.execute { if (inbox.isEmptied) sendDueClose() }
        }
        return false
    }

    private fun sendDueClose() {
        if (!closeWaits) return
        if (config.failByDrop && protocol.failure != null) return loop.run(::dropFailed)
        val isSent = synchronized(output) { !gate.isClosed && protocol.sendDueClose() }
        closeWaits = false
        if (isSent) transport.flush()
        loop.run {
            if (gate.isClosed) return@run
            patience?.dispose()
            closing.advance()
            if (inputEnded) closing.inputEnded()
        }
    }

    /** A peer that is dropped gets no Close, but what was to be sent to it before. */
    private fun dropFailed() {
        if (!closeWaits) return
        closeWaits = false
        patience?.dispose()
        if (bufferedAmount == 0L) return transport.close()
        dropsWhenWritten = true
        patience = loop.schedule(PATIENCE) { transport.close() }
        transport.flush()
    }

    // The receiver's side.

    override suspend fun beforeReceive() = beforeReceive.invoke()

    override fun beforeSelect() = beforeSelect.invoke()

    override fun onIdle() {
        // whoever asks for whole messages finds none until the loop has moved them over
        if (closeWaits && inbox.isIdle) sendDueClose()
    }

    override fun onRoom() {
        if (readingPaused) loop.run(::resumeReading)
    }

    override fun onFull() = pauseReading()

    /** Until the application wants messages whole, none is too long to be streamed. */
    private fun limitWholeMessages() = protocol.limitMessages(config.protocol.maxMessagePayloadSize)

    private fun pauseReading() {
        if (readingPaused) return
        readingPaused = true
        transport.pauseReading()
        pings.fail(::ReadingPausedException)
        autoPing?.onPause()
        // The application may have made room before it could see that reading pauses.
        if (!inbox.isFull) resumeReading()
    }

    private fun resumeReading() {
        if (!inbox.isFull) readOn()
    }

    /** After the last message reading never fills the queue, and has to find the end. */
    private fun readOn() {
        if (!readingPaused) return
        readingPaused = false
        autoPing?.onResume()
        transport.resumeReading()
    }

    private companion object {
        /** Not now: somebody else has the turn. */
        const val WAIT = -1L

        /** The frames of a message that is sent piece by piece, in octets. */
        const val FRAME_SIZE = 64 * 1024
        val PATIENCE = 250.milliseconds
        val NO_ROUND_TRIP_TIME = MutableStateFlow<Duration?>(null)
    }
}
