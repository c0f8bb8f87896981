package dev.kobahn.hosting

import dev.kobahn.protocol.handshake.RequestHead
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext

/**
 * A request that a host has read, for a [HostedServer].
 *
 * @property head the request line and all header fields, as the client sent them
 * @property details the ends of the stream
 * @property route the route that serves the request, or null if the server chooses by the path
 * @property pathParameters the values of
 * [ServerWebSocket.pathParameters][dev.kobahn.ServerWebSocket.pathParameters], if [route] is not
 * null
 * @property context elements for the coroutine that runs the handler. A dispatcher and a job among
 * them have no effect.
 */
public class HostedRequest @JvmOverloads constructor(
    public val head: RequestHead,
    public val details: StreamDetails,
    public val route: HostedRoute? = null,
    public val pathParameters: Map<String, String> = emptyMap(),
    public val context: CoroutineContext = EmptyCoroutineContext,
) {
    override fun toString(): String = "${head.method} request of $details"
}
