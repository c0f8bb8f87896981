package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.Role
import java.io.IOException
import kotlin.time.Duration
import kotlinx.coroutines.DisposableHandle

/**
 * The end of a connection, from the first Close to the end of the transport (RFC 6455 section 7),
 * with the timers that bound each step. What the frames say is [Protocol]'s business. On the loop,
 * except for [statusNow].
 */
internal class ClosingHandshake(
    private val transport: Transport,
    private val protocol: Protocol,
    private val config: ConnectionConfig,
    private val log: ConnectionLog? = null,
) {
    private var timer: DisposableHandle? = null

    /** Whether nothing is waited for any more but the end of the transport. */
    private var ending = false

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
        if (protocol.localClose == null || ending) return
        if (protocol.closeReceived && !protocol.isCloseHeld) {
            endTransport()
        } else if (timer == null) {
            limit(config.closeHandshakeTimeout, ::timedOut)
        }
    }

    private fun timedOut() {
        val limit = config.closeHandshakeTimeout
        val message = if (protocol.closeReceived) {
            "our Close waited for the end of a frame longer than $limit"
        } else {
            "the peer sent no Close within $limit"
        }
        begin(Initiator.LOCAL, IOException(message))
        log?.timeout(message)
        transport.close()
    }

    /**
     * Section 7.1.1: the server ends the transport, the client waits for that. A peer whose Close
     * was valid sends nothing more (section 5.5.1). Any other may still be sending: ending by halves
     * and reading on keeps the kernel from resetting the transport before it has read our Close.
     */
    private fun endTransport() {
        ending = true
        if (config.protocol.role == Role.SERVER) endAsServer()
        limit(config.dropTimeout) {
            log?.timeout("the peer did not end the transport within ${config.dropTimeout}")
            transport.close()
        }
    }

    private fun endAsServer() {
        val isOrderly = protocol.remoteClose != null && protocol.failure == null
        if (isOrderly) transport.closeAfterOutput() else transport.shutdownOutput()
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
        if (!ending) endTransport()
        transport.shutdownOutput()
    }

    /** The transport is gone. */
    fun transportClosed(because: IOException?) {
        blame(Initiator.REMOTE, because)
        timer?.dispose()
    }

    private fun limit(time: Duration, action: Runnable) {
        timer?.dispose()
        timer = if (time > Duration.ZERO) transport.loop.schedule(time, action) else null
    }

    /** What is known about the end now; final once the transport is gone. From any thread. */
    fun statusNow(): CloseStatus {
        val local = protocol.localClose.takeUnless { protocol.isCloseHeld }
        val remote = protocol.remoteClose
        val failure = protocol.failure
        val initiator = initiator ?: Initiator.LOCAL
        val failedHere = initiator == Initiator.LOCAL && local?.code in FAILURES
        val clean = local != null && remote != null && failure == null && !failedHere
        return CloseStatus(local, remote, initiator, clean, if (clean) null else failure ?: cause)
    }

    private companion object {
        val FAILURES = setOf(
            CloseCode.PROTOCOL_ERROR,
            CloseCode.INVALID_FRAME_PAYLOAD_DATA,
            CloseCode.MESSAGE_TOO_BIG,
            CloseCode.INTERNAL_ERROR,
        )
    }
}
