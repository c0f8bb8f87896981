package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.guarded
import dev.kobahn.internal.transport.tls.TlsTransport.Phase
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException

/**
 * The incoming half of a [transport] of TLS: decrypts as much as the listener wants to read, and
 * finds the peer's end. Bytes are decrypted from the buffer in which they arrive, into a buffer
 * that is borrowed for the call: an idle connection keeps no buffer.
 *
 * A peer that renegotiates is refused (RFC 5246 section 7.4.1.1). The end of the input without a
 * close_notify is an end of the input like any other: that of a WebSocket is clean only after its
 * own closing handshake.
 *
 * Belongs to the loop, except where a member says otherwise.
 */
internal class TlsReader(private val transport: TlsTransport) {
    private enum class End {
        /** The peer may send more. */
        NONE,

        /** The inner transport has ended. Records that wait come before it. */
        INNER,

        /** The close_notify was decrypted. Nothing behind it is of use. */
        CLOSE_NOTIFY,

        /** The listener knows. */
        TOLD,
    }

    private val inner = transport.inner
    private val handshake = transport.handshake
    private val unread = UnreadCipher()
    private var end = End.NONE

    /** Whether the engine keeps plain text for which there was no room. */
    private var holdsPlain = false

    private val emptyRecords = EmptyRecords()
    private var isPaused = false

    /** Whether [readOnce] delivers although reading is paused. */
    private var isReadingOnce = false

    /** Whether the inner transport is being read. */
    private var isReading = true

    /** Whether nothing is read until answers of the engine have left. From any thread. */
    @Volatile
    var awaitsOutput = false
        private set

    /** The bytes of plain text that were delivered. */
    var received = 0L
        private set

    /** Whether the listener knows that the peer has ended its direction. */
    val hasEnded: Boolean get() = end == End.TOLD

    /** The bytes of cipher text that wait. From any thread, which may see an older number. */
    val heldMemory: Int get() = unread.weight

    /** Discards the cipher text that waits. Allocates nothing. */
    fun forget() = unread.clear()

    // Pausing.

    fun pause() {
        isPaused = true
        isReadingOnce = false
        update()
    }

    fun resume() {
        isPaused = false
        goOnSoon()
    }

    /** Later, because the caller may be in the middle of receiving. */
    fun goOnSoon() {
        if (unread.isEmpty && !holdsPlain && end == End.NONE) return update()
        transport.loop.execute { transport.guarded { goOn() } }
    }

    /** Decrypts the bytes that wait, as far as it may now. */
    fun goOn() {
        transport.attempt {
            decrypt(EMPTY)
            endIfDue()
        }
        update()
        transport.tellMemory()
    }

    /** Reads the inner transport or not, as the state demands. */
    fun update() {
        awaitsOutput = isClogged
        // Looked at again: a thread that has written in between did not see that.
        if (awaitsOutput) awaitsOutput = synchronized(inner.output) { isClogged }
        // Behind the end nothing is of use but the end of the inner transport.
        val wanted = mayDecrypt(awaitsOutput) || transport.phase == Phase.FAILED || hasEnded
        if (wanted == isReading) return
        isReading = wanted
        if (wanted) inner.resumeReading() else inner.pauseReading()
    }

    /** Whether records can be decrypted now. */
    private val mayDecrypt: Boolean get() = mayDecrypt(isClogged)

    private fun mayDecrypt(isClogged: Boolean) = when (transport.phase) {
        Phase.WAITING -> true
        Phase.HANDSHAKING -> !handshake.areTasksRunning
        Phase.OPEN -> mayDeliver && !isClogged
        Phase.FAILED -> false
    } && end < End.CLOSE_NOTIFY

    private val mayDeliver
        get() = !handshake.areTasksRunning && transport.listener != null &&
            (!isPaused || isReadingOnce)

    /** Whether answers of the engine wait for a peer that sends without reading. */
    private val isClogged get() = inner.output.size > MOST_CIPHER

    fun readOnce(): Boolean {
        if (!isPaused || transport.phase != Phase.OPEN || transport.listener == null) return false
        val before = received
        isReadingOnce = true
        try {
            transport.attempt {
                if (!unread.isEmpty || holdsPlain) decrypt(EMPTY)
                if (received > before) return true
                endIfDue()
            }
            return transport.phase == Phase.OPEN && !hasEnded && inner.readOnce()
        } finally {
            isReadingOnce = false
            update()
            transport.tellMemory()
        }
    }

    // Decrypting.

    /** Decrypts the kept bytes and then [input], as far as it may now, and keeps the rest. */
    fun decrypt(input: ByteBuffer) {
        val engine = handshake.engine ?: return unread.keep(input)
        var isCompleted = true
        while (!unread.isEmpty && mayDecrypt && isCompleted) {
            unread.read { unwrapAll(engine, it) }
            isCompleted = !unread.isEmpty && unread.complete(input)
        }
        if (unread.isEmpty && mayDecrypt) unwrapAll(engine, input)
        if (end < End.CLOSE_NOTIFY && transport.phase != Phase.FAILED) unread.keep(input)
    }

    /** Decrypts the records of [input] as long as it may. Leaves an unfinished one. */
    private fun unwrapAll(engine: SSLEngine, input: ByteBuffer) = TlsBuffers.use { buffers ->
        val plain = buffers.plain
        try {
            while (mayDecrypt && (input.hasRemaining() || holdsPlain)) {
                if (!unwrap(engine, input, plain)) break
            }
        } finally {
            // Text that was decrypted before a failure counts as received.
            deliver(plain)
        }
    }

    /** Decrypts a record. Returns false if it is not complete. */
    private fun unwrap(engine: SSLEngine, input: ByteBuffer, plain: ByteBuffer): Boolean {
        refuseRenegotiation(input)
        val before = input.position()
        val plainBefore = plain.position()
        val heldPlain = holdsPlain
        holdsPlain = false
        val result = step(engine, input, plain)
        val isStuck = input.position() == before && plain.position() == plainBefore
        when (result.status!!) {
            Status.BUFFER_UNDERFLOW -> {
                if (isStuck && UnreadCipher.hasRecord(input)) stuck()
                return false
            }

            Status.BUFFER_OVERFLOW -> {
                if (plain.position() == 0) throw SSLException("a record of TLS that is too long")
                holdsPlain = true
                deliver(plain)
                return true
            }

            Status.CLOSED -> {
                deliver(plain)
                onCloseNotify(engine)
                return false
            }

            Status.OK -> Unit
        }
        // An engine that needs another step first keeps its plain text.
        if (isStuck) holdsPlain = heldPlain
        val content = plain.position() - plainBefore
        if (transport.phase == Phase.OPEN) count(engine, input.position() - before, content)
        val status = result.handshakeStatus
        if (status == HandshakeStatus.NOT_HANDSHAKING && transport.phase == Phase.OPEN) {
            return !isStuck || stuck()
        }
        if (status == HandshakeStatus.FINISHED) handshake.finish(engine)
        if (content > 0 && transport.isHandshaking && status != HandshakeStatus.NOT_HANDSHAKING) {
            // Anybody on the way may have sent it.
            plain.position(plainBefore)
            throw SSLException("plain text before the end of the handshake")
        }
        val tasksBefore = handshake.areTasksRunning
        deliver(plain)
        val isChanged = handshake.advance()
        return !isStuck || isChanged || tasksBefore != handshake.areTasksRunning || stuck()
    }

    private fun step(engine: SSLEngine, input: ByteBuffer, plain: ByteBuffer) = try {
        engine.unwrap(input, plain)
    } catch (failure: RuntimeException) {
        // The peer's fault, or the engine's, but none of the listener.
        throw SSLException("the TLS engine failed: $failure", failure)
    }

    private fun count(engine: SSLEngine, size: Int, content: Int) {
        if (content > 0) {
            emptyRecords.pay(content, handshake.isLegible)
        } else {
            emptyRecords.add(size, isOfServer = engine.useClientMode)
        }
    }

    private fun refuseRenegotiation(input: ByteBuffer) {
        if (!handshake.isLegible || transport.phase != Phase.OPEN || !input.hasRemaining()) return
        if (input[input.position()] != HANDSHAKE_RECORD) return
        throw SSLException("the peer renegotiates, which is refused")
    }

    private fun deliver(plain: ByteBuffer) {
        if (plain.position() == 0) return
        plain.flip()
        received += plain.remaining()
        transport.listener?.onBytes(plain)
        plain.clear()
    }

    // The end.

    /** The inner transport has ended. */
    fun onInnerEnd() {
        reach(End.INNER)
        endIfDue()
    }

    private fun onCloseNotify(engine: SSLEngine) {
        if (transport.phase != Phase.OPEN) endedEarly()
        reach(End.CLOSE_NOTIFY)
        unread.clear()
        endIfDue()
        // Up to TLS 1.2 the engine answers with its own, and sends nothing more.
        handshake.advance()
        if (engine.isOutboundDone) transport.shutdownOutput()
        transport.closeIfBothEnded()
    }

    private fun reach(next: End) {
        if (end < next) end = next
    }

    /** Tells the listener of the peer's end when it has taken all that came before. */
    private fun endIfDue() {
        if (transport.phase != Phase.OPEN || !mayDeliver || isClogged || holdsPlain) return
        if (end == End.NONE) return
        if (end != End.TOLD) {
            end = End.TOLD
            unread.clear()
            transport.listener?.onInputEnd()
        }
        transport.closeIfBothEnded()
    }

    private companion object {
        const val HANDSHAKE_RECORD: Byte = 22

        /** Answers of the engine that may wait before nothing more is read. */
        const val MOST_CIPHER = 256L * 1024
        val EMPTY: ByteBuffer = ByteBuffer.allocate(0)
    }
}
