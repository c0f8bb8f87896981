package dev.kobahn.ktor

import dev.kobahn.ServerWebSocket
import dev.kobahn.hosting.HostedAnswer
import dev.kobahn.hosting.HostedRequest
import dev.kobahn.hosting.HostedRoute
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.RequestHead
import io.ktor.http.HttpHeaders
import io.ktor.http.HttpMethod
import io.ktor.http.HttpStatusCode
import io.ktor.http.content.ByteArrayContent
import io.ktor.server.application.ApplicationCall
import io.ktor.server.request.httpMethod
import io.ktor.server.request.httpVersion
import io.ktor.server.request.uri
import io.ktor.server.response.respond
import io.ktor.server.routing.Route
import io.ktor.server.routing.RouteSelector
import io.ktor.server.routing.RouteSelectorEvaluation
import io.ktor.server.routing.RoutingCall
import io.ktor.server.routing.RoutingResolveContext
import io.ktor.server.routing.application
import io.ktor.server.routing.method
import io.ktor.server.routing.route
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext

/**
 * Serves WebSockets at [path], below this route. [configure] sets the handler and the options, as
 * for a route of a `webSocketServer`; options that it does not set are those of the plugin
 * [Kobahn]. The path may have Ktor's parameters; `pathParameters` of the [ServerWebSocket] has
 * their values.
 *
 * Only requests for an upgrade to WebSocket match, so a page may have the same path. All that Ktor
 * does before a handler applies, such as authentication. A refusal of the handshake, or of the
 * handler by `deny`, is a response of Ktor.
 */
public fun Route.kobahn(path: String, configure: dev.kobahn.Route.() -> Unit): Route =
    route(path) { kobahn(configure) }

/** Serves WebSockets at this route. Otherwise like `kobahn(path)`. */
public fun Route.kobahn(configure: dev.kobahn.Route.() -> Unit) {
    val server = Kobahn.of(application)
    val route = server.route(configure)
    createChild(UpgradeSelector).method(HttpMethod.Get) {
        handle {
            val request = call.hostedRequest(route)
                ?: return@handle call.respond(HttpStatusCode.BadRequest)
            when (val answer = server.answer(request)) {
                is HostedAnswer.Plain -> call.respondPlain(answer.response)
                is HostedAnswer.Upgrade -> call.respondUpgrade(answer)
            }
        }
    }
}

/**
 * Returns the call of the request that opened the connection of the handler that calls this, for
 * what Ktor knows about it, such as the principal of an authentication.
 *
 * @throws IllegalStateException outside of a handler of [kobahn]
 */
public suspend fun currentCall(): ApplicationCall =
    checkNotNull(coroutineContext[HandlersCall]) { "this is no handler of kobahn(path)" }.call

private class HandlersCall(val call: ApplicationCall) : AbstractCoroutineContextElement(Key) {
    companion object Key : CoroutineContext.Key<HandlersCall>
}

/** Matches requests for an upgrade to WebSocket. */
private object UpgradeSelector : RouteSelector() {
    override suspend fun evaluate(
        context: RoutingResolveContext,
        segmentIndex: Int,
    ): RouteSelectorEvaluation {
        val fields = context.call.request.headers.getAll(HttpHeaders.Upgrade).orEmpty()
        val isMatch = fields.any { field ->
            field.split(',').any { it.trim().equals("websocket", ignoreCase = true) }
        }
        return if (isMatch) RouteSelectorEvaluation.Constant else RouteSelectorEvaluation.Failed
    }

    override fun toString(): String = "(upgrade to WebSocket)"
}

/** Returns the request as Kobahn reads it, or null if no client may send such a head. */
private fun RoutingCall.hostedRequest(route: HostedRoute): HostedRequest? {
    val head = try {
        val fields = Headers.Builder()
        request.headers.forEach { name, values -> fields.add(name, values) }
        RequestHead(request.httpMethod.value, request.uri, request.httpVersion, fields.build())
    } catch (_: IllegalArgumentException) {
        return null
    }
    val parameters = pathParameters.entries().associate { (name, values) ->
        name to values.joinToString("/")
    }
    return HostedRequest(head, details(), route, parameters, HandlersCall(this))
}

private fun ApplicationCall.details(): StreamDetails {
    val local = request.local
    return StreamDetails(
        peer = StreamDetails.tcp(local.remoteAddress, local.remotePort),
        own = StreamDetails.tcp(local.localAddress, local.localPort),
        isSecure = local.scheme == "https" || local.scheme == "wss",
    )
}

private suspend fun ApplicationCall.respondPlain(answer: HttpResponse) {
    for ((name, value) in answer.headers) {
        if (name.equals(HttpHeaders.Server, ignoreCase = true) && name in response.headers) continue
        response.headers.append(name, value, safeOnly = false)
    }
    respond(ByteArrayContent(answer.body, status = HttpStatusCode(answer.status, answer.reason)))
}

private suspend fun ApplicationCall.respondUpgrade(answer: HostedAnswer.Upgrade) {
    try {
        respond(WebSocketUpgrade(answer))
    } catch (failure: Throwable) {
        answer.close()
        throw failure
    }
}
