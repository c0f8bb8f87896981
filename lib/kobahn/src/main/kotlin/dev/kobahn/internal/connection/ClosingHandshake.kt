package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.Role
import java.io.IOException
import kotlin.time.Duration

/**
 * The end of a connection, from the first Close to the end of the transport (RFC 6455 section 7),
 * with the timers that bound each step. What the frames say is [Protocol]'s business. On the loop,
 * except for [statusNow] and [onWritten].
 *
 * Every time counts from the departure of what was sent last: as long as the system takes something
 * for the peer nothing of it is thrown away.
 */
internal class ClosingHandshake(
    private val transport: Transport,
    private val protocol: Protocol,
    private val config: ConnectionConfig,
    private val log: ConnectionLog? = null,
) {
    private enum class Step {
        /** No Close of ours was sent, or the peer's is waited for. */
        CLOSE_FRAMES,

        /** Both Close frames are through, ours or what stands before it is still to be written. */
        WRITING,

        /** Everything is written, and the peer is to end the transport. */
        END_OF_TRANSPORT,

        /** The transport is gone. */
        OVER,
    }

    @Volatile
    private var step = Step.CLOSE_FRAMES

    @Volatile
    private var timer: ProgressTimer? = null

    @Volatile
    private var initiator: Initiator? = null

    @Volatile
    private var cause: Throwable? = null

    /** One side closes, fails or drops the connection; the first to do so is the initiator. */
    fun begin(by: Initiator, because: Throwable? = null) {
        blame(by, because)
        log?.state(WebSocketState.CLOSING, "begun by ${by.name.lowercase()}")
    }

    /** As [begin], but says nothing of it. */
    fun blame(by: Initiator, because: Throwable?) {
        if (initiator == null) initiator = by
        if (cause == null) cause = because
    }

    /** Goes as far as the Close frames sent and received allow. */
    fun advance() {
        if (protocol.localClose == null || step != Step.CLOSE_FRAMES) return
        if (protocol.closeReceived && !protocol.isCloseHeld) {
            endTransport()
        } else if (timer == null) {
            limit(config.closeHandshakeTimeout, ::timedOut)
        }
    }

    /** The peer is too slow. What the system has taken may still be on its way to it. */
    private fun timedOut() {
        val limit = config.closeHandshakeTimeout
        val message = when {
            !isAllWritten -> "the peer took nothing within $limit of what it was sent"
            protocol.isCloseHeld -> "our Close waited for the end of a frame longer than $limit"
            else -> "the peer sent no Close within $limit"
        }
        begin(Initiator.LOCAL, IOException(message))
        log?.timeout(message)
        val isHopeless = !isAllWritten || protocol.isCloseHeld || protocol.failure != null
        if (isHopeless) return transport.close()
        // Closing at once would have the kernel reset the transport when the peer sends anything.
        step = Step.END_OF_TRANSPORT
        limit(limit) { transport.close() }
        transport.shutdownOutput()
    }

    private val isAllWritten get() = synchronized(transport.output) { transport.output.isEmpty }

    /**
     * Section 7.1.1: the server ends the transport, the client waits for that. A peer whose Close
     * was valid sends nothing more (section 5.5.1). Any other may still be sending: ending by halves
     * and reading on keeps the kernel from resetting the transport before it has read our Close.
     */
    private fun endTransport() {
        step = Step.WRITING
        if (config.protocol.role == Role.SERVER) endAsServer()
        if (isAllWritten) awaitEnd() else limit(config.closeHandshakeTimeout, ::timedOut)
    }

    private fun endAsServer() {
        val isOrderly = protocol.remoteClose != null && protocol.failure == null
        if (isOrderly) transport.closeAfterOutput() else transport.shutdownOutput()
    }

    private fun awaitEnd() {
        if (step != Step.WRITING) return
        step = Step.END_OF_TRANSPORT
        limit(config.dropTimeout) {
            log?.timeout("the peer did not end the transport within ${config.dropTimeout}")
            transport.close()
        }
    }

    /** The transport tried to write; [waiting] octets are left. From any thread. */
    fun onWritten(waiting: Long) {
        timer?.onWritten()
        if (waiting == 0L &&
            step == Step.WRITING
        ) {
            transport.loop.run { transport.guarded(::awaitEnd) }
        }
    }

    /**
     * The peer ended its direction of the transport. If a Close of ours is on its way the peer may
     * still read it; what else waits is of no use any more.
     */
    fun inputEnded() {
        if (!protocol.closeReceived) {
            begin(Initiator.REMOTE, IOException("the peer ended the transport without a Close"))
        }
        if (protocol.localClose == null) return transport.close()
        if (step == Step.CLOSE_FRAMES) endTransport()
        transport.shutdownOutput()
    }

    /** The transport is gone. */
    fun transportClosed(because: IOException?) {
        step = Step.OVER
        timer?.stop()
        blame(Initiator.REMOTE, because)
        if (protocol.localClose != null && !protocol.isCloseWritten) {
            blame(Initiator.REMOTE, IOException("the transport ended before our Close was written"))
        }
        if (protocol.isInsideMessage) {
            blame(
                Initiator.REMOTE,
                IOException("a message was cut off by the end of the connection"),
            )
        }
    }

    private fun limit(time: Duration, action: Runnable) {
        timer?.stop()
        timer = ProgressTimer(transport, time, action).also { it.start() }
    }

    /** What is known about the end now; final once the transport is gone. From any thread. */
    fun statusNow(): CloseStatus {
        val local = sentClose()
        val remote = protocol.remoteClose
        val failure = protocol.failure
        val initiator = initiator ?: Initiator.LOCAL
        val failedHere = initiator == Initiator.LOCAL && CloseCode.fails(local?.code)
        // Our answer to the peer's Close may be still to come, but not after the end.
        val isAnswered = local != null || step != Step.OVER
        val isCutOff = step == Step.OVER && protocol.isInsideMessage
        val clean = remote != null && isAnswered && failure == null && !failedHere && !isCutOff
        return CloseStatus(local, remote, initiator, clean, if (clean) null else failure ?: cause)
    }

    /** Our Close if it left or can still leave. What stands before it in the stream then does too. */
    private fun sentClose() = protocol.localClose.takeUnless {
        if (step == Step.OVER) !protocol.isCloseWritten else protocol.isCloseHeld
    }
}
