package dev.kobahn.internal.server

import dev.kobahn.Route
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.ResourceName

/** What serves a path: the first route that matches, else the server itself. Immutable. */
internal class RouteTable(options: WebSocketServerOptions) {
    /** The server itself. */
    val otherwise = Match(Service(options, options, options.handler), emptyMap())

    private val routes: List<Pair<Route, Service>> =
        options.routes.map { it to Service(options, it, it.handler ?: options.handler) }

    /** @property pathParameters the values of the route's `{name}` segments */
    class Match(val service: Service, val pathParameters: Map<String, String>)

    /** What serves the [target] of a request that has yet to be judged. */
    fun find(target: String): Match {
        val path = ResourceName.ofTarget(target)?.path ?: return otherwise
        for ((route, service) in routes) {
            val pathParameters = route.match(path) ?: continue
            return Match(service, pathParameters)
        }
        return otherwise
    }

    /** Every service there is. */
    val services: List<Service> get() = routes.map { it.second } + otherwise.service
}
