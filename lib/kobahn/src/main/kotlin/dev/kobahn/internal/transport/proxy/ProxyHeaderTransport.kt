package dev.kobahn.internal.transport.proxy

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.protocol.proxy.ProxyHeaderParser
import dev.kobahn.protocol.proxy.ProxyHeaderResult
import java.io.IOException
import java.nio.ByteBuffer

/**
 * A transport whose first bytes are a header of the PROXY protocol. The peer that the header names
 * becomes the [peer]; the listener gets only the bytes behind it. Without a valid header the
 * transport is closed. Belongs to the loop.
 *
 * @param onMalformed receives the reason why there is no valid header
 */
internal class ProxyHeaderTransport(
    private val inner: Transport,
    private val onMalformed: (reason: String) -> Unit,
) : Transport by inner,
    TransportListener {
    /** The parser, until the header is complete. */
    private var parser: ProxyHeaderParser? = ProxyHeaderParser()
    private lateinit var listener: TransportListener

    @Volatile
    private var named: ToldPeer? = null

    private var headerSize = 0L

    override val peer: String get() = named?.text ?: inner.peer
    override val peerName: Any get() = named ?: inner.peerName
    override val received: Long get() = inner.received - headerSize

    override fun start(listener: TransportListener) {
        this.listener = listener
        inner.start(this)
    }

    override fun onBytes(input: ByteBuffer) {
        if (parser != null) readHeader(input)
        if (input.hasRemaining()) listener.onBytes(input)
    }

    private fun readHeader(input: ByteBuffer) {
        val parser = parser!!
        val isDone = parser.parse(input)
        headerSize = inner.received - input.remaining()
        if (!isDone) return
        when (val result = parser.result!!) {
            is ProxyHeaderResult.Complete -> {
                named = result.peer?.let(::ToldPeer)
                this.parser = null
            }

            is ProxyHeaderResult.Malformed -> {
                input.position(input.limit())
                onMalformed(result.reason)
                inner.close()
            }
        }
    }

    override fun onInputEnd() {
        // A check of the port, which sends nothing, is none of the log's business.
        if (parser?.hasBegun == true) onMalformed("the connection ends in its PROXY header")
        listener.onInputEnd()
    }

    override fun onWriting() = listener.onWriting()

    override fun onWritten(waiting: Long) = listener.onWritten(waiting)

    override fun forget() = listener.forget()

    override fun onClosed(cause: IOException?) = listener.onClosed(cause)
}

/** The name of a peer that the other end has told, and that this machine has not seen. */
internal class ToldPeer(val text: String) {
    override fun toString(): String = text
}
