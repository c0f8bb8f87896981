package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.guarded
import dev.kobahn.internal.transport.tls.TlsTransport.Phase
import dev.kobahn.tls.TlsDetails
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import javax.net.ssl.SSLSession
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher

/**
 * The handshake of a [transport] of TLS, and the answers of the engine that may follow it: to key
 * updates and to the peer's end. [opening] finds the engine; then the engine names the next step.
 * Its tasks, which take milliseconds, run on [tasks], and nothing is decrypted meanwhile.
 *
 * Belongs to the loop, except where a member says otherwise.
 */
internal class TlsHandshake(
    private val transport: TlsTransport,
    private val opening: TlsOpening,
    private val tasks: CoroutineDispatcher,
) {
    private val inner = transport.inner
    private val writer = transport.writer

    /** The engine, or null while a server waits for the ClientHello. From any thread. */
    @Volatile
    var engine: SSLEngine? = null
        private set

    /** The session, once the handshake is done. */
    @Volatile
    private var session: SSLSession? = null

    /** The bytes that have arrived before the handshake was done. */
    private var size = 0L

    /** Whether tasks of the engine run. */
    var areTasksRunning = false
        private set

    /** Whether the types of records are not encrypted, as up to TLS 1.2. */
    var isLegible = false
        private set

    /** The result, or null before the end of the handshake. From any thread. */
    val details: TlsDetails? get() = session?.details(engine!!, opening.serverName)

    /** Begins, unless the peer has to speak first. */
    fun begin() {
        opening.begin()?.let(::begin)
    }

    private fun begin(engine: SSLEngine) {
        this.engine = engine
        transport.onBegun()
        engine.beginHandshake()
        advance()
    }

    /** Judges and counts bytes that arrive before the handshake is done, and takes none. */
    fun look(input: ByteBuffer) {
        size += input.remaining()
        judge(input)
        val most = if (transport.phase == Phase.WAITING) MOST_HELLO else MOST_HANDSHAKE
        if (transport.isHandshaking && size > most) {
            throw SSLException("the handshake is longer than $most bytes")
        }
    }

    private fun judge(input: ByteBuffer) {
        val found = opening.read(input.duplicate()) ?: return
        if (transport.phase == Phase.WAITING) begin(found)
    }

    /** Does the steps that the engine wants now. Returns whether they changed anything. */
    fun advance(): Boolean {
        val engine = engine!!
        var steps = 0
        while (transport.phase != Phase.FAILED) {
            when (engine.handshakeStatus!!) {
                HandshakeStatus.NEED_TASK -> return runTasks(engine) || steps > 0

                HandshakeStatus.NEED_WRAP -> {
                    val before = endOfCipher()
                    sendOwn(engine)
                    // An engine that wants to send after the peer's end may have nothing.
                    if (engine.isInboundDone && endOfCipher() == before) return steps > 0
                }

                HandshakeStatus.NOT_HANDSHAKING, HandshakeStatus.FINISHED -> {
                    if (transport.phase == Phase.OPEN || isClosed(engine)) return steps > 0
                    finish(engine)
                }

                else -> return steps > 0
            }
            if (++steps > MOST_STEPS) stuck()
        }
        return true
    }

    private fun isClosed(engine: SSLEngine) = engine.isInboundDone || engine.isOutboundDone

    private fun endOfCipher() = synchronized(inner.output) { inner.output.endPosition }

    private fun sendOwn(engine: SSLEngine) {
        val result = try {
            writer.sendOwn(engine)
        } finally {
            inner.flush()
        }
        if (result?.handshakeStatus == HandshakeStatus.FINISHED) finish(engine)
        if (result?.status == Status.CLOSED && transport.phase != Phase.OPEN) endedEarly()
    }

    /** The handshake is done, which an engine may report more than once. */
    fun finish(engine: SSLEngine) {
        if (transport.phase != Phase.HANDSHAKING) return
        val agreed = engine.session
        isLegible = agreed.protocol != TLS_1_3
        session = agreed
        transport.onOpened()
    }

    // Tasks.

    /** Returns whether tasks run now, or have run. */
    private fun runTasks(engine: SSLEngine): Boolean {
        if (areTasksRunning) return false
        val first = engine.delegatedTask ?: stuck()
        areTasksRunning = true
        val run = Runnable {
            // A flood of handshakes must not keep the threads busy behind its end.
            if (transport.isClosed) return@Runnable
            val problem = runTasks(engine, first)
            try {
                transport.loop.execute { transport.guarded { onTasksDone(problem) } }
            } catch (failure: Throwable) {
                transport.giveUp(failure)
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
        if (transport.isOver) return
        transport.attempt {
            if (problem != null) throw problem
            advance()
        }
        transport.reader.goOn()
    }

    private companion object {
        const val TLS_1_3 = "TLSv1.3"

        /** The bytes that a ClientHello may take with its records, all of which are kept. */
        const val MOST_HELLO = 32 * 1024L

        /** The bytes of a handshake. One with long chains on both sides takes some 30 KiB. */
        const val MOST_HANDSHAKE = 1024L * 1024
        const val MOST_STEPS = 100
    }
}

/** Fails because the engine would make the transport go round in circles. */
internal fun stuck(): Nothing = throw SSLException("the TLS engine makes no progress")

/** Fails because the peer has ended its direction before the handshake was done. */
internal fun endedEarly(): Nothing =
    throw SSLException("the peer ended the transport during the TLS handshake")
