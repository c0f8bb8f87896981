package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.ConnectionLog
import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.guarded
import dev.kobahn.internal.connection.runOnLoop
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.tls.TlsDetails
import dev.kobahn.tls.TlsException.Reason
import java.io.IOException
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import javax.net.ssl.SSLSession
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle

/**
 * TLS over [inner], which may be any transport, TLS included. It is the listener of [inner], and for
 * its own listener a transport like others: nothing arrives before the handshake is done, and what is
 * sent before waits.
 *
 * ```
 * WAITING ──► HANDSHAKING ──► OPEN
 *    │             │            │
 *    └─────────────┴────────────┴──► FAILED       only an alert is still sent
 * ```
 *
 * [TlsWriter] encrypts. This class decrypts, runs the handshake, and ends. Bytes are decrypted from
 * the buffer in which they arrive, into a buffer that is borrowed for the call: an idle connection
 * keeps no buffer. The engine's tasks, which take milliseconds, run on [tasks], and nothing is read
 * meanwhile.
 *
 * An engine may do anything: each step that changes nothing ends the connection, and so do too many
 * records without content. A peer that renegotiates is refused (RFC 5246 section 7.4.1.1). The end of
 * the input without a close_notify is an end of the input like any other: that of a WebSocket is
 * clean only after its own closing handshake.
 *
 * Belongs to the loop of [inner], except where a member says otherwise.
 *
 * @param opened completes when the handshake is done, or fails as it does
 */
internal class TlsTransport(
    private val inner: Transport,
    private val opening: TlsOpening,
    private val opened: CompletableDeferred<Unit>? = null,
    private val tasks: CoroutineDispatcher = tlsTasks,
) : Transport,
    TransportListener {
    private enum class Phase {
        /** The engine is not known: a server waits for the ClientHello. */
        WAITING,

        HANDSHAKING,

        OPEN,

        /** TLS has failed. The transport ends when the alert has left. */
        FAILED,
    }

    override val output: ByteQueue = ByteQueue(inner.loop.segments)
    private val writer = TlsWriter(output, inner)
    private val unread = UnreadCipher()
    private var phase = Phase.WAITING

    @Volatile
    private var engine: SSLEngine? = null

    private var listener: TransportListener? = null
    private var isBegun = false
    private var isPaused = false

    /** Whether [readOnce] delivers although reading is paused. */
    private var isReadingOnce = false
    private var areTasksRunning = false

    /** Whether the engine keeps plain text for which there was no room. */
    private var holdsPlain = false

    /** Whether the inner transport is being read. */
    private var isReading = true

    /** Whether nothing is read until answers of the engine have left. */
    @Volatile
    private var awaitsOutput = false

    /** Whether the peer has ended its direction, and how, and whether the listener knows. */
    private var hasInnerEnded = false
    private var hasCloseNotify = false
    private var hasInputEnded = false
    private var closesAfterOutput = false
    private var failure: TlsFailure? = null
    private var isClosed = false
    private var cause: IOException? = null
    private var linger: DisposableHandle? = null

    /** The bytes of the handshake, and later the records without content in a row. */
    private var handshakeSize = 0L
    private var emptyRecords = 0

    override var received = 0L
        private set

    /** The session, once the handshake is done. */
    @Volatile
    private var session: SSLSession? = null

    /** Whether the types of records are not encrypted, as up to TLS 1.2. */
    private var isLegible = false

    override val loop: Loop get() = inner.loop
    override val peer: String get() = inner.peer
    override val peerName: Any get() = inner.peerName
    override val local: String get() = inner.local
    override val log: ConnectionLog? get() = inner.log
    override val isSecure: Boolean get() = true
    override val tls: TlsDetails? get() = session?.details(engine!!, opening.serverName)
    override val isHandshaking: Boolean get() = phase < Phase.OPEN
    override val heldMemory: Long get() = unread.weight + inner.output.weight + inner.heldMemory

    /** Begins the handshake. The transport has to be started too, before or after its end. */
    fun begin() {
        if (isBegun) return
        isBegun = true
        inner.start(this)
        attempt { opening.begin()?.let(::begin) }
    }

    private fun begin(engine: SSLEngine) {
        this.engine = engine
        phase = Phase.HANDSHAKING
        engine.beginHandshake()
        advance()
    }

    override fun start(listener: TransportListener) {
        check(this.listener == null) { "The transport was started before" }
        this.listener = listener
        begin()
        if (isClosed) loop.execute { listener.onClosed(cause) } else goOnSoon()
    }

    // Reading.

    override fun pauseReading() {
        isPaused = true
        isReadingOnce = false
        updateReading()
    }

    override fun resumeReading() {
        isPaused = false
        goOnSoon()
    }

    /** Later, because the caller may be in the middle of receiving. */
    private fun goOnSoon() {
        val hasNothing = unread.isEmpty && !holdsPlain && !hasInnerEnded && !hasCloseNotify
        if (hasNothing) return updateReading()
        loop.execute { guarded { goOn() } }
    }

    private fun goOn() {
        attempt {
            decrypt(EMPTY)
            endInputIfDue()
        }
        updateReading()
    }

    private fun updateReading() {
        awaitsOutput = isClogged
        // Looked at again: a thread that has written in between did not see that.
        if (awaitsOutput) awaitsOutput = synchronized(inner.output) { isClogged }
        // Behind the end nothing is of use but the end of the inner transport.
        val wanted = mayDecrypt(awaitsOutput) || phase == Phase.FAILED || hasInputEnded
        if (wanted == isReading) return
        isReading = wanted
        if (wanted) inner.resumeReading() else inner.pauseReading()
    }

    /** Whether records can be decrypted now. */
    private val mayDecrypt: Boolean get() = mayDecrypt(isClogged)

    private fun mayDecrypt(isClogged: Boolean) = when (phase) {
        Phase.WAITING -> true
        Phase.HANDSHAKING -> !areTasksRunning
        Phase.OPEN -> mayDeliver && !isClogged
        Phase.FAILED -> false
    } && !hasCloseNotify && !hasInputEnded

    private val mayDeliver get() =
        !areTasksRunning && listener != null && (!isPaused || isReadingOnce)

    /** Whether answers of the engine wait for a peer that sends without reading. */
    private val isClogged get() = inner.output.size > MOST_CIPHER

    override fun readOnce(): Boolean {
        if (!isPaused || phase != Phase.OPEN || listener == null) return false
        val before = received
        isReadingOnce = true
        try {
            attempt {
                if (!unread.isEmpty || holdsPlain) decrypt(EMPTY)
                if (received > before) return true
                endInputIfDue()
            }
            return phase == Phase.OPEN && !hasInputEnded && inner.readOnce()
        } finally {
            isReadingOnce = false
            updateReading()
        }
    }

    override fun onBytes(input: ByteBuffer) {
        val isEarly = isHandshaking
        attempt {
            if (phase < Phase.OPEN) {
                handshakeSize += input.remaining()
                judge(input)
            }
            val most = if (phase == Phase.WAITING) MOST_HELLO else MOST_HANDSHAKE
            if (phase < Phase.OPEN && handshakeSize > most) {
                throw SSLException("the handshake is longer than $most bytes")
            }
            decrypt(input)
        }
        // Nothing else is of interest: the peer has ended its direction, or has to go.
        input.position(input.limit())
        updateReading()
        if (isEarly) listener?.onHandshaking()
    }

    private fun judge(input: ByteBuffer) {
        val found = opening.read(input.duplicate()) ?: return
        if (phase == Phase.WAITING) begin(found)
    }

    /** Decrypts the bytes that were kept and then [input], as far as it may now, and keeps the rest. */
    private fun decrypt(input: ByteBuffer) {
        val engine = engine
        if (engine == null) return unread.keep(input)
        var isCompleted = true
        while (!unread.isEmpty && mayDecrypt && isCompleted) {
            unread.read { unwrapAll(engine, it) }
            isCompleted = !unread.isEmpty && unread.complete(input)
        }
        if (unread.isEmpty && mayDecrypt) unwrapAll(engine, input)
        if (!hasCloseNotify && !hasInputEnded && phase != Phase.FAILED) unread.keep(input)
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
        val result = engine.unwrap(input, plain)
        val isStuck = input.position() == before && plain.position() == plainBefore
        when (result.status!!) {
            Status.BUFFER_UNDERFLOW -> return false

            Status.BUFFER_OVERFLOW -> {
                if (plain.position() == 0) throw SSLException("a record of TLS that is too long")
                holdsPlain = true
                deliver(plain)
                return true
            }

            Status.CLOSED -> {
                deliver(plain)
                onCloseNotify()
                return false
            }

            Status.OK -> Unit
        }
        // An engine that needs another step first keeps its plain text.
        if (isStuck) holdsPlain = heldPlain
        countEmpty(plain.position() == plainBefore)
        val status = result.handshakeStatus
        if (status == HandshakeStatus.NOT_HANDSHAKING && phase == Phase.OPEN) {
            return !isStuck || stuck()
        }
        if (status == HandshakeStatus.FINISHED) open(engine)
        val tasksBefore = areTasksRunning
        deliver(plain)
        val isChanged = advance()
        return !isStuck || isChanged || tasksBefore != areTasksRunning || stuck()
    }

    private fun stuck(): Nothing = throw SSLException("the TLS engine makes no progress")

    private fun countEmpty(isEmpty: Boolean) {
        if (phase != Phase.OPEN) return
        emptyRecords = if (isEmpty) emptyRecords + 1 else 0
        if (emptyRecords > MOST_EMPTY) throw SSLException("too many records without content")
    }

    private fun refuseRenegotiation(input: ByteBuffer) {
        if (phase != Phase.OPEN || !isLegible || !input.hasRemaining()) return
        if (input[input.position()] != HANDSHAKE_RECORD) return
        throw SSLException("the peer renegotiates, which is refused")
    }

    private fun deliver(plain: ByteBuffer) {
        if (plain.position() == 0) return
        plain.flip()
        received += plain.remaining()
        listener?.onBytes(plain)
        plain.clear()
    }

    // The handshake.

    /** Does what the engine wants now. Returns whether that changed anything. */
    private fun advance(): Boolean {
        val engine = engine!!
        var steps = 0
        while (phase != Phase.FAILED) {
            when (engine.handshakeStatus!!) {
                HandshakeStatus.NEED_TASK -> return runTasks(engine) || steps > 0

                HandshakeStatus.NEED_WRAP -> {
                    val before = endOfCipher()
                    sendOwn(engine)
                    // An engine that wants to send after the peer's end may have nothing.
                    if (engine.isInboundDone && endOfCipher() == before) return steps > 0
                }

                HandshakeStatus.NOT_HANDSHAKING, HandshakeStatus.FINISHED -> {
                    if (phase == Phase.OPEN || isEngineClosed(engine)) return steps > 0
                    open(engine)
                }

                else -> return steps > 0
            }
            if (++steps > MOST_STEPS) stuck()
        }
        return true
    }

    private fun isEngineClosed(engine: SSLEngine) = engine.isInboundDone || engine.isOutboundDone

    private fun sendOwn(engine: SSLEngine) {
        val result = try {
            writer.sendOwn(engine)
        } finally {
            inner.flush()
        }
        if (result?.handshakeStatus == HandshakeStatus.FINISHED) open(engine)
        if (result?.status == Status.CLOSED && phase != Phase.OPEN) throw SSLException(CLOSED_EARLY)
    }

    private fun open(engine: SSLEngine) {
        if (phase != Phase.HANDSHAKING) return
        phase = Phase.OPEN
        val agreed = engine.session
        isLegible = agreed.protocol != TLS_1_3
        session = agreed
        writer.open()
        opened?.complete(Unit)
        inner.flush()
    }

    /** Returns whether tasks run now, or have run. */
    private fun runTasks(engine: SSLEngine): Boolean {
        if (areTasksRunning) return false
        val first = engine.delegatedTask ?: stuck()
        areTasksRunning = true
        val run = Runnable {
            val problem = runTasks(engine, first)
            try {
                loop.execute { guarded { onTasksDone(problem) } }
            } catch (failure: Throwable) {
                giveUp(failure)
            }
        }
        try {
            tasks.dispatch(EmptyCoroutineContext, run)
        } catch (_: Exception) {
            // The executor is full or was shut down.
            run.run()
        }
        return true
    }

    /** Returns also an Error, which is of no use to the executor: the loop ends the connection. */
    private fun runTasks(engine: SSLEngine, first: Runnable): Throwable? = try {
        var task: Runnable? = first
        while (task != null) {
            task.run()
            task = engine.delegatedTask
        }
        null
    } catch (problem: Throwable) {
        problem
    }

    private fun onTasksDone(problem: Throwable?) {
        areTasksRunning = false
        if (phase == Phase.FAILED || isClosed) return
        attempt {
            if (problem != null) throw problem
            advance()
            decrypt(EMPTY)
            endInputIfDue()
        }
        updateReading()
        listener?.onHandshaking()
    }

    // Writing.

    override fun flush() = inner.flush()

    override fun writeNow() = inner.writeNow()

    override fun onWriting() {
        listener?.onWriting()
        val engine = engine ?: return
        val outcome = try {
            writer.encrypt(engine)
        } catch (failure: SSLException) {
            return loop.runOnLoop { guarded { fail(failure) } }
        }
        when (outcome) {
            TlsWriter.Outcome.DONE -> Unit
            TlsWriter.Outcome.ENGINE_WAITS -> loop.execute { guarded { attempt { advance() } } }
            TlsWriter.Outcome.ENDED -> onOutputEnd()
        }
    }

    override fun onWritten(waiting: Long) {
        val left = writer.onWritten(position())
        if (left >= 0) listener?.onWritten(left)
        if (writer.hasMore) loop.runOnLoop { inner.flush() }
        if (awaitsOutput || writer.isEnded) loop.runOnLoop { guarded { onLeft() } }
    }

    private fun position() = synchronized(inner.output) { inner.output.position }

    private fun endOfCipher() = synchronized(inner.output) { inner.output.endPosition }

    /** Cipher text has left. */
    private fun onLeft() {
        closeIfBothEnded()
        if (awaitsOutput) goOnSoon()
    }

    // The end of a direction.

    override fun shutdownOutput() {
        writer.end()
        inner.flush()
    }

    override fun closeAfterOutput() {
        closesAfterOutput = true
        shutdownOutput()
    }

    /** Our close_notify is in the output of the inner transport. From any thread. */
    private fun onOutputEnd() = loop.runOnLoop {
        guarded {
            val isLast = closesAfterOutput || hasInputEnded
            if (isLast) inner.closeAfterOutput() else inner.shutdownOutput()
        }
    }

    private fun onCloseNotify() {
        if (phase != Phase.OPEN) throw SSLException(CLOSED_EARLY)
        hasCloseNotify = true
        unread.clear()
        endInputIfDue()
        // Up to TLS 1.2 the engine answers with its own, and sends nothing more.
        advance()
        if (engine!!.isOutboundDone) shutdownOutput()
        closeIfBothEnded()
    }

    private fun endInput() {
        if (hasInputEnded) return
        hasInputEnded = true
        unread.clear()
        listener?.onInputEnd()
    }

    override fun onInputEnd() {
        hasInnerEnded = true
        when {
            phase == Phase.FAILED -> Unit
            phase != Phase.OPEN -> attempt { throw SSLException(CLOSED_EARLY) }
            else -> endInputIfDue()
        }
    }

    /** Tells the listener of the peer's end when it has taken all that came before. */
    private fun endInputIfDue() {
        if (phase != Phase.OPEN || !mayDeliver || isClogged || holdsPlain) return
        if (!hasInnerEnded && !hasCloseNotify) return
        endInput()
        closeIfBothEnded()
    }

    private fun closeIfBothEnded() {
        if (hasInputEnded && writer.isEnded && inner.output.isEmpty) inner.close()
    }

    // The end of both.

    override fun close() = inner.close()

    override fun giveUp(failure: Throwable) = inner.giveUp(failure)

    /** Runs [step], and ends TLS with an alert if it fails. */
    private inline fun attempt(step: () -> Unit) {
        try {
            step()
        } catch (failure: SSLException) {
            fail(failure)
        } catch (failure: TlsFailure) {
            fail(failure)
        } catch (failure: RuntimeException) {
            // Engines and trust managers throw these too, for what a peer has sent.
            if (phase == Phase.OPEN) throw failure
            fail(failure)
        }
    }

    private fun fail(problem: Exception) {
        if (phase == Phase.FAILED || isClosed) return
        val failure = problem as? TlsFailure ?: opening.explain(problem)
        this.failure = failure
        phase = Phase.FAILED
        writer.fail()
        unread.clear()
        sendAlert(failure)
        inner.flush()
        inner.closeAfterOutput()
        linger = loop.schedule(LINGER) { inner.close() }
        updateReading()
        opened?.completeExceptionally(failure)
    }

    private fun sendAlert(failure: TlsFailure) {
        if (failure is TlsRefusal) {
            synchronized(inner.output) { inner.output.append(failure.answer) }
            return
        }
        val engine = engine ?: return
        try {
            writer.sendAlert(engine)
        } catch (_: SSLException) {
            // The engine has no alert for its failure.
        }
    }

    override fun forget() {
        unread.clear()
        writer.abandon()
        listener?.forget()
    }

    override fun onClosed(cause: IOException?) {
        isClosed = true
        linger?.dispose()
        val end = failure ?: cause
        this.cause = end
        // A transport that closes after its output does not report the last write.
        writer.onWritten(position())
        writer.abandon()
        unread.clear()
        try {
            listener?.onClosed(end)
        } finally {
            if (opened?.isActive == true) opened.completeExceptionally(end ?: closedEarly())
        }
    }

    private fun closedEarly() = TlsFailure("the transport was closed", Reason.ENDED)

    private companion object {
        const val TLS_1_3 = "TLSv1.3"
        const val HANDSHAKE_RECORD: Byte = 22
        const val CLOSED_EARLY = "the peer ended the transport during the TLS handshake"

        /** The bytes that a ClientHello may take with its records, all of which are kept. */
        const val MOST_HELLO = 32 * 1024L

        /** The bytes of a handshake. One with long chains on both sides takes some 30 KiB. */
        const val MOST_HANDSHAKE = 1024L * 1024

        /** Records without content in a row: tickets, key updates, padding. */
        const val MOST_EMPTY = 64
        const val MOST_STEPS = 100

        /** Answers of the engine that may wait before nothing more is read. */
        const val MOST_CIPHER = 256L * 1024

        /** How long a peer may take to read an alert. */
        val LINGER = 2.seconds
        val EMPTY: ByteBuffer = ByteBuffer.allocate(0)
    }
}
