package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.Transport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.transport.proxy.ProxyRefusedException
import dev.kobahn.internal.transport.tls.TlsFailure
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ClientHandshakeResult
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.Redirection
import dev.kobahn.protocol.handshake.RefusalBody
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.ResponseHeadParser
import dev.kobahn.tls.TlsException
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred

/**
 * The opening handshake of a client (RFC 6455 section 4.1): sends the request, reads the response
 * and opens the [connection] if the response is a valid 101. After that the connection receives all
 * events of the transport. The body of any other response is read, within bounds, for the
 * exception. Belongs to the loop, except [response] and [timedOut].
 *
 * ```
 * READING_HEAD ──► OPEN
 *      ├──► READING_BODY ──┐
 *      └───────────────────┴──► FAILED
 * ```
 *
 * @param server where the server is, for the messages of exceptions
 * @param followsRedirects whether the body of a redirect is not waited for
 */
internal class ClientOpeningHandshake(
    private val transport: Transport,
    private val handshake: ClientHandshake,
    private val limits: HeadLimits,
    private val server: String,
    private val connection: Connection,
    private val followsRedirects: Boolean = false,
) : TransportListener {
    private enum class Phase { READING_HEAD, READING_BODY, OPEN, FAILED }

    @Volatile
    private var phase = Phase.READING_HEAD
    private var parser = ResponseHeadParser(limits)

    /** The first bytes of the answer, which tell what the server speaks; null once that is known. */
    private var beginning: ByteArrayOutputStream? = ByteArrayOutputStream(Remedy.BEGINNING)

    /** The response that opens no WebSocket. */
    private var refusal: Refusal? = null

    /** The server's response, or the exception that says why there is no valid one. */
    val response = CompletableDeferred<ConnectionResponse>()

    /**
     * Sends the request, unless another client has done that and got [given].
     */
    fun start(given: ResponseHead? = null) {
        transport.start(this)
        if (given != null) return judgeAlone(given)
        synchronized(transport.output) { transport.output.append(handshake.request.toBytes()) }
        transport.flush()
    }

    override fun onBytes(input: ByteBuffer) {
        while (phase == Phase.READING_HEAD) {
            keepBeginning(input)
            if (!parser.parse(input)) return
            onHead()
        }
        when (phase) {
            Phase.OPEN -> connection.onBytes(input)
            Phase.READING_BODY -> refusal!!.let { if (it.add(input)) fail(it.toException()) }
            else -> Unit
        }
    }

    private fun keepBeginning(input: ByteBuffer) {
        val beginning = beginning ?: return
        var index = input.position()
        while (beginning.size() < Remedy.BEGINNING && index < input.limit()) {
            beginning.write(input.get(index++).toInt())
        }
    }

    private fun onHead() = when (val result = parser.result) {
        is HeadResult.Complete -> judge(result.head)
        is HeadResult.Malformed -> fail(notHttp() ?: result.ofAnswer)
        null -> error("the parser is done but has no result")
    }

    private fun notHttp(): String? =
        beginning?.let { Remedy.ofBytes(it.toByteArray()) }?.let { "the answer is not HTTP: $it" }

    /** Judges [head], whose body the other client has. */
    private fun judgeAlone(head: ResponseHead) {
        judge(head)
        when (phase) {
            Phase.READING_HEAD -> fail("status ${head.status} is not the last answer")
            Phase.READING_BODY -> fail(refusal!!.toException())
            else -> Unit
        }
    }

    private fun judge(head: ResponseHead) {
        beginning = null
        val result = try {
            handshake.check(head, transport.peer)
        } catch (failure: Exception) {
            // The application's acceptor of an extension failed.
            return fail(failure)
        }
        when (result) {
            is ClientHandshakeResult.Interim -> parser = ResponseHeadParser(limits)

            is ClientHandshakeResult.Opened -> {
                connection.extend(result.extensions)
                connection.onOpened()
                phase = Phase.OPEN
                response.complete(result.response)
            }

            is ClientHandshakeResult.Failed ->
                refused(Refusal("$server: ${result.reason}", handshake.request, head))
        }
    }

    private fun refused(refusal: Refusal) {
        this.refusal = refusal
        val isDone = refusal.isComplete || (followsRedirects && refusal.isRedirect)
        if (isDone) fail(refusal.toException()) else phase = Phase.READING_BODY
    }

    private fun fail(message: String) = fail(HandshakeException("$server: $message"))

    private fun fail(failure: Exception) {
        phase = Phase.FAILED
        response.completeExceptionally(failure)
        transport.close()
    }

    override fun onInputEnd() = when (phase) {
        Phase.READING_HEAD -> fail(notHttp() ?: "the server ended the transport without an answer")
        Phase.READING_BODY -> fail(refusal!!.toException())
        Phase.OPEN -> connection.onInputEnd()
        Phase.FAILED -> Unit
    }

    override fun onWritten(waiting: Long) {
        if (phase == Phase.OPEN) connection.onWritten(waiting)
    }

    override fun onHeldMemory() {
        if (phase == Phase.OPEN) connection.onHeldMemory()
    }

    override fun forget() {
        if (phase == Phase.OPEN) connection.forget()
    }

    override fun onClosed(cause: IOException?) {
        if (phase == Phase.OPEN) return connection.onClosed(cause)
        phase = Phase.FAILED
        val failure = refusal?.toException() ?: endedEarly(cause)
        response.completeExceptionally(failure)
    }

    private fun endedEarly(cause: IOException?): IOException = when (cause) {
        // A server that refuses the client's certificate says so after the handshake of TLS 1.3.
        is TlsFailure -> TlsException("$server: ${cause.message}", cause.reason, cause.cause)

        // The proxy's fault, which the dial explains.
        is ProxyRefusedException -> cause

        else -> {
            val message = notHttp() ?: "the transport ended without an answer"
            HandshakeException("$server: $message", cause = cause)
        }
    }

    /**
     * Returns the exception for a handshake that took too long, with [message] unless a part of a
     * refusal has arrived. From any thread.
     */
    fun timedOut(message: String): HandshakeException =
        refusal?.toException() ?: HandshakeException("$server: $message")
}

/** A response that opens no WebSocket, with the beginning of its body. */
private class Refusal(
    private val reason: String,
    private val request: RequestHead,
    private val head: ResponseHead,
) {
    private val body = RefusalBody(head)

    val isRedirect: Boolean get() = Redirection.isOne(head.status, head.headers)

    /** Whether the body is complete, or as long as it may get. */
    val isComplete: Boolean get() = body.isComplete

    /** Adds the bytes of [input] that belong to the body; returns [isComplete]. */
    fun add(input: ByteBuffer): Boolean = body.add(input)

    fun toException(): HandshakeException {
        val body = body.bytes
        val remedy = Remedy.of(request, head, body)?.let { ": $it" }.orEmpty()
        return HandshakeException(reason + remedy, head.status, head.headers, body)
    }
}
