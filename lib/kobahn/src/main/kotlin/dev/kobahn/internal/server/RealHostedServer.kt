package dev.kobahn.internal.server

import dev.kobahn.Route
import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.HostedAnswer
import dev.kobahn.hosting.HostedRequest
import dev.kobahn.hosting.HostedRoute
import dev.kobahn.hosting.HostedServer
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.internal.transport.StreamTransport
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.ResponseHead
import java.io.IOException
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.Job

/** A host that writes the answer to a request itself. On the loop of the connection. */
internal interface AnsweringHost {
    /** The WebSocket is open, and what it sends goes behind [response]. */
    fun onAccepted(response: ResponseHead)

    /** The request gets [response]. The transport ends. */
    fun onRefused(response: HttpResponse)

    /** The transport has ended. */
    fun onGone()
}

/** A [request] that a host has read, and the [host] if it writes the answer as well. */
internal class Handover(val request: HostedRequest, val host: AnsweringHost? = null) {
    /** The route that the host has chosen, or null. */
    val match: RouteTable.Match? =
        request.route?.let { RouteTable.Match(it.config, request.pathParameters) }
}

/** The context that the host has for the handler. */
internal val Handover?.context: CoroutineContext
    get() = this?.request?.context?.minusKey(Job) ?: EmptyCoroutineContext

/** The door of a [server] that does not listen: makes transports of streams. */
internal class RealHostedServer(private val server: RealWebSocketServer) : HostedServer {
    private val context = server.startHosted()

    override val connectionCount: Int get() = server.connectionCount
    override val handlerCount: Int get() = server.handlerCount
    override val job: Job get() = server.job

    override fun route(configure: Route.() -> Unit) = HostedRoute(server.hostedRoute(configure))

    override fun accept(stream: ByteStream, details: StreamDetails) =
        accept(stream, details, handover = null)

    override fun accept(request: HostedRequest, stream: ByteStream) =
        accept(stream, request.details, Handover(request))

    private fun accept(stream: ByteStream, details: StreamDetails, handover: Handover?) {
        val transport = transport(details, handover) ?: return stream.close()
        transport.attach(stream)
        transport.loop.execute { begin(transport, handover) }
    }

    private fun transport(details: StreamDetails, handover: Handover?): StreamTransport? {
        val loop = server.nextLoop() ?: return null
        return StreamTransport(loop, details, handover?.request?.head?.size ?: 0)
    }

    override suspend fun answer(request: HostedRequest): HostedAnswer {
        val host = Host()
        val handover = Handover(request, host)
        val transport = transport(request.details, handover) ?: return unavailable()
        host.transport = transport
        transport.loop.execute { begin(transport, handover) }
        try {
            return host.answer.await()
        } catch (failure: Throwable) {
            transport.close()
            throw failure
        }
    }

    private fun begin(transport: StreamTransport, handover: Handover?) {
        try {
            server.accept(transport, context, handover)
        } catch (failure: Throwable) {
            transport.close()
            throw failure
        } finally {
            // The server may have ended: then it has made no connection, which would tell the host.
            if (transport.isClosed) handover?.host?.onGone()
        }
    }

    override suspend fun stop(window: Duration, deadline: Duration, code: Int) =
        server.stop(window, deadline, code)

    override suspend fun join() = server.join()

    private inner class Host : AnsweringHost {
        lateinit var transport: StreamTransport
        val answer = CompletableDeferred<HostedAnswer>()

        override fun onAccepted(response: ResponseHead) {
            answer.complete(
                HostedUpgrade(response, transport, context.options.openHandshakeTimeout),
            )
        }

        override fun onRefused(response: HttpResponse) {
            answer.complete(HostedAnswer.Plain(response))
        }

        override fun onGone() {
            answer.complete(unavailable())
        }
    }
}

/** The size of the head in bytes, as it is counted for a server that reads it itself. */
private val RequestHead.size: Int get() = toBytes().size

private fun unavailable() = HostedAnswer.Plain(HttpResponse(HttpStatus.SERVICE_UNAVAILABLE))

/** An open WebSocket over a [transport] that waits for its stream, for [time] if that is not 0. */
private class HostedUpgrade(
    response: ResponseHead,
    private val transport: StreamTransport,
    time: Duration,
) : HostedAnswer.Upgrade(response) {
    private val timer: DisposableHandle? = if (time == Duration.ZERO) {
        null
    } else {
        transport.loop.schedule(time) {
            if (!transport.isAttached) {
                transport.close(IOException("the host has handed over no stream within $time"))
            }
        }
    }

    override fun attach(stream: ByteStream) {
        timer?.dispose()
        transport.attach(stream)
    }

    override fun close() {
        timer?.dispose()
        transport.close()
    }
}
