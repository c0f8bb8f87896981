package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.ReadingPausedException
import dev.kobahn.Timings
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.SendState
import dev.kobahn.protocol.SendStep
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.closeAll
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/**
 * A connection after its opening handshake: the [Protocol] between a [Transport] and the
 * application's coroutines.
 *
 * Received octets, timers and the end of the transport come on the loop; the application's calls
 * come from anywhere and meet the loop at three guarded places: the transport's output, the queue
 * of [incoming] messages, and [closeStatus].
 *
 * @param handlerOnLoop whether the application's handler runs on the connection's loop
 * @param opener who completes the opening handshake, where that is not done
 * @param budget what all connections may hold together, or null
 */
internal class Connection(
    socket: Transport,
    override val config: ConnectionConfig,
    maskingKeys: MaskingKeys,
    private val handlerOnLoop: Boolean,
    private val opener: Opener? = null,
    private val budget: MemoryBudget? = null,
) : ConnectionEnd(),
    TransportListener,
    ProtocolEvents,
    Inbox.Owner,
    Outbox.Owner,
    AutoPing.Owner,
    HeldMemory.Owner,
    KeptMemory.Owner {
    override val transport = socket.loggedBy(config.wireLog)
    val loop get() = transport.loop
    val output get() = transport.output
    override val protocol = Protocol(config.protocol, output, maskingKeys, this)

    /** The log, or null where frames are not logged. */
    val log get() = transport.log.takeIf { config.wireLog?.frames == true }
    val outbox = Outbox(this)
    private val autoPing = config.autoPing?.let { AutoPing(transport, it, this, log) }
    private val inbox = Inbox(config.maxIncomingQueueSize, this)

    /** The times, or null where they are not tracked. */
    @Volatile
    override var timings: Timings? = null

    // An idle connection does without these: each is made when it is first wanted.
    @Volatile private var pings: PendingPings? = null

    @Volatile private var madeHooks: ControlHooks? = null

    @Volatile private var madeClosing: ClosingHandshake? = null

    @Volatile private var dueClose: DueClose? = null

    @Volatile private var madeWriteTimer: ProgressTimer? = null

    @Volatile private var memory: HeldMemory? = null

    /** Memory that others keep for this connection. */
    @Volatile private var kept = emptyList<KeptMemory>()

    /** How many octets the request has, which is kept as long as the connection is open. */
    private var requestSize = 0L

    /** Set on the loop. */
    @Volatile
    override var isMemoryShort = false
        private set

    /** Whether the handler has ended. */
    @Volatile
    private var isAbandoned = false

    /** Whether nothing is read because the application has enough, or memory is short. */
    @Volatile
    var isReadingPaused = false
        private set

    /**
     * Octets that were read and are not parsed yet: the application has enough, or they restore to so
     * much that others have to be served in between. Nothing is read meanwhile. On the loop.
     */
    private var held: ByteBuffer? = null

    /** Whether the loop will go on with [held]. On the loop. */
    private var goesOn = false

    @Volatile
    private var isOpened = false

    init {
        if (config.trackTimings) trackTimings(true)
        protocol.limitMessages(config.maxStreamedMessageSize)
        log?.let { protocol.watch(it.sent, it.received) }
    }

    /** What transforms the messages, as the server answered it. */
    @Volatile
    var extensions: List<ExtensionHeader> = emptyList()
        private set

    val incoming: ReceiveChannel<Message> get() = inbox.whole()

    val incomingStreams: ReceiveChannel<MessageReader> get() = inbox.streams()

    /** What the application wants to know of Pings and Pongs. */
    val hooks: ControlHooks
        get() = madeHooks ?: synchronized(output) {
            madeHooks ?: ControlHooks(::hookFailed).also { madeHooks = it }
        }

    private val closing: ClosingHandshake
        get() = madeClosing ?: synchronized(output) {
            madeClosing ?: ClosingHandshake(transport, protocol, config, log)
                .also { madeClosing = it }
        }

    val bufferedAmount: Long get() = synchronized(output) { output.size }

    val state: WebSocketState
        get() = when {
            closeStatus != null -> WebSocketState.CLOSED
            !isOpened -> WebSocketState.CONNECTING
            isClosing -> WebSocketState.CLOSING
            else -> WebSocketState.OPEN
        }

    val roundTripTime: StateFlow<Duration?> get() = autoPing?.roundTripTime ?: NO_ROUND_TRIP_TIME

    // The application's side.

    /** A message that is sent piece by piece will not be completed, because of [failure]. */
    override fun abandonMessage(failure: Throwable) {
        // Asked first: a Close that was sent before has cut the message off.
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

    override val expectsAnswers: Boolean get() = !inbox.isEmptied

    override fun encoderFailed(failure: Throwable) {
        // Closed first: a log that fails must not keep the connection open.
        beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        logError(failure) { "a message to ${transport.peer} could not be encoded" }
    }

    override fun frameEnded() {
        if (protocol.localClose != null) onLoop { if (!outbox.isClosed) closing.advance() }
    }

    suspend fun ping(): Duration = pings().await(::sendPing).nanoseconds

    suspend fun ping(payload: ByteArray): Duration = pings().await(payload, ::sendPing).nanoseconds

    private fun pings() = synchronized(output) { pings ?: PendingPings(loop).also { pings = it } }

    private fun sendPing(payload: ByteArray) {
        // Checked once the Ping is registered: who pauses or ends then fails it.
        if (isReadingPaused) throw ReadingPausedException()
        val isSent = synchronized(output) { !outbox.isClosed && protocol.sendPing(payload) }
        if (!isSent) throw closedException()
        transport.flush()
    }

    suspend fun pong(payload: ByteArray) = outbox.sendPiece { SendStep.of(sendPong(payload)) }

    suspend fun close(code: Int, reason: String): CloseStatus {
        beginClose(code, reason)
        return awaitClosed()
    }

    /** Closes as [close] does. Throws if messages were not taken, unless [drop] was called. */
    suspend fun closeDelivering(code: Int): CloseStatus {
        val status = close(code, "")
        val isDropped = status.cause?.message == DROPPED_HERE
        if (!isDropped && !protocol.isDataWritten) throw ConnectionClosedException(status)
        return status
    }

    /** Sends a Close unless one was sent, and does not wait for anything. From any thread. */
    fun beginClose(code: Int, reason: String, cause: Throwable? = null) {
        val isSent = synchronized(output) {
            if (outbox.isClosed) return
            !isDrop && protocol.sendClose(code, reason)
        }
        if (isSent) transport.flush()
        onLoop {
            if (outbox.isClosed) return@onLoop
            closing.begin(Initiator.LOCAL, cause)
            // Reading has to go on to the peer's Close; it costs no memory, for nothing is kept.
            isMemoryShort = false
            inbox.discard()
            weigh()
            dueClose?.onClosedHere() ?: closing.advance()
        }
    }

    /** Whether the peer broke a rule and gets no Close for it. */
    private val isDrop get() = config.failByDrop && protocol.failure != null

    fun drop() = drop(null)

    override fun drop(cause: Throwable?) {
        onLoop {
            if (outbox.isClosed) return@onLoop
            closing.begin(Initiator.LOCAL, cause ?: IOException(DROPPED_HERE))
            transport.close()
        }
    }

    /** Drops the connection without waiting for the loop, which may be held up. From any thread. */
    fun dropNow(cause: IOException) {
        if (!outbox.isClosed) closing.blame(Initiator.LOCAL, cause)
        transport.close()
    }

    /** Whether the connection has ended or is about to, by whichever side. */
    override val isClosing: Boolean
        get() = protocol.closeExpected || closeStatus != null || outbox.isClosed

    /** What a call that comes too late throws. */
    override fun closedException(): ConnectionClosedException =
        ConnectionClosedException(closeStatus ?: closing.statusNow())

    override val canPing: Boolean get() = protocol.sendState != SendState.INSIDE_MESSAGE_FRAME

    override fun sendAutoPing(payload: ByteArray): Long {
        val end = synchronized(output) {
            if (!canPing) return AutoPing.NOT_NOW
            if (!protocol.sendPing(payload)) return AutoPing.CLOSED
            output.endPosition
        }
        transport.flush()
        return end
    }

    override fun lookForEnd() {
        repeat(READS_AHEAD) {
            // What is held comes first, and can only be taken when there is room.
            if (!isReadingPaused || isMemoryShort || held != null || inbox.isOverfull) return
            if (!transport.readOnce()) return
        }
    }

    private fun hookFailed(failure: Throwable) {
        beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        logError(failure) { "a hook of the connection with ${transport.peer} failed" }
    }

    /** The peer took nothing for too long, if something still waits for it. On the loop. */
    private fun writingTimedOut() {
        val waiting = bufferedAmount
        if (waiting == 0L) return
        val message = "the peer took nothing for ${config.writeTimeout} while $waiting bytes waited"
        log?.timeout(message)
        drop(IOException(message))
    }

    // The transport's side.

    /** What the opening handshake agreed on; before [onOpened]. */
    fun extend(extensions: List<AgreedExtension>) {
        if (extensions.isEmpty()) return
        this.extensions = extensions.map { it.header }
        protocol.extend(extensions, loop.codecs)
    }

    /**
     * The opening handshake is done: from now on octets come. On the loop.
     *
     * @param unsent how many octets of the handshake are still to be appended to the output
     * @param requestSize how many octets the request has, where it is the peer's
     */
    fun onOpened(unsent: Int = 0, requestSize: Long = 0) {
        countOpening(unsent)
        this.requestSize = requestSize
        if (requestSize >= MemoryBudget.GRAIN) weigh()
        timings?.track("onOpen")
        log?.state(WebSocketState.OPEN)
        isOpened = true
        autoPing?.start()
    }

    /** The opening handshake will not be completed, because of [failure] if it is that. On the loop. */
    fun onNeverOpened(failure: Throwable? = null) {
        closing.blame(Initiator.LOCAL, failure)
        inbox.end(closedException())
    }

    override fun onOctets(input: ByteBuffer) {
        countReceived()
        receive(input)
        if (input.hasRemaining()) hold(input.copy())
    }

    private fun receive(input: ByteBuffer) {
        protocol.receive(input, RESTORED_PER_TURN)
        autoPing?.onTraffic()
        // A Close that is no valid one makes no event.
        if (protocol.closeReceived) closing.advance()
        if (output.size > 0) transport.flush()
        weigh()
    }

    private fun hold(rest: ByteBuffer) {
        held = rest
        weigh()
        transport.pauseReading()
        if (!protocol.isReceivingPaused && !isMemoryShort) goOn()
    }

    private fun goOn() {
        if (goesOn) return
        goesOn = true
        loop.executeNextTurn(::receiveHeld)
    }

    /** What is held, before anything else that comes. */
    private fun receiveHeld() {
        goesOn = false
        if (isMemoryShort) return
        val octets = held ?: return
        held = null
        try {
            receive(octets)
            if (octets.hasRemaining()) return hold(octets)
        } catch (failure: Throwable) {
            // As the transport does when it calls: who missed something must not go on.
            drop(failure)
            throw failure
        }
        if (!isReadingPaused) transport.resumeReading()
    }

    override fun onInputEnd() {
        if (dueClose?.onInputEnd() != true) closing.inputEnded()
    }

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
        if (waiting > 0 && output.isShared) watchMemory()
        autoPing?.onWritten(position, waiting)
        madeClosing?.onWritten(waiting)
        dueClose?.onWritten()
        outbox.onWritten()
        memory?.update()
    }

    private fun writeTimer() = madeWriteTimer ?: synchronized(output) {
        madeWriteTimer ?: ProgressTimer(transport, config.writeTimeout, ::writingTimedOut)
            .also { madeWriteTimer = it }
    }

    private fun ProgressTimer.onBlocked() {
        onWritten()
        start()
        // The end may have come meanwhile, and has stopped it before.
        if (outbox.isClosed) stop()
    }

    override fun forget() {
        held = null
        inbox.release()
    }

    override fun onClosed(cause: IOException?) {
        inbox.forgetUnfinished()
        closing.transportClosed(cause)
        held = null
        dueClose?.forget()
        autoPing?.stop()
        // First of all, for it ends the sending of Close frames: the status is final then.
        inTurn(
            outbox::close,
            ::tellEnd,
            ::keepCounting,
            { pings?.fail(::closedException) },
            protocol::close,
        )
    }

    // What it holds.

    override val heldMemory: Long
        get() {
            val waiting = inbox.weight
            return if (hasEnded) waiting else waiting + (held?.capacity() ?: 0) + unreleased
        }

    /** The octets that this connection cannot give up before its end. */
    private val unreleased get() = requestSize + output.weight + kept.sumOf { it.weight }

    private val hasEnded get() = closeStatus != null

    /**
     * A peer makes the server's handlers, and so what waits for them counts until they take it, or
     * end. What waits for the application of a client is its own.
     */
    private fun keepCounting() {
        val memory = memory ?: return
        if (isAbandoned || config.protocol.role == Role.CLIENT) return memory.end()
        memory.update()
        memory.linger()
    }

    /** The handler has ended: what it has not received is kept by nobody. From any thread. */
    fun onHandlerEnd() {
        isAbandoned = true
        if (memory != null) onLoop { if (hasEnded) memory?.end() }
    }

    override fun weigh() {
        val budget = budget ?: return
        if (memory == null && heldMemory < MemoryBudget.GRAIN) return
        memory(budget)?.update()
    }

    private fun memory(budget: MemoryBudget) = memory ?: synchronized(output) {
        // Made after the end it would have none.
        if (memory == null && !outbox.isClosed) memory = HeldMemory(budget, transport, this)
        memory
    }

    override fun onTaken() {
        memory?.update()
    }

    private fun watchMemory() {
        val budget = budget ?: return
        onLoop { memory(budget)?.watch() }
    }

    override fun reassessMemory(): Boolean {
        synchronized(output) { output.reassess() }
        val kept = kept
        kept.forEach { it.reassess() }
        return output.isShared || kept.isNotEmpty()
    }

    override fun retain(memory: KeptMemory) {
        synchronized(output) { kept = kept + memory }
        watchMemory()
        weigh()
    }

    override fun release(memory: KeptMemory) {
        synchronized(output) { kept = kept - memory }
        weigh()
    }

    override fun onMemoryShort(isShort: Boolean) {
        isMemoryShort = isShort && !isClosing
        if (isMemoryShort) return pauseReading()
        outbox.onWritten()
        if (isReadingPaused) resumeReading()
    }

    override fun giveUpMemory() {
        if (outbox.isClosed) return forgetUnread()
        isMemoryShort = false
        val isSomethingLost = inbox.weight > 0
        // Before anything is allocated, which may fail.
        inbox.release()
        val cause =
            IOException("all connections held more than memoryBudget, and this one much of it")
        beginClose(CloseCode.TRY_AGAIN_LATER, "out of memory", cause)
        if (isSomethingLost) inbox.fail(closedException())
        // A peer that takes an octet now and then would keep for hours what waits before the Close.
        if (unreleased >= MemoryBudget.GRAIN) return drop(cause)
        readOn()
        weigh()
    }

    /** Memory is short after the end: who receives further is told that something is missing. */
    private fun forgetUnread() {
        inbox.release()
        inbox.fail(ConnectionClosedException(closing.statusNow()))
        weigh()
    }

    private fun tellEnd() {
        madeWriteTimer?.stop()
        val status = closing.statusNow()
        log?.state(WebSocketState.CLOSED, status)
        // Before the receivers, who may ask for it.
        ended(status)
        inbox.end(if (status.wasClean) null else ConnectionClosedException(status))
    }

    /** Makes each call, whatever those before it throw: nobody may be left waiting at the end. */
    private fun inTurn(vararg calls: () -> Unit) = closeAll(calls.asList())

    // The protocol's side.

    override fun onMessageBegin(type: MessageType) {
        timings?.track("onMessageBegin")
        inbox.sink.beginMessage(type)
    }

    override fun onFrameBegin(length: Long) = inbox.sink.beginFrame(length)

    override fun onFrameData(chunk: ByteBuffer) = inbox.sink.data(chunk)

    override fun onFrameEnd() = inbox.sink.endFrame()

    override fun onMessageEnd() {
        timings?.track("onMessage")
        inbox.sink.endMessage()
    }

    override fun onPong(payload: ByteArray) {
        pings?.onPong(payload)
        autoPing?.onPong(payload)
        madeHooks?.ponged(payload)
    }

    override fun onPongDue(payload: ByteArray): Boolean = madeHooks?.pinged(payload) ?: true

    override fun onClose(code: Int?, reason: String) {
        // a Close sent from another thread can be answered before that thread's turn on the loop
        closing.begin(if (protocol.localClose == null) Initiator.REMOTE else Initiator.LOCAL)
        if (protocol.failure == null) inbox.end(null)
        readOn()
        closing.advance()
    }

    override fun onFailure(cause: ProtocolException) {
        log?.violation(cause)
        cause.cause?.let { failure ->
            connectionLogger.debug(failure) { "data of ${transport.peer} could not be decoded" }
        }
        closing.begin(Initiator.LOCAL, cause)
        inbox.sink.abandon()
        if (!config.failByDrop) readOn()
    }

    override fun onCloseDue(): Boolean {
        val due = DueClose(transport, protocol, config, closing, outbox, inbox, handlerOnLoop)
        dueClose = due
        due.onDue()
        return false
    }

    // The receiver's side.

    override val dispatcher: CoroutineDispatcher get() = loop.dispatcher

    override fun resumer(dispatcher: CoroutineDispatcher) = loop.handingOverTo(dispatcher)

    override fun tellsWhenCancelled(job: Job): Boolean =
        (job as? HandlerCoroutine)?.connection === this

    /** From any thread. */
    fun handlerCancelled() = inbox.tellAll()

    override fun beforeReceive() {
        if (!isOpened) opener?.openSoon()
    }

    override fun onIdle() {
        dueClose?.onIdle()
    }

    override fun onRoom() {
        if (isReadingPaused) onLoop { resumeReading() }
    }

    /** Runs [block], while what nobody asks for is discarded rather than keeping the peer waiting. */
    suspend fun <T> discardingUnread(block: suspend () -> T): T {
        inbox.beginDiscarding()
        // What is full already has kept the peer waiting.
        onLoop { if (inbox.discardUnread()) resumeReading() }
        try {
            return block()
        } finally {
            inbox.endDiscarding()
        }
    }

    override fun onFull() {
        if (inbox.discardUnread()) return
        pauseReading()
        if (isReadingPaused && inbox.isOverfull) protocol.pauseReceiving()
    }

    /** Until the application wants messages whole, none is too long to be streamed. */
    override fun onWhole() = protocol.limitMessages(config.protocol.maxMessagePayloadSize)

    private inline fun onLoop(crossinline action: () -> Unit) =
        loop.run { transport.guarded(action) }

    private fun pauseReading() {
        if (isReadingPaused) return
        isReadingPaused = true
        transport.pauseReading()
        pings?.fail(::ReadingPausedException)
        autoPing?.onPause()
        // The application may have made room before it could see that reading pauses.
        resumeReading()
    }

    private fun resumeReading() {
        if (!inbox.isFull && !isMemoryShort) readOn()
    }

    /** After the last message reading never fills the queue, and has to find the end. */
    private fun readOn() {
        if (!isReadingPaused) return
        isReadingPaused = false
        autoPing?.onResume()
        protocol.resumeReceiving()
        // Not from here: whoever makes room may be in the middle of receiving.
        if (held == null) transport.resumeReading() else goOn()
    }

    private fun ByteBuffer.copy() = ByteBuffer.allocate(remaining()).also {
        it.put(this)
        it.flip()
    }

    private companion object {
        const val READS_AHEAD = 4
        const val DROPPED_HERE = "the connection was dropped here"

        /** In octets: some milliseconds of the loop. */
        const val RESTORED_PER_TURN = 1024L * 1024

        val NO_ROUND_TRIP_TIME = MutableStateFlow<Duration?>(null)
    }
}
