package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsException.Reason
import java.nio.ByteBuffer
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLSession

/**
 * An engine whose answers a test gives. Without them it is open and encrypts nothing: each record is
 * two bytes, its length and a zero, and then the plain text.
 */
internal class ScriptedEngine(var status: HandshakeStatus) : SSLEngine() {
    var onWrap: (ScriptedEngine.(ByteBuffer, ByteBuffer) -> SSLEngineResult)? = null
    var onUnwrap: (ScriptedEngine.(ByteBuffer, ByteBuffer) -> SSLEngineResult)? = null
    val tasks = ArrayDeque<Runnable>()

    /** How many calls of wrap and unwrap there were. */
    var steps = 0
    var isInboundClosed = false

    /** The answer of isInboundDone. */
    var hasInboundEnded = false

    /** The status after closeOutbound, if it changes. */
    var statusWhenClosed: HandshakeStatus? = null
    private var isOutboundClosed = false
    private var isOutboundDone = false

    /** The version of the session, which has none by default. */
    var version = "NONE"
    var isClient = true
    private val session = object : SSLSession by SSLContext.getDefault().createSSLEngine().session {
        override fun getProtocol() = version
    }

    override fun wrap(
        sources: Array<out ByteBuffer>,
        offset: Int,
        length: Int,
        target: ByteBuffer,
    ): SSLEngineResult {
        steps++
        val source = sources[offset]
        onWrap?.let {
            return it(source, target).also { isOutboundDone = it.status == Status.CLOSED }
        }
        if (isOutboundClosed) {
            isOutboundDone = true
            return result(Status.CLOSED)
        }
        val size = minOf(source.remaining(), 100)
        if (target.remaining() < size + 2) return result(Status.BUFFER_OVERFLOW)
        target.put(size.toByte()).put(0)
        repeat(size) { target.put(source.get()) }
        return result(Status.OK, size, size + 2)
    }

    override fun unwrap(
        source: ByteBuffer,
        targets: Array<out ByteBuffer>,
        offset: Int,
        length: Int,
    ): SSLEngineResult {
        steps++
        val target = targets[offset]
        onUnwrap?.let { return it(source, target) }
        if (source.remaining() < 2) return result(Status.BUFFER_UNDERFLOW)
        val size = source[source.position()].toInt()
        if (source.remaining() < size + 2) return result(Status.BUFFER_UNDERFLOW)
        source.position(source.position() + 2)
        repeat(size) { target.put(source.get()) }
        return result(Status.OK, size + 2, size)
    }

    fun result(
        status: Status,
        consumed: Int = 0,
        produced: Int = 0,
        handshake: HandshakeStatus = this.status,
    ) = SSLEngineResult(status, handshake, consumed, produced)

    /** An answer of wrap: [count] bytes of the engine's own. */
    fun produce(target: ByteBuffer, count: Int, status: Status = Status.OK): SSLEngineResult {
        target.put(ByteArray(count))
        return result(status, 0, count)
    }

    /** An answer of unwrap: takes a byte that has no content. */
    fun skip(source: ByteBuffer, status: Status = Status.OK): SSLEngineResult {
        source.get()
        return result(status, 1)
    }

    /** An answer of unwrap: decrypts a byte to itself. */
    fun copy(
        source: ByteBuffer,
        target: ByteBuffer,
        handshake: HandshakeStatus = status,
    ): SSLEngineResult {
        target.put(source.get())
        return result(Status.OK, 1, 1, handshake)
    }

    override fun getDelegatedTask(): Runnable? = tasks.removeFirstOrNull()

    override fun closeInbound() {
        isInboundClosed = true
    }

    override fun isInboundDone() = hasInboundEnded

    override fun closeOutbound() {
        isOutboundClosed = true
        statusWhenClosed?.let { status = it }
    }

    override fun isOutboundDone() = isOutboundDone

    override fun getHandshakeStatus() = status

    override fun beginHandshake() = Unit

    override fun getSession(): SSLSession = session

    override fun getSupportedCipherSuites() = arrayOf<String>()

    override fun getEnabledCipherSuites() = arrayOf<String>()

    override fun setEnabledCipherSuites(suites: Array<out String>) = Unit

    override fun getSupportedProtocols() = arrayOf<String>()

    override fun getEnabledProtocols() = arrayOf<String>()

    override fun setEnabledProtocols(protocols: Array<out String>) = Unit

    override fun setUseClientMode(mode: Boolean) = Unit

    override fun getUseClientMode() = isClient

    override fun setNeedClientAuth(need: Boolean) = Unit

    override fun getNeedClientAuth() = false

    override fun setWantClientAuth(want: Boolean) = Unit

    override fun getWantClientAuth() = false

    override fun setEnableSessionCreation(flag: Boolean) = Unit

    override fun getEnableSessionCreation() = true
}

/** Begins with [engine] at once. */
internal class ScriptedOpening(private val engine: SSLEngine) : TlsOpening {
    override val serverName: String? get() = null

    override fun begin() = engine

    override fun read(input: ByteBuffer) = engine

    override fun explain(failure: Exception) =
        TlsFailure("${failure.message}", Reason.OTHER, failure)
}
