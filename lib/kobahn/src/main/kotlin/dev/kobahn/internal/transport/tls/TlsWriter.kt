package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.Transport
import dev.kobahn.protocol.ByteQueue
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLException

/**
 * The outgoing half of a [TlsTransport]: encrypts bytes of [output] into the output of [inner]. Any
 * thread may call it.
 *
 * It encrypts a batch of some records and leaves the plain text in [output] while the batch leaves:
 * what waits there is what the peer has not been sent, and an [output] that is empty has been
 * written. As the cipher text leaves, its share of the plain text is removed, so progress is seen
 * too. The next batch is encrypted when the last one has left: a peer that takes nothing costs one
 * batch of cipher text.
 *
 * The monitor of [output] guards the state. [wrapping] keeps the records in the order in which they
 * were encrypted. Locks are taken in the order [wrapping], [output], output of [inner]: a sender that
 * finds no memory gives [inner] up while it holds [output].
 */
internal class TlsWriter(val output: ByteQueue, private val inner: Transport) {
    private enum class State {
        /** The handshake is not done: plain text waits. */
        OPENING,

        IDLE,

        /** A thread encrypts a batch. */
        WRAPPING,

        /** The inner transport writes a batch. */
        LEAVING,

        /** It writes the batch that ends with our close_notify. */
        LEAVING_LAST,

        /** Nothing is sent any more. */
        ENDED,
    }

    private val wrapping = Any()

    private var state = State.OPENING
    private var isEnding = false

    /** Whether [inner] takes nothing any more. */
    private var isOver = false

    // The batch that leaves.
    private var plainSize = 0
    private var removed = 0
    private var cipherStart = 0L
    private var cipherSize = 0

    /** Whether our close_notify was encrypted, or nothing can be sent any more. From any thread. */
    val isEnded: Boolean get() = synchronized(output) { state >= State.LEAVING_LAST }

    /** Whether [encrypt] has to be called once more. */
    val hasMore: Boolean
        get() = synchronized(output) {
            state == State.IDLE && (isEnding || !output.isEmpty)
        }

    /** The handshake is done. */
    fun open() {
        synchronized(output) { if (state == State.OPENING) state = State.IDLE }
    }

    /** Sends a close_notify when all is encrypted. Call [encrypt] afterwards. */
    fun end() {
        synchronized(output) { isEnding = true }
    }

    /** Discards [output], because [inner] has ended; nothing is sent any more. */
    fun abandon() {
        synchronized(output) {
            isOver = true
            discard()
        }
    }

    /** Discards [output], because TLS has failed; records that are encrypted already are sent. */
    fun fail() {
        synchronized(output) { discard() }
    }

    private fun discard() {
        state = State.ENDED
        plainSize = 0
        output.clear()
    }

    /** The result of [encrypt]. */
    enum class Outcome {
        /** Nothing is left to do, or another thread does it. */
        DONE,

        /** The engine needs something else first, such as a task. */
        ENGINE_WAITS,

        /** The close_notify is in the output of the inner transport. */
        ENDED,
    }

    /** Encrypts the next batch, unless the last one is still leaving. */
    fun encrypt(engine: SSLEngine): Outcome {
        if (!begin()) return Outcome.DONE
        var status: HandshakeStatus? = null
        var isLast = false
        try {
            TlsBuffers.use { buffers ->
                val plain = buffers.plain
                synchronized(output) { output.copyTo(plain) }
                plain.flip()
                val size = plain.remaining()
                synchronized(wrapping) {
                    try {
                        status = wrapAll(engine, buffers)
                        isLast = plain.hasRemaining() || isLast(size)
                        if (isLast) wrapEnd(engine, buffers)
                    } catch (failure: SSLException) {
                        fail()
                        send(buffers.cipher, 0, isLast = true)
                        throw failure
                    }
                    send(buffers.cipher, plain.position(), isLast)
                }
            }
        } catch (failure: Throwable) {
            fail()
            throw failure
        }
        return when {
            isLast -> Outcome.ENDED
            status.isWaiting -> Outcome.ENGINE_WAITS
            else -> Outcome.DONE
        }
    }

    private fun begin(): Boolean = synchronized(output) {
        // Bytes that were sent after the end.
        if (state == State.ENDED) output.clear()
        val mayBegin = state == State.IDLE && (isEnding || !output.isEmpty)
        if (mayBegin) state = State.WRAPPING
        mayBegin
    }

    private fun isLast(size: Int) = synchronized(output) {
        isEnding && output.size == size.toLong()
    }

    /**
     * Encrypts the plain text of [buffers], and all that the engine itself has to send. Plain text
     * that remains cannot be sent any more: the engine has closed its output.
     */
    private fun wrapAll(engine: SSLEngine, buffers: TlsBuffers): HandshakeStatus? {
        var status: HandshakeStatus? = null
        val plain = buffers.plain
        var ownRecords = 0
        while (plain.hasRemaining() || status == HandshakeStatus.NEED_WRAP) {
            if (!plain.hasRemaining() && ++ownRecords > MOST_OWN) stuck()
            val before = buffers.cipher.position()
            val result = wrap(engine, plain, buffers)
            status = result.handshakeStatus
            if (result.status == SSLEngineResult.Status.CLOSED) break
            if (!plain.hasRemaining() && buffers.cipher.position() == before) break
        }
        return status
    }

    private fun wrapEnd(engine: SSLEngine, buffers: TlsBuffers) {
        engine.closeOutbound()
        var records = 0
        while (!engine.isOutboundDone) {
            val before = buffers.cipher.position()
            if (wrap(engine, NOTHING, buffers).status == SSLEngineResult.Status.CLOSED) break
            val isStuck = buffers.cipher.position() == before
            if (isStuck || ++records == MOST_OWN) stuck()
        }
    }

    /**
     * Encrypts one record, and makes room for it. Throws if that changes nothing, unless there is
     * nothing to be encrypted.
     */
    private fun wrap(engine: SSLEngine, plain: ByteBuffer, buffers: TlsBuffers): SSLEngineResult {
        repeat(ATTEMPTS) {
            val plainBefore = plain.position()
            val cipherBefore = buffers.cipher.position()
            val result = engine.wrap(plain, buffers.cipher)
            when {
                // Some engines report no bytes although the positions have moved.
                plain.position() > plainBefore || buffers.cipher.position() > cipherBefore ->
                    return result

                result.status == SSLEngineResult.Status.BUFFER_OVERFLOW ->
                    buffers.growCipher(engine.session.packetBufferSize shl it)

                result.status == SSLEngineResult.Status.CLOSED -> return result

                hasNothingToSend(engine, plain) -> return result

                result.handshakeStatus == HandshakeStatus.NEED_WRAP -> Unit

                !plain.hasRemaining() -> return result
            }
        }
        stuck()
    }

    /**
     * The engines of Java 8 and 11 ask for a wrap, with TLS 1.3, from the peer's close_notify to our
     * own, and have nothing to send.
     */
    private fun hasNothingToSend(engine: SSLEngine, plain: ByteBuffer) =
        !plain.hasRemaining() && engine.isInboundDone && !engine.isOutboundDone

    /**
     * Appends a batch to the output of [inner], unless that was closed meanwhile. If TLS has failed
     * meanwhile, the peer needs these records to decrypt the alert behind them.
     */
    private fun send(cipher: ByteBuffer, size: Int, isLast: Boolean) {
        synchronized(output) {
            if (isOver) return
            synchronized(inner.output) {
                if (state == State.WRAPPING) {
                    plainSize = size
                    removed = 0
                    cipherStart = inner.output.endPosition
                    cipherSize = cipher.position()
                    state = if (isLast) State.LEAVING_LAST else State.LEAVING
                }
                append(cipher)
            }
        }
    }

    private fun append(cipher: ByteBuffer) =
        inner.output.append(cipher.array(), 0, cipher.position())

    /**
     * Sends what the engine has to send by itself: its part of the handshake, or an alert. Returns
     * the result of the last step, or null if nothing was to be done.
     */
    fun sendOwn(engine: SSLEngine): SSLEngineResult? = TlsBuffers.use { buffers ->
        synchronized(wrapping) {
            var result: SSLEngineResult? = null
            try {
                var records = 0
                while (engine.handshakeStatus == HandshakeStatus.NEED_WRAP) {
                    val before = buffers.cipher.position()
                    result = wrap(engine, NOTHING, buffers)
                    if (result.status == SSLEngineResult.Status.CLOSED) break
                    if (result.handshakeStatus == HandshakeStatus.FINISHED) break
                    val isStuck = buffers.cipher.position() == before
                    if (isStuck && hasNothingToSend(engine, NOTHING)) break
                    if (isStuck || ++records == MOST_OWN) stuck()
                }
            } finally {
                if (buffers.cipher.position() > 0) {
                    synchronized(inner.output) { append(buffers.cipher) }
                }
            }
            result
        }
    }

    /** Closes the output of [engine], and sends its alert. */
    fun sendAlert(engine: SSLEngine) {
        // In one step: a record that another thread encrypts in between could not be decrypted.
        synchronized(wrapping) {
            engine.closeOutbound()
            sendOwn(engine)
        }
    }

    /**
     * The inner transport has tried to write, and is at [position] of its output. Returns the number
     * of bytes that wait, or -1 if none of them was on its way.
     */
    fun onWritten(position: Long): Long = synchronized(output) {
        if (state != State.LEAVING && state != State.LEAVING_LAST) return -1
        val left = (position - cipherStart).coerceIn(0, cipherSize.toLong())
        val isAll = left == cipherSize.toLong()
        val share = if (isAll) plainSize else (plainSize * left / cipherSize).toInt()
        // Two threads may report what they have seen in another order.
        if (share > removed) {
            output.remove(share - removed)
            removed = share
        }
        when {
            !isAll -> Unit
            state == State.LEAVING -> state = State.IDLE
            else -> discard()
        }
        output.size
    }

    private val HandshakeStatus?.isWaiting
        get() = this == HandshakeStatus.NEED_TASK || this == HandshakeStatus.NEED_UNWRAP

    private companion object {
        /** How often a step of the engine may change nothing. */
        const val ATTEMPTS = 5

        /** The most records that an engine sends by itself at once. A long chain takes ten. */
        const val MOST_OWN = 1000
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)
    }
}
