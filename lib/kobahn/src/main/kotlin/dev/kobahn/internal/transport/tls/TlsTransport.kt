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
import javax.net.ssl.SSLException
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle

/**
 * TLS over [inner], which may be any transport, TLS included. It is the listener of [inner], and
 * for its own listener a transport like others: nothing arrives before the handshake is done, and
 * bytes that are sent before wait.
 *
 * ```
 * WAITING ──► HANDSHAKING ──► OPEN
 *    │             │            │
 *    └─────────────┴────────────┴──► FAILED       only an alert is still sent
 * ```
 *
 * [TlsHandshake] leads to OPEN, [TlsReader] decrypts, [TlsWriter] encrypts. This class joins them
 * to the two transports, and ends: with an alert if TLS fails.
 *
 * An engine may do anything: each step that changes nothing ends the connection, and so do too many
 * records without content.
 *
 * Belongs to the loop of [inner], except where a member says otherwise.
 *
 * @param opened completes when the handshake is done, or fails as it does
 */
internal class TlsTransport(
    val inner: Transport,
    private val opening: TlsOpening,
    private val opened: CompletableDeferred<Unit>?,
    tasks: CoroutineDispatcher,
) : Transport,
    TransportListener {
    /** The phases of the drawing above. */
    enum class Phase {
        /** The engine is not known: a server waits for the ClientHello. */
        WAITING,

        HANDSHAKING,

        OPEN,

        /** TLS has failed. The transport ends when the alert has left. */
        FAILED,
    }

    override val output: ByteQueue = ByteQueue(inner.loop.segments)
    val writer: TlsWriter = TlsWriter(output, inner)
    val handshake: TlsHandshake = TlsHandshake(this, opening, tasks)
    val reader: TlsReader = TlsReader(this)

    var phase: Phase = Phase.WAITING
        private set
    var listener: TransportListener? = null
        private set
    private var isBegun = false
    private var closesAfterOutput = false
    private var failure: TlsFailure? = null

    /** From any thread. */
    @Volatile
    var isClosed: Boolean = false
        private set

    /** The memory that the listener was told of. */
    private var toldMemory = 0
    private var cause: IOException? = null
    private var linger: DisposableHandle? = null

    override val loop: Loop get() = inner.loop
    override val peer: String get() = inner.peer
    override val peerName: Any get() = inner.peerName
    override val local: String get() = inner.local
    override val log: ConnectionLog? get() = inner.log
    override val isSecure: Boolean get() = true
    override val tls: TlsDetails? get() = handshake.details
    override val isHandshaking: Boolean get() = phase < Phase.OPEN
    override val received: Long get() = reader.received
    override val heldMemory: Long
        get() = waiting + inner.output.weight + inner.heldMemory

    /** The bytes that wait to be decrypted, and those of a ClientHello. */
    private val waiting: Int get() = reader.heldMemory + opening.weight

    /** Whether nothing is of use any more but the end of the transport. */
    val isOver: Boolean get() = phase == Phase.FAILED || isClosed

    /** Begins the handshake. The transport has to be started too, before or after its end. */
    fun begin() {
        if (isBegun) return
        isBegun = true
        inner.start(this)
        attempt { handshake.begin() }
    }

    /** The engine is known. */
    fun onBegun() {
        phase = Phase.HANDSHAKING
    }

    /** The handshake is done. */
    fun onOpened() {
        phase = Phase.OPEN
        writer.open()
        opened?.complete(Unit)
        inner.flush()
    }

    override fun start(listener: TransportListener) {
        check(this.listener == null) { "The transport was started before" }
        this.listener = listener
        begin()
        if (isClosed) loop.execute { listener.onClosed(cause) } else reader.goOnSoon()
    }

    // Reading.

    override fun pauseReading() = reader.pause()

    override fun resumeReading() = reader.resume()

    override fun readOnce(): Boolean = reader.readOnce()

    override fun onBytes(input: ByteBuffer) {
        attempt {
            if (isHandshaking) handshake.look(input)
            reader.decrypt(input)
        }
        // Nothing else is of interest: the peer has ended its direction, or has to go.
        input.position(input.limit())
        reader.update()
        tellMemory()
    }

    /** Tells the listener if [heldMemory] has changed because of bytes that arrived. */
    fun tellMemory() {
        val listener = listener ?: return
        val now = waiting
        if (now == toldMemory) return
        toldMemory = now
        listener.onHeldMemory()
    }

    override fun onHeldMemory() {
        listener?.onHeldMemory()
    }

    override fun onInputEnd() = when {
        phase == Phase.FAILED -> Unit
        isHandshaking -> attempt { endedEarly() }
        else -> reader.onInnerEnd()
    }

    // Writing.

    override fun flush() = inner.flush()

    override fun writeNow() = inner.writeNow()

    override fun onWriting() {
        listener?.onWriting()
        val engine = handshake.engine ?: return
        val outcome = try {
            writer.encrypt(engine)
        } catch (failure: SSLException) {
            return loop.runOnLoop { guarded { fail(failure) } }
        }
        when (outcome) {
            TlsWriter.Outcome.DONE -> Unit

            TlsWriter.Outcome.ENGINE_WAITS ->
                loop.execute { guarded { attempt { handshake.advance() } } }

            TlsWriter.Outcome.ENDED -> onOutputEnd()
        }
    }

    override fun onWritten(waiting: Long) {
        val left = writer.onWritten(position())
        if (left >= 0) listener?.onWritten(left)
        if (writer.hasMore) loop.runOnLoop { inner.flush() }
        if (reader.awaitsOutput || writer.isEnded) loop.runOnLoop { guarded { onLeft() } }
    }

    private fun position() = synchronized(inner.output) { inner.output.position }

    /** Cipher text has left. */
    private fun onLeft() {
        closeIfBothEnded()
        if (reader.awaitsOutput) reader.goOnSoon()
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
            val isLast = closesAfterOutput || reader.hasEnded
            if (isLast) inner.closeAfterOutput() else inner.shutdownOutput()
        }
    }

    /** Closes if neither direction has anything left. */
    fun closeIfBothEnded() {
        if (reader.hasEnded && writer.isEnded && inner.output.isEmpty) inner.close()
    }

    // The end of both.

    override fun close() = inner.close()

    override fun giveUp(failure: Throwable) = inner.giveUp(failure)

    /** Runs [step], and ends TLS with an alert if it fails. */
    inline fun attempt(step: () -> Unit) {
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

    /** Ends TLS because of [problem], with an alert. */
    fun fail(problem: Exception) {
        if (isOver) return
        val failure = problem as? TlsFailure ?: opening.explain(problem)
        this.failure = failure
        phase = Phase.FAILED
        writer.fail()
        reader.forget()
        sendAlert(failure)
        inner.flush()
        inner.closeAfterOutput()
        linger = loop.schedule(LINGER) { inner.close() }
        reader.update()
        opened?.completeExceptionally(failure)
    }

    private fun sendAlert(failure: TlsFailure) {
        if (failure is TlsRefusal) {
            synchronized(inner.output) { inner.output.append(failure.answer) }
            return
        }
        val engine = handshake.engine ?: return
        try {
            writer.sendAlert(engine)
        } catch (_: SSLException) {
            // The engine has no alert for its failure.
        }
    }

    override fun forget() {
        reader.forget()
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
        reader.forget()
        try {
            listener?.onClosed(end)
        } finally {
            if (opened?.isActive == true) opened.completeExceptionally(end ?: closedEarly())
        }
    }

    private fun closedEarly() = TlsFailure("the transport was closed", Reason.ENDED)

    private companion object {
        /** How long a peer may take to read an alert. */
        val LINGER = 2.seconds
    }
}
