package dev.kobahn.internal.transport.proxy

import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.call
import dev.kobahn.protocol.proxy.ProxyDialogue
import dev.kobahn.protocol.proxy.ProxyRefusal
import dev.kobahn.protocol.proxy.ProxyStep
import dev.kobahn.tls.TlsDetails
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred

/**
 * Opens a tunnel by [dialogue] with the proxy at the other end of [transport], which is not started
 * yet. Returns the tunnel to the target as a transport that is not started either, or null if the
 * proxy wants the request again, with credentials, on a new connection. If this fails or is
 * cancelled, the caller closes [transport].
 *
 * @throws ProxyRefusedException if the proxy opens no tunnel
 */
internal suspend fun tunnel(transport: Transport, dialogue: ProxyDialogue): Transport? {
    val tunnel = TunnelTransport(transport, dialogue)
    transport.loop.call { tunnel.begin() }
    return if (tunnel.opened.await()) tunnel else null
}

/** There is no tunnel because of [refusal]. */
internal class ProxyRefusedException(val refusal: ProxyRefusal, cause: IOException? = null) :
    IOException(refusal.reason, cause)

/**
 * A transport whose first bytes are a dialogue with a proxy, and those behind belong to the target.
 * It listens to [inner] itself until [start]; from then on it passes on all events. In between it
 * does not read, so that nothing is lost; bytes that come so early that nobody can have asked for
 * them end the transport with a [ProxyRefusedException]. Belongs to the loop.
 */
private class TunnelTransport(private val inner: Transport, private val dialogue: ProxyDialogue) :
    Transport by inner,
    TransportListener {
    /** Completes with true when the tunnel is open, with false if the dialogue has to be repeated. */
    val opened = CompletableDeferred<Boolean>()

    private var next: TransportListener? = null
    private var isOpen = false
    private var inputEnded = false
    private var closed = false
    private var cause: IOException? = null

    /** The number of bytes of the dialogue. */
    private var dialogueSize = 0L

    override val received: Long get() = inner.received - dialogueSize

    // The TLS of an https proxy ends at the proxy.
    override val isSecure: Boolean get() = false
    override val tls: TlsDetails? get() = null
    override val isHandshaking: Boolean get() = false

    fun begin() {
        inner.start(this)
        send(dialogue.opening)
    }

    private fun send(bytes: ByteArray) {
        synchronized(inner.output) { inner.output.append(bytes) }
        inner.flush()
    }

    override fun start(listener: TransportListener) {
        check(next == null) { "The transport was started before" }
        // Finds what has come too early.
        if (!closed && !inputEnded) inner.readOnce()
        next = listener
        when {
            closed -> loop.execute { listener.onClosed(cause) }
            inputEnded -> loop.execute { listener.onInputEnd() }
            else -> inner.resumeReading()
        }
    }

    override fun onBytes(input: ByteBuffer) {
        val next = next
        when {
            next != null -> next.onBytes(input)
            !opened.isCompleted -> converse(input)
            isOpen -> endEarly()
        }
        if (next == null) input.position(input.limit())
    }

    private fun endEarly() {
        cause = ProxyRefusedException(ProxyRefusal("data came before anything was asked"))
        inner.close()
    }

    private fun converse(input: ByteBuffer) {
        while (true) {
            when (val step = dialogue.receive(input)) {
                ProxyStep.More -> return

                is ProxyStep.Send -> send(step.bytes)

                ProxyStep.Open -> {
                    isOpen = true
                    dialogueSize = inner.received
                    inner.pauseReading()
                    opened.complete(true)
                    return
                }

                else -> return end(step)
            }
        }
    }

    /** The dialogue has ended with [step], and without a tunnel. */
    private fun end(step: ProxyStep, cause: IOException? = null) {
        if (step is ProxyStep.Refused) {
            opened.completeExceptionally(ProxyRefusedException(step.refusal, cause))
        } else {
            opened.complete(false)
        }
    }

    override fun onInputEnd() {
        inputEnded = true
        val next = next
        when {
            next != null -> next.onInputEnd()
            !isOpen -> end(dialogue.end())
        }
    }

    override fun onWriting() {
        next?.onWriting()
    }

    override fun onWritten(waiting: Long) {
        next?.onWritten(waiting)
    }

    override fun onHeldMemory() {
        next?.onHeldMemory()
    }

    override fun forget() {
        next?.forget()
    }

    override fun onClosed(cause: IOException?) {
        closed = true
        this.cause = this.cause ?: cause
        if (!isOpen) end(dialogue.end(), cause)
        next?.onClosed(this.cause)
    }
}
