package dev.kobahn.internal.server

import dev.kobahn.ConnectionClosedException
import dev.kobahn.ConnectionDeny
import dev.kobahn.internal.connection.HandlerCoroutine
import dev.kobahn.internal.connection.call
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.onOneLine
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.isActive
import kotlinx.coroutines.newCoroutineContext
import kotlinx.coroutines.withContext

// Functions, not a class: it would be one more object for each idle connection.

/**
 * Starts the connection's coroutine, a child of the server's: `onRequest`, the route's handler, and
 * the wait for the end. On the loop.
 */
@OptIn(ExperimentalCoroutinesApi::class, InternalCoroutinesApi::class)
internal fun RealServerWebSocket.launch() {
    val dispatcher = service.handlerDispatcher
    val place = context.scope.newCoroutineContext(dispatcher ?: loop.dispatcher)
    val coroutine = HandlerCoroutine(place, connection)
    owner.begin(coroutine)
    val life: suspend Unit.() -> Unit = life@{
        // What had a name here would be kept for as long as the handler runs.
        try {
            if (!coroutineContext.isActive) return@life cancelled()
            try {
                if (isAnsweredPlainly()) return@life
                service.handler!!(this@launch)
            } catch (failure: Throwable) {
                return@life handled(failure)
            }
            handled(null)
        } finally {
            context.handlers.ended()
            connection.memory?.onHandlerEnd()
        }
    }
    try {
        // The loop is where it belongs already: no need to come back to it first.
        when (dispatcher) {
            null -> coroutine.start(CoroutineStart.UNDISPATCHED, Unit, life)
            else -> coroutine.startBy(loop.batching(dispatcher), life)
        }
    } catch (failure: Throwable) {
        // It has not begun, and so would never end.
        context.handlers.ended()
        coroutine.resumeWith(Result.failure(CancellationException("not started", failure)))
        throw failure
    }
}

private suspend fun RealServerWebSocket.isAnsweredPlainly(): Boolean {
    val plain = owner.ask(request)
    when {
        plain != null -> answerUnlessOpen(plain)
        service.handler != null -> return false
        else -> refuseUnlessOpen(NOT_FOUND, "nothing is served at this path")
    }
    return true
}

/** The handler has returned, or thrown [failure]. */
private suspend fun RealServerWebSocket.handled(failure: Throwable?) {
    try {
        if (failure != null) throw failure
        close(CloseCode.NORMAL_CLOSURE, "")
    } catch (deny: ConnectionDeny) {
        if (!refuseUnlessOpen(deny.response, deny.response.reason)) failed(deny)
    } catch (closed: ConnectionClosedException) {
        // It may as well be that of another connection the handler uses.
        if (isOver) over() else failed(closed)
    } catch (closed: ClosedReceiveChannelException) {
        if (isOver) over() else failed(closed)
    } catch (failure: Throwable) {
        if (coroutineContext.isActive) failed(failure) else cancelled()
    }
}

/** Whether the peer closes or is gone, or the handshake was refused over the handler's head. */
private val RealServerWebSocket.isOver get() = connection.isClosing || isRefused

private suspend fun RealServerWebSocket.over() {
    if (accepted) connection.close(CloseCode.NORMAL_CLOSURE, "") else connection.awaitClosed()
}

private suspend fun RealServerWebSocket.failed(failure: Throwable) {
    withContext(NonCancellable) {
        beginEnd(CloseCode.INTERNAL_ERROR, HttpResponse(HttpStatus.INTERNAL_SERVER_ERROR))
    }
    logFailure(failure)
    connection.awaitClosed()
}

private suspend fun RealServerWebSocket.cancelled() {
    withContext(NonCancellable) {
        beginEnd(CloseCode.GOING_AWAY, HttpResponse(HttpStatus.SERVICE_UNAVAILABLE))
        connection.awaitClosed()
    }
}

/** Closes with [code] if the connection is open, else answers with [response]. Waits for nothing. */
private suspend fun RealServerWebSocket.beginEnd(code: Int, response: HttpResponse) = loop.call {
    if (accepted) connection.beginClose(code, "") else owner.answer(response)
}

private suspend fun RealServerWebSocket.answerUnlessOpen(response: HttpResponse): Boolean =
    unlessOpen { owner.answer(response) }

private suspend fun RealServerWebSocket.refuseUnlessOpen(
    response: HttpResponse,
    reason: String,
): Boolean = unlessOpen { owner.refuse(response) { reason.onOneLine() } }

/**
 * Does what [answer] does, and waits for the end, unless the connection is open: then it is false.
 * The loop decides, for the opening may be on its way there; even for who is cancelled, who would
 * else leave the connection as it is.
 */
private suspend fun RealServerWebSocket.unlessOpen(answer: () -> Unit): Boolean {
    val isOpen = withContext(NonCancellable) {
        loop.call { accepted.also { if (!it) answer() } }
    }
    if (!isOpen) connection.awaitClosed()
    return !isOpen
}

private val NOT_FOUND = HttpResponse(HttpStatus.NOT_FOUND)
