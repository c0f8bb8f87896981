package dev.kobahn.servlet

import dev.kobahn.hosting.HostedRoute
import dev.kobahn.hosting.HostedServer
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking

/**
 * A servlet whose WebSockets [server] serves. Requests for anything else are left to the methods of
 * [HttpServlet], which answer 405 unless a subclass overrides them.
 *
 * The thread of a request waits until the handler has accepted or denied, at most for the server's
 * `openHandshakeTimeout`. After that a connection has no thread of the container.
 *
 * [destroy] stops the server with 1001 and waits at most five seconds. A container that closes its
 * sockets before that needs `server.stop()` first.
 *
 * @param route the route that serves all requests, or null if the server chooses by the path
 */
public open class KobahnServlet @JvmOverloads constructor(
    private val server: HostedServer,
    private val route: HostedRoute? = null,
) : HttpServlet() {
    override fun service(request: HttpServletRequest, response: HttpServletResponse) {
        if (!WebSocketUpgrades.upgrade(server, request, response, route)) {
            super.service(request, response)
        }
    }

    override fun destroy() {
        runBlocking { server.stop(deadline = STOPPING_TIME) }
        super.destroy()
    }

    private companion object {
        const val serialVersionUID = 1L
        val STOPPING_TIME = 5.seconds
    }
}
