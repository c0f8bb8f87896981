package dev.kobahn.internal.server

import dev.kobahn.internal.connection.call
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.SEC_WEBSOCKET_KEY
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.isActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * The application's answers in plain HTTP to a request that a [handshake] has read: `onRequest` may
 * answer any request, and the status page one that is no upgrade.
 */
internal class PlainHttp(
    private val handshake: ServerOpeningHandshake,
    private val owner: ServerConnection,
) {
    private val context get() = owner.context
    private val transport get() = owner.transport

    /** The running call of `onRequest`. */
    @Volatile
    private var call: Job? = null

    /** Answers a [request] for a page: with that of `onRequest`, the status page, or none. */
    fun start(request: HttpRequest, config: RouteConfig) {
        val dispatcher = config.handlerDispatcher ?: transport.loop.dispatcher
        val answering = context.scope.launch(dispatcher, CoroutineStart.LAZY) {
            val page = ask(request) ?: config.page(request)
            transport.loop.call {
                if (page != null) {
                    handshake.answer(page, request.method)
                } else {
                    val response = config.handshake.withoutPage(request)
                    handshake.refuse(response) { tellNoPage(request) }
                }
            }
        }
        owner.begin(answering)
        answering.invokeOnCompletion { context.handlers.ended() }
        answering.start()
    }

    private fun tellNoPage(request: HttpRequest): String {
        val isCutOff = SEC_WEBSOCKET_KEY in request.headers
        val advice = if (isCutOff) "; a proxy has taken the Upgrade field from the request" else ""
        return "there is no page, only a WebSocket$advice"
    }

    /**
     * Returns the answer of `onRequest` to [request], if there is one. A call that fails is
     * answered with 500 at once; a call that nobody waits for any more is cancelled. In both cases
     * this returns a response, which is not sent, so that the caller does not go on to the handler.
     * From any thread.
     */
    suspend fun ask(request: HttpRequest): HttpResponse? {
        val onRequest = context.options.onRequest ?: return null
        try {
            val answer = withContext(OnRequestCall(this)) {
                cancelWhenOver(coroutineContext.job)
                onRequest(context.server, request)
            }
            return if (handshake.isPending) answer else UNUSED
        } catch (failure: Throwable) {
            if (!coroutineContext.isActive) throw failure
            if (failure is CancellationException && !handshake.isPending) return UNUSED
            val response = HttpResponse(HttpStatus.INTERNAL_SERVER_ERROR)
            transport.loop.call { handshake.answer(response) }
            logFailure("onRequest", request, failure)
            return response
        }
    }

    private fun cancelWhenOver(job: Job?) {
        call = job
        if (!handshake.isPending) job?.cancel()
    }

    /** The answer is not needed any more. */
    fun cancel() {
        call?.cancel()
    }

    /** Marks the coroutine of an `onRequest` whose answer may become useless. */
    class OnRequestCall(private val plainHttp: PlainHttp) : AbstractCoroutineContextElement(Key) {
        /** Lets the coroutine continue even if its answer becomes useless: it has more to do. */
        fun keepRunning() = plainHttp.cancelWhenOver(null)

        companion object Key : CoroutineContext.Key<OnRequestCall>
    }

    private companion object {
        /** Stands for an answer that came too late. */
        val UNUSED = HttpResponse(HttpStatus.SERVICE_UNAVAILABLE)
    }
}
