package dev.kobahn.internal.server

import dev.kobahn.Route
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServerOptions

/** Which handler serves a path: that of the first route that matches, else the server's own. */
internal class RouteTable(options: WebSocketServerOptions) {
    private val routes: List<Route> = options.routes.toList()
    private val otherwise = options.handler

    /** @property pathParameters the values of the route's `{name}` segments */
    class Match(
        val handler: suspend ServerWebSocket.() -> Unit,
        val pathParameters: Map<String, String>,
    )

    /** What serves [path], or null if nothing does. */
    fun find(path: String): Match? {
        for (route in routes) {
            val pathParameters = route.match(path) ?: continue
            return route.handler?.let { Match(it, pathParameters) }
        }
        return otherwise?.let { Match(it, emptyMap()) }
    }
}
