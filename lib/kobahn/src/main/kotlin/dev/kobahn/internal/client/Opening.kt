package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ClientHandshakeResult
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.ResponseHeadParser
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred

/**
 * The client's side of the opening handshake on a transport: sends the request, reads the answer,
 * and passes everything after a good one on to the listener [connect] makes. A refusal is read to
 * the end of its body, within bounds, for the exception to carry. On the loop, but for [opened].
 *
 * @param place where the server is, as exceptions name it
 */
internal class Opening(
    private val transport: Transport,
    private val handshake: ClientHandshake,
    private val limits: HeadLimits,
    private val place: String,
    private val connect: (List<AgreedExtension>) -> TransportListener,
) : TransportListener {
    private var parser = ResponseHeadParser(limits)
    private var receiver: TransportListener? = null
    private var refusal: Refusal? = null

    /** The server's answer, or the exception that says why there is none. */
    val opened = CompletableDeferred<ConnectionResponse>()

    fun start() {
        transport.start(this)
        synchronized(transport.output) { transport.output.append(handshake.request.toOctets()) }
        transport.flush()
    }

    override fun onOctets(input: ByteBuffer) {
        while (receiver == null && refusal == null && !opened.isCompleted) {
            if (!readHead(input)) return
        }
        val refusal = refusal
        when {
            receiver != null -> receiver?.onOctets(input)
            refusal != null && !opened.isCompleted -> readBody(refusal, input)
        }
    }

    private fun readBody(refusal: Refusal, input: ByteBuffer) {
        if (refusal.add(input)) end(refusal.toException())
    }

    /** Whether a head is complete; after an interim one another follows. */
    private fun readHead(input: ByteBuffer): Boolean {
        if (!parser.parse(input)) return false
        when (val result = parser.result) {
            is HeadResult.Complete -> judge(result.head)
            is HeadResult.Malformed -> fail("the answer is not HTTP: ${result.reason}")
            null -> error("the parser is done but has no result")
        }
        return true
    }

    private fun judge(head: ResponseHead) {
        val result = try {
            handshake.check(head, transport.peer)
        } catch (failure: Exception) {
            // that of the application's own acceptor of an extension
            return end(failure)
        }
        when (result) {
            is ClientHandshakeResult.Interim -> parser = ResponseHeadParser(limits)

            is ClientHandshakeResult.Opened -> {
                receiver = connect(result.extensions)
                opened.complete(result.response)
            }

            is ClientHandshakeResult.Failed -> refused(Refusal("$place: ${result.reason}", head))
        }
    }

    private fun refused(refusal: Refusal) {
        this.refusal = refusal
        if (refusal.isComplete) end(refusal.toException())
    }

    private fun fail(message: String) = end(HandshakeException("$place: $message"))

    private fun end(failure: Exception) {
        opened.completeExceptionally(failure)
        transport.close()
    }

    override fun onInputEnd() {
        val receiver = receiver
        if (receiver != null) return receiver.onInputEnd()
        val refusal = refusal
        if (refusal != null) return end(refusal.toException())
        fail("the server ended the transport without an answer")
    }

    override fun onWritten(waiting: Long) {
        receiver?.onWritten(waiting)
    }

    override fun forget() {
        receiver?.forget()
    }

    override fun onClosed(cause: IOException?) {
        val receiver = receiver
        if (receiver != null) return receiver.onClosed(cause)
        val failure = refusal?.toException()
            ?: HandshakeException("$place: the transport ended without an answer", cause = cause)
        opened.completeExceptionally(failure)
    }

    /** What to say when the time for the handshake is over: an answer that is incomplete is better than none. */
    fun timedOut(message: String): HandshakeException =
        refusal?.toException() ?: HandshakeException("$place: $message")
}
