package dev.kobahn.internal.server

import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.logError
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.onOneLine
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.isActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * Has `onRequest` answer a request that is no upgrade; where it does not, the answer is the status
 * page or 426.
 */
internal fun ServerConnection.launchAnswer(service: Service, request: HttpRequest) {
    val place = service.handlerDispatcher ?: transport.loop.dispatcher
    val answering = context.scope.launch(place, CoroutineStart.LAZY) {
        val response = ask(request) ?: service.status?.answer(request)
        transport.loop.call {
            if (response != null) {
                answer(response)
            } else {
                refuse(ServerHandshake.upgradeRequired()) { "there is no page, only a WebSocket" }
            }
        }
    }
    begin(answering)
    answering.invokeOnCompletion { context.handlers.ended() }
    answering.start()
}

/**
 * What `onRequest` answers to [request], or null. If it fails, in whatever way, the answer is 500, at
 * once. It is cancelled when nobody waits for its answer any more; what is returned then reaches
 * nobody, and is not null, so that nothing further begins.
 */
internal suspend fun ServerConnection.ask(request: HttpRequest): HttpResponse? {
    val onRequest = context.options.onRequest ?: return null
    try {
        val answer = withContext(Asked(this)) {
            waitsFor(coroutineContext.job)
            onRequest(request)
        }
        return if (isPending) answer else NOBODY_WAITS
    } catch (failure: Throwable) {
        if (!coroutineContext.isActive) throw failure
        return requestFailed(request, failure)
    }
}

private suspend fun ServerConnection.requestFailed(
    request: HttpRequest,
    failure: Throwable,
): HttpResponse {
    if (failure is CancellationException && !isPending) return NOBODY_WAITS
    val response = HttpResponse(HttpStatus.INTERNAL_SERVER_ERROR)
    transport.loop.call { answer(response) }
    logError(failure) { "onRequest failed for ${request.peer} ${request.path}".onOneLine() }
    return response
}

/** Marks the coroutine of an `onRequest` that is cancelled when nobody waits for its answer. */
internal class Asked(private val connection: ServerConnection) :
    AbstractCoroutineContextElement(Key) {
    /** From now on it goes on whoever waits: it has more to do than to answer. */
    fun goOn() = connection.waitsFor(null)

    companion object Key : CoroutineContext.Key<Asked>
}

private val NOBODY_WAITS = HttpResponse(HttpStatus.SERVICE_UNAVAILABLE)
