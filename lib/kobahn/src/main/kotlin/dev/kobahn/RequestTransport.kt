@file:JvmName("RequestTransport")

package dev.kobahn

import dev.kobahn.protocol.handshake.HttpRequest

/**
 * The transport of this request, with the client's certificate if it has sent one, for
 * [onRequest][WebSocketServerOptions.onRequest] while that runs. A handler has
 * [WebSocket.transportDetails]. In Java, `RequestTransport.transportDetails(request)`.
 *
 * @throws IllegalStateException outside of `onRequest`
 */
@get:JvmName("transportDetails")
public val HttpRequest.transportDetails: TransportDetails
    get() = checkNotNull(transport as TransportDetails?) {
        "a request has transportDetails only while onRequest runs"
    }
