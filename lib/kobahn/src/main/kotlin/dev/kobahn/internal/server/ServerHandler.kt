package dev.kobahn.internal.server

import dev.kobahn.ConnectionClosedException
import dev.kobahn.ConnectionDeniedException
import dev.kobahn.internal.connection.Connection
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.logError
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.onOneLine
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.intrinsics.createCoroutineUnintercepted
import kotlin.coroutines.resume
import kotlinx.coroutines.AbstractCoroutine
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.handleCoroutineException
import kotlinx.coroutines.job
import kotlinx.coroutines.newCoroutineContext
import kotlinx.coroutines.withContext

/**
 * The coroutine of a server's WebSocket, a child of the server's job: asks `onRequest`, runs the
 * handler of the [route], closes the connection according to how the handler ended, and waits for
 * the connection's end.
 *
 * It is the [Connection.handler], and as such wakes its own receives when it is cancelled. So a
 * receive that waits needs no registration, which would allocate an object for each message.
 */
@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class ServerHandler(
    private val webSocket: RealServerWebSocket,
    private val owner: ServerConnection,
    private val route: RouteConfig,
    context: CoroutineContext = EmptyCoroutineContext,
) : AbstractCoroutine<Unit>(
    owner.context.scope.newCoroutineContext(
        context + (route.handlerDispatcher ?: owner.transport.loop.dispatcher),
    ),
    initParentJob = false,
    active = true,
) {
    private val connection get() = webSocket.connection
    private val loop get() = connection.loop

    init {
        connection.handler = this
        // Last, because a parent that is cancelled already calls onCancelling from here.
        initParentJob(owner.context.scope.coroutineContext.job)
    }

    override fun onCancelling(cause: Throwable?) = connection.incomingMessages.resumeAll()

    override fun handleJobException(exception: Throwable): Boolean {
        handleCoroutineException(context, exception)
        return true
    }

    /** Starts the coroutine; on the loop it runs at once until it first suspends. On the loop. */
    fun launch() {
        owner.begin(this)
        val dispatcher = route.handlerDispatcher
        try {
            if (dispatcher == null) {
                start(CoroutineStart.UNDISPATCHED, Unit, run)
            } else {
                // start(DEFAULT) skips a cancelled coroutine, but this one must still end its
                // connection.
                val beginning = run.createCoroutineUnintercepted(Unit, this)
                loop.batching(dispatcher).interceptContinuation(beginning).resume(Unit)
            }
        } catch (failure: Throwable) {
            // The dispatcher did not take it, so it would never end.
            owner.context.handlers.ended()
            resumeWith(Result.failure(CancellationException("not started", failure)))
            throw failure
        }
    }

    // A lambda, because a method would add its own continuation to an idle connection. It has no
    // local variables, because its continuation would keep them as long as the handler runs.
    private val run: suspend Unit.() -> Unit
        get() = run@{
            try {
                if (!isActive) return@run onCancelled()
                try {
                    if (isAnsweredPlainly()) return@run
                    route.handler!!(webSocket)
                    onReturned()
                } catch (failure: Throwable) {
                    return@run onFailed(failure)
                }
            } finally {
                owner.context.handlers.ended()
                connection.memory?.onHandlerEnd()
            }
        }

    /** Lets `onRequest` answer the request, or refuses it if the route has no handler. */
    private suspend fun isAnsweredPlainly(): Boolean {
        val plain = owner.handshake?.plainHttp?.ask(webSocket.request)
        when {
            plain != null -> unlessOpen { it.answer(plain) }
            route.handler != null -> return false
            else -> refuseUnlessOpen(NOT_FOUND, "nothing is served at this path")
        }
        return true
    }

    /** Closes the connection. One that the handler has not used is opened first. */
    private suspend fun onReturned() {
        webSocket.close(CloseCode.NORMAL_CLOSURE, "")
    }

    private suspend fun onFailed(failure: Throwable) {
        when (failure) {
            is ConnectionDeniedException ->
                if (!refuseUnlessOpen(failure.response, failure.response.reason)) fail(failure)

            // These may also come from another connection that the handler uses.
            is ConnectionClosedException, is ClosedReceiveChannelException ->
                if (connection.isClosing || webSocket.isRefused) onEnded() else fail(failure)

            else -> if (isActive) fail(failure) else onCancelled()
        }
    }

    /** The connection ends or was refused, and the handler has noticed. */
    private suspend fun onEnded() {
        if (owner.isOpen) connection.beginClose(CloseCode.NORMAL_CLOSURE, "")
        connection.awaitClosed()
    }

    private suspend fun fail(failure: Throwable) {
        withContext(NonCancellable) {
            beginEnd(CloseCode.INTERNAL_ERROR, HttpStatus.INTERNAL_SERVER_ERROR)
        }
        logFailure("onConnect", webSocket.request, failure)
        connection.awaitClosed()
    }

    private suspend fun onCancelled() {
        withContext(NonCancellable) {
            beginEnd(CloseCode.GOING_AWAY, HttpStatus.SERVICE_UNAVAILABLE)
            connection.awaitClosed()
        }
    }

    /** Begins to close with [code] if the connection is open, else answers with [status]. */
    private suspend fun beginEnd(code: Int, status: Int) = loop.call {
        val handshake = owner.handshake
        if (handshake == null) {
            connection.beginClose(code, "")
        } else {
            handshake.answer(HttpResponse(status))
        }
    }

    private suspend fun refuseUnlessOpen(response: HttpResponse, reason: String): Boolean =
        unlessOpen { it.refuse(response) { reason.onOneLine() } }

    /**
     * Calls [answer] and waits for the connection's end, or returns false if the connection is
     * open. The loop decides which, since the connection may just be opening there. A cancelled
     * handler has to decide too, or it would leave the connection as it is.
     */
    private suspend fun unlessOpen(answer: (ServerOpeningHandshake) -> Unit): Boolean {
        val isAnswered = withContext(NonCancellable) {
            loop.call { owner.handshake?.also(answer) != null }
        }
        if (isAnswered) connection.awaitClosed()
        return isAnswered
    }

    private companion object {
        val NOT_FOUND = HttpResponse(HttpStatus.NOT_FOUND)
    }
}

/** Logs that the application's [callback] failed to serve [request]. */
internal fun logFailure(callback: String, request: HttpRequest, failure: Throwable) =
    logError(failure) { "$callback failed for ${request.peer} ${request.path}".onOneLine() }
