package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.endpoint.Protocol
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle

/**
 * The closing handshake of a connection (RFC 6455 section 7), from the first Close to the end of the
 * transport, with the timers that bound each phase. [Protocol] knows the rules of the frames.
 *
 * When the peer's Close or a violation has arrived, our Close waits until the application has
 * handled the messages that arrived before: it may still answer them. A handler on the loop has
 * handled them as soon as it has run; any other handler has [PATIENCE].
 *
 * Each time limit counts from the departure of the last byte that was sent: nothing is thrown away
 * as long as the peer takes something.
 *
 * ```
 * CLOSE_FRAMES <-> PENDING        our Close is sent, or has to wait for the application
 *      |              |           (from CLOSE_FRAMES a timeout leads to END_OF_TRANSPORT)
 *   WRITING        DROPPING       (failByDrop: no Close is sent)
 *      |              |
 * END_OF_TRANSPORT    |
 *      |              |
 *     OVER <----------+
 * ```
 *
 * On the loop, except where a KDoc says otherwise.
 */
internal class ClosingHandshake(private val connection: Connection) {
    private enum class Phase {
        /** No Close of ours was sent, or the peer's has not arrived. */
        CLOSE_FRAMES,

        /** Our Close waits for the application. */
        PENDING,

        /** Our Close, or a byte before it, is still to be written. Both Close frames are known. */
        WRITING,

        /** The peer broke a rule and gets no Close. Bytes sent before are still written. */
        DROPPING,

        /** Everything is written. The peer has to end the transport. */
        END_OF_TRANSPORT,

        /** The transport is gone. */
        OVER,
    }

    private val transport = connection.transport
    private val loop = transport.loop
    private val output = transport.output
    private val protocol = connection.protocol
    private val config = connection.config

    /** Guarded by the monitor of [output]. */
    @Volatile
    private var phase = Phase.CLOSE_FRAMES
        set(next) = synchronized(output) { if (field != Phase.OVER) field = next }

    /** Bounds the time of the current phase, restarted by progress in writing. */
    @Volatile
    private var timer: ProgressTimer? = null

    /** Bounds the time that the application has while our Close is pending. */
    private var patience: DisposableHandle? = null

    /** Whether the peer ended its direction in a phase that handles this later: PENDING, DROPPING. */
    private var isInputEndDeferred = false

    @Volatile
    private var initiator: Initiator? = null

    @Volatile
    private var cause: Throwable? = null

    /** Tells how the connection ended, or null before its end. */
    @Volatile
    var status: CloseStatus? = null
        private set

    /** The first side that closes, fails or drops the connection is the initiator. */
    fun begin(by: Initiator, because: Throwable? = null) {
        blame(by, because)
        connection.enterClosing(by)
    }

    /** Records who ended the connection and why, unless that is known. From any thread. */
    fun blame(by: Initiator, because: Throwable?) {
        if (initiator == null) initiator = by
        if (cause == null) cause = because
    }

    /** Goes as far as the Close frames sent and received allow. */
    fun advance() {
        when (phase) {
            Phase.PENDING -> if (protocol.localClose != null) onCloseCalled()
            Phase.CLOSE_FRAMES -> advanceFrames()
            else -> Unit
        }
    }

    private fun advanceFrames() {
        if (protocol.localClose == null) return
        if (protocol.closeReceived && !protocol.isCloseHeld) {
            endTransport()
        } else if (timer == null) {
            limit(config.closeHandshakeTimeout, ::timedOut)
        }
    }

    // Our Close is pending.

    /** The protocol wants our Close to be sent, as an answer or because of a violation. */
    fun onCloseDue() {
        // After a Close of our own the application cannot answer anything.
        val isSent = protocol.localClose != null
        if (isSent && !failsByDrop) return advance()
        phase = Phase.PENDING
        if (isSent || connection.incomingMessages.isIdle) return sendPending()
        awaitAnswers()
        if (!connection.handlerOnLoop) return
        loop.execute {
            transport.guarded { if (connection.incomingMessages.isEmptied) sendPending() }
        }
    }

    /**
     * If an answer waits for the peer to take bytes sent before it, the wait goes on for as long as
     * the peer probably waits for our Close.
     */
    private fun awaitAnswers(begun: Long = loop.nanoTime()) {
        patience = loop.schedule(PATIENCE) {
            transport.guarded {
                val isInTime = (loop.nanoTime() - begun).nanoseconds < config.closeHandshakeTimeout
                val isAnswerWaiting = phase == Phase.PENDING && connection.outgoing.isAwaited
                if (isInTime && isAnswerWaiting) awaitAnswers(begun) else sendPending()
            }
        }
    }

    /** The application took every message and wants more. From any thread. */
    fun onIdle() {
        // `incoming` is empty until the loop has moved messages to it that arrived in pieces.
        if (phase == Phase.PENDING && connection.incomingMessages.isIdle) sendPending()
    }

    /** Sends our Close if it is pending. From any thread. */
    private fun sendPending() {
        if (phase != Phase.PENDING) return
        if (failsByDrop) return connection.onLoop(::drop)
        val isSent = synchronized(output) {
            if (phase != Phase.PENDING) return
            val isSent = !connection.isClosed && protocol.sendDueClose()
            phase = Phase.CLOSE_FRAMES
            isSent
        }
        if (isSent) transport.flush()
        connection.onLoop { if (!connection.isClosed) closeSent() }
    }

    private fun closeSent() {
        if (phase == Phase.PENDING) phase = Phase.CLOSE_FRAMES
        patience?.dispose()
        if (phase == Phase.CLOSE_FRAMES) advanceFrames()
        if (isInputEndDeferred) onInputEnd()
    }

    fun onCloseCalled() {
        when {
            phase != Phase.PENDING -> advance()
            failsByDrop -> drop()
            else -> closeSent()
        }
    }

    private val failsByDrop get() = config.failByDrop && protocol.failure != null

    private fun drop() {
        if (phase != Phase.PENDING) return
        phase = Phase.DROPPING
        patience?.dispose()
        if (isAllWritten) return transport.close()
        limit(config.closeHandshakeTimeout) { transport.close() }
        transport.flush()
    }

    // Both Close frames are known, or the peer is too slow.

    /** Written bytes are with the system, and perhaps not with the peer yet. */
    private fun timedOut() {
        val limit = config.closeHandshakeTimeout
        val message = when {
            !isAllWritten -> "the peer took nothing within $limit of what it was sent"
            protocol.isCloseHeld -> "our Close waited for the end of a frame longer than $limit"
            else -> "the peer sent no Close within $limit"
        }
        begin(Initiator.LOCAL, IOException(message))
        connection.log?.timeout(message)
        val isHopeless = !isAllWritten || protocol.isCloseHeld || protocol.failure != null
        if (isHopeless) return transport.close()
        // If the socket were closed now, the kernel would reset it when the peer sends anything.
        phase = Phase.END_OF_TRANSPORT
        limit(limit) { transport.close() }
        transport.shutdownOutput()
    }

    private val isAllWritten get() = synchronized(output) { output.isEmpty }

    /**
     * Section 7.1.1: the server ends the transport, the client waits for that. A peer whose Close
     * was valid sends nothing more (section 5.5.1). Any other peer may still be sending: then only
     * our direction ends and reading goes on, or the kernel would reset the transport before the
     * peer has read our Close.
     */
    private fun endTransport() {
        phase = Phase.WRITING
        if (config.protocol.role == Role.SERVER) endAsServer()
        if (isAllWritten) awaitEnd() else limit(config.closeHandshakeTimeout, ::timedOut)
    }

    private fun endAsServer() {
        val isOrderly = protocol.remoteClose != null && protocol.failure == null
        if (isOrderly) transport.closeAfterOutput() else transport.shutdownOutput()
    }

    private fun awaitEnd() {
        // Bytes may have been queued since another thread found the output empty.
        if (phase != Phase.WRITING || !isAllWritten) return
        phase = Phase.END_OF_TRANSPORT
        limit(config.dropTimeout) {
            connection.log?.timeout(
                "the peer did not end the transport within ${config.dropTimeout}",
            )
            transport.close()
        }
    }

    /** The transport tried to write. [waiting] bytes are left. From any thread. */
    fun onWritten(waiting: Long) {
        timer?.onWritten()
        if (waiting > 0) return
        when (phase) {
            Phase.WRITING -> connection.onLoop(::awaitEnd)
            Phase.DROPPING -> if (isAllWritten) transport.close()
            else -> Unit
        }
    }

    /**
     * The peer ended its direction of the transport. It may still read a Close that we have sent;
     * nothing else that waits is of use any more.
     */
    fun onInputEnd() {
        isInputEndDeferred = phase == Phase.PENDING || phase == Phase.DROPPING
        if (isInputEndDeferred) return
        if (!protocol.closeReceived) {
            begin(Initiator.REMOTE, IOException("the peer ended the transport without a Close"))
        }
        if (protocol.localClose == null) return transport.close()
        if (phase == Phase.CLOSE_FRAMES) endTransport()
        transport.shutdownOutput()
    }

    /** The transport is gone. */
    fun onTransportClosed(because: IOException?) {
        phase = Phase.OVER
        timer?.stop()
        patience?.dispose()
        blame(Initiator.REMOTE, because)
        if (protocol.localClose != null && !protocol.isCloseWritten) {
            blame(Initiator.REMOTE, IOException("the transport ended before our Close was written"))
        }
        if (protocol.isInsideMessage) {
            val message = "a message was cut off by the end of the connection"
            blame(Initiator.REMOTE, IOException(message))
        }
    }

    /** No Close can be sent any more, so the [status] is final. Guarded by the monitor of [output]. */
    fun end() {
        status = status ?: statusNow()
    }

    private fun limit(time: Duration, action: Runnable) {
        timer?.stop()
        timer = ProgressTimer(transport, time, action).also { it.start() }
    }

    /** Returns what is known about the end now; final once the transport is gone. From any thread. */
    fun statusNow(): CloseStatus {
        val isOver = phase == Phase.OVER
        val local = protocol.localClose.takeIf { isDelivered(isOver) }
        val remote = protocol.remoteClose
        val failure = protocol.failure
        val initiator = initiator ?: Initiator.LOCAL
        val failedHere = initiator == Initiator.LOCAL && CloseCode.fails(local?.code)
        // Our answer to the peer's Close may be still to come, but not after the end.
        val isAnswered = local != null || !isOver
        val isCutOff = isOver && protocol.isInsideMessage
        val clean = remote != null && isAnswered && failure == null && !failedHere && !isCutOff
        return CloseStatus(local, remote, initiator, clean, if (clean) null else failure ?: cause)
    }

    /** Whether our Close was written, or can be; then all that stands before it is too. */
    private fun isDelivered(isOver: Boolean) =
        if (isOver) protocol.isCloseWritten else !protocol.isCloseHeld

    private companion object {
        val PATIENCE = 250.milliseconds
    }
}
