package dev.kobahn.internal.server

import dev.kobahn.Route
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.ResourceName

/**
 * Finds the route that serves a path: the first that matches, else the server itself. Immutable.
 */
internal class RouteTable(options: WebSocketServerOptions) {
    /** The server itself, for requests that match no route. */
    val default = Match(RouteConfig(options, options, options.handler), emptyMap())

    private val routes: List<Pair<Route, RouteConfig>> =
        options.routes.map { it to RouteConfig(options, it, it.handler ?: options.handler) }

    /** @property pathParameters the values of the route's `{name}` segments */
    class Match(val config: RouteConfig, val pathParameters: Map<String, String>)

    /** Finds the route for the [target] of a request, which may be malformed. */
    fun find(target: String): Match {
        val path = ResourceName.ofTarget(target)?.path ?: return default
        for ((route, config) in routes) {
            val pathParameters = route.match(path) ?: continue
            return Match(config, pathParameters)
        }
        return default
    }

    /** The options of all routes, and of the server itself. */
    val configs: List<RouteConfig> get() = routes.map { it.second } + default.config
}
