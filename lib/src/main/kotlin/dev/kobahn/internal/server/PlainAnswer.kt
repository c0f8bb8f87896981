package dev.kobahn.internal.server

import dev.kobahn.internal.connection.Loop
import dev.kobahn.internal.connection.call
import dev.kobahn.internal.connection.connectionLogger
import dev.kobahn.protocol.handshake.HttpRequest
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.HttpStatus
import dev.kobahn.protocol.handshake.ServerHandshake
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.launch

/**
 * Has `onRequest` answer a request that is no upgrade; where it does not, the answer is the status
 * page or 426.
 */
internal fun launchAnswer(
    context: ServerContext,
    service: Service,
    loop: Loop,
    request: HttpRequest,
    answer: (HttpResponse) -> Unit,
) {
    context.scope.launch(service.handlerDispatcher ?: loop.dispatcher) {
        val response = context.ask(request) ?: service.status?.answer(request)
            ?: ServerHandshake.upgradeRequired()
        loop.call { answer(response) }
    }
}

/** What `onRequest` answers to [request], or null; 500 if it fails. */
internal suspend fun ServerContext.ask(request: HttpRequest): HttpResponse? = try {
    options.onRequest?.invoke(request)
} catch (cancellation: CancellationException) {
    throw cancellation
} catch (failure: Exception) {
    connectionLogger.error(failure) { "onRequest failed for ${request.path}" }
    HttpResponse(HttpStatus.INTERNAL_SERVER_ERROR)
}
