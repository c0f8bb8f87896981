package dev.kobahn.servlet

import dev.kobahn.hosting.HostedAnswer
import dev.kobahn.hosting.HostedRequest
import dev.kobahn.hosting.HostedRoute
import dev.kobahn.hosting.HostedServer
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.RequestHead
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.runBlocking

/** Upgrades requests to WebSockets, for filters, controllers and servlets of your own. Stateless. */
public object WebSocketUpgrades {
    /** Returns whether [request] asks for an upgrade to WebSocket. */
    @JvmStatic
    public fun isUpgrade(request: HttpServletRequest): Boolean {
        val fields = request.getHeaders("Upgrade") ?: return false
        return fields.asSequence().any { field ->
            field.split(',').any { it.trim().equals("websocket", ignoreCase = true) }
        }
    }

    /**
     * Answers [request] by [response] and returns true if it asks for an upgrade to WebSocket;
     * otherwise does nothing and returns false. The response is either the refusal of the handshake
     * or of the handler, or 101; then the connection is [server]'s when the container has ended
     * the request. Blocks until the handler has decided, at most for `openHandshakeTimeout`.
     *
     * @param route the route that serves the request, or null if the server chooses by the path
     * @throws jakarta.servlet.ServletException if the container cannot upgrade
     */
    @JvmStatic
    @JvmOverloads
    public fun upgrade(
        server: HostedServer,
        request: HttpServletRequest,
        response: HttpServletResponse,
        route: HostedRoute? = null,
    ): Boolean {
        if (!isUpgrade(request)) return false
        val hosted = hostedRequest(request, route)
        if (hosted == null) {
            response.status = HttpServletResponse.SC_BAD_REQUEST
            return true
        }
        when (val answer = runBlocking { server.answer(hosted) }) {
            is HostedAnswer.Plain -> response.write(answer.response)
            is HostedAnswer.Upgrade -> upgrade(answer, request, response)
        }
        return true
    }

    /** Whether the class path has Jetty 12, whose classes [JettyUpgrade] needs. */
    private val isJetty: Boolean = try {
        Class.forName("org.eclipse.jetty.server.HttpStream")
        true
    } catch (_: ClassNotFoundException) {
        false
    }

    private fun upgrade(
        answer: HostedAnswer.Upgrade,
        request: HttpServletRequest,
        response: HttpServletResponse,
    ) {
        try {
            response.status = answer.response.status
            for ((name, value) in answer.response.headers) response.addHeader(name, value)
            if (isJetty && JettyUpgrade.isMadeFor(request)) {
                JettyUpgrade.upgrade(answer, request)
            } else {
                request.upgrade(KobahnUpgradeHandler::class.java).answer = answer
            }
        } catch (failure: Throwable) {
            answer.close()
            throw failure
        }
    }
}

/**
 * Returns a copy of the request that opened the connection of the handler that calls this, such as
 * for its principal or its session. At any time.
 *
 * @throws IllegalStateException outside of a handler that a servlet container hosts
 */
public suspend fun currentServletRequest(): ServletRequestCopy =
    checkNotNull(coroutineContext[HandlersRequest]) { "no servlet hosts this handler" }.request

private class HandlersRequest(val request: ServletRequestCopy) :
    AbstractCoroutineContextElement(Key) {
    companion object Key : CoroutineContext.Key<HandlersRequest>
}

/** Returns the request as Kobahn reads it, or null if no client may send such a head. */
private fun hostedRequest(request: HttpServletRequest, route: HostedRoute?): HostedRequest? {
    val head = try {
        val fields = Headers.Builder()
        for (name in request.headerNames) {
            for (value in request.getHeaders(name)) fields.add(name, value)
        }
        val query = request.queryString?.let { "?$it" }.orEmpty()
        RequestHead(request.method, request.requestURI + query, request.protocol, fields.build())
    } catch (_: IllegalArgumentException) {
        return null
    }
    val details = StreamDetails(
        peer = StreamDetails.tcp(request.remoteAddr, request.remotePort),
        own = StreamDetails.tcp(request.localAddr, request.localPort),
        isSecure = request.isSecure,
    )
    return HostedRequest(
        head,
        details,
        route,
        context = HandlersRequest(ServletRequestCopy(request)),
    )
}

private fun HttpServletResponse.write(answer: HttpResponse) {
    status = answer.status
    for ((name, value) in answer.headers) addHeader(name, value)
    setContentLength(answer.body.size)
    if (answer.body.isNotEmpty()) outputStream.write(answer.body)
}
