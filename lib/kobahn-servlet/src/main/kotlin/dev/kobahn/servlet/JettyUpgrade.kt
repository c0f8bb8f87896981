package dev.kobahn.servlet

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.ByteStreamListener
import dev.kobahn.hosting.HostedAnswer
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletRequestWrapper
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import org.eclipse.jetty.io.AbstractConnection
import org.eclipse.jetty.io.Connection
import org.eclipse.jetty.io.EndPoint
import org.eclipse.jetty.server.HttpStream
import org.eclipse.jetty.server.Request
import org.eclipse.jetty.util.Callback

/**
 * The upgrade of Jetty 12 itself, which Jetty's own WebSockets use. Jetty has that of the servlet
 * API too, but for a request without a body, which a handshake is, its input has already ended.
 * Loaded only where Jetty is.
 */
internal object JettyUpgrade {
    /** Makes Jetty hand the connection of [request] over, when it has sent the 101. */
    fun upgrade(answer: HostedAnswer.Upgrade, request: HttpServletRequest) {
        val core = request.core()
        val metaData = core.connectionMetaData
        val endPoint = metaData.connection.endPoint
        val connection = JettyConnection(answer, endPoint, metaData.connector.executor)
        core.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, connection)
    }

    /** Jetty's own request. The class that wraps it is another one for each edition of Jakarta EE. */
    private fun HttpServletRequest.core(): Request {
        var inner = this
        while (inner is HttpServletRequestWrapper) inner = inner.request as HttpServletRequest
        return inner.javaClass.getMethod("getRequest").invoke(inner) as Request
    }

    /** Whether [request] is one of Jetty. */
    fun isMadeFor(request: HttpServletRequest): Boolean {
        var inner = request
        while (inner is HttpServletRequestWrapper) inner = inner.request as HttpServletRequest
        return inner.javaClass.name.startsWith("org.eclipse.jetty.")
    }
}

/** A connection of Jetty, as the stream of the WebSocket that [answer] opens. */
private class JettyConnection(
    private val answer: HostedAnswer.Upgrade,
    endPoint: EndPoint,
    executor: Executor,
) : AbstractConnection(endPoint, executor),
    Connection.UpgradeTo,
    ByteStream {
    private lateinit var listener: ByteStreamListener

    /** The bytes that Jetty has read together with the request. */
    private var early: ByteBuffer? = null

    override fun onUpgradeTo(buffer: ByteBuffer?) {
        if (buffer == null || !buffer.hasRemaining()) return
        early = ByteBuffer.allocate(buffer.remaining()).put(buffer).apply { flip() }
    }

    override fun onOpen() {
        super.onOpen()
        answer.attach(this)
    }

    override fun start(listener: ByteStreamListener) {
        this.listener = listener
    }

    override fun read() {
        val bytes = early
        if (bytes == null) return onFillable()
        early = null
        listener.onBytes(bytes)
    }

    override fun onFillable() {
        try {
            // An array of its own for each time: an idle connection has none. Jetty fills behind
            // the limit.
            val bytes = ByteBuffer.allocate(CHUNK).apply { limit(0) }
            val count = endPoint.fill(bytes)
            when {
                count > 0 -> listener.onBytes(bytes)
                count < 0 -> listener.onInputEnd()
                else -> fillInterested()
            }
        } catch (failure: IOException) {
            listener.onClosed(failure)
        }
    }

    override fun onFillInterestedFailed(cause: Throwable) = listener.onClosed(cause)

    /** Kobahn has time limits of its own: for Pings, for handshakes and for writing. */
    override fun onIdleExpired(timeout: java.util.concurrent.TimeoutException): Boolean = false

    override fun write(bytes: ByteBuffer) {
        endPoint.write(
            Callback.from({ listener.onWritten() }, { listener.onClosed(it) }),
            bytes,
        )
    }

    override fun endOutput(isLast: Boolean) = if (isLast) close() else endPoint.shutdownOutput()

    override fun close() = endPoint.close()

    override fun onClose(cause: Throwable?) {
        super.onClose(cause)
        if (::listener.isInitialized) listener.onClosed(cause) else answer.close()
    }

    private companion object {
        const val CHUNK = 16 * 1024
    }
}
