@file:JvmName("ClientHosting")

package dev.kobahn.hosting

import dev.kobahn.ClientWebSocket
import dev.kobahn.HandshakeException
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocketClient
import dev.kobahn.internal.client.RealWebSocketClient
import dev.kobahn.internal.client.Way
import dev.kobahn.internal.transport.StreamTransport
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.RequestHead
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.WebSocketUrl

/**
 * Opens a WebSocket over [stream], which leads to the server of [url]: a tunnel of your own, or a
 * socket of another library. Kobahn sends the request of the opening handshake and checks the
 * answer; TLS, if the URL is `wss`, is the stream's own. In all else this is
 * [WebSocketClient.connect] without a block. If it throws, the stream is closed.
 *
 * @throws HandshakeException if the server refuses, breaks the handshake, or takes longer than
 * `openHandshakeTimeout`
 * @throws IllegalStateException if this client was closed
 */
public suspend fun WebSocketClient.connectOver(
    stream: ByteStream,
    details: StreamDetails,
    url: WebSocketUrl,
): ClientWebSocket = closingAtFailure(stream) { connect(over(url, stream, details)) }

/**
 * Opens a WebSocket over [stream] and runs [block] with it, like [WebSocketClient.connect] with a
 * block. Otherwise like `connectOver` without one.
 */
public suspend fun <T> WebSocketClient.connectOver(
    stream: ByteStream,
    details: StreamDetails,
    url: WebSocketUrl,
    block: suspend ClientWebSocket.() -> T,
): T = closingAtFailure(stream) { connect(over(url, stream, details), block) }

/**
 * Returns an opening handshake for another HTTP client to make: it sends
 * [HostedHandshake.request], and [HostedHandshake.open] checks the answer that it got. The request
 * is that of the client's options, with `onConnecting`, authorization and cookies.
 *
 * @throws IllegalStateException if this client was closed
 */
public suspend fun WebSocketClient.handshakeFor(url: WebSocketUrl): HostedHandshake {
    val client = this as RealWebSocketClient
    val type = TransportDetails.ChannelType.TCP
    val details = TransportDetails(type, "", "", isServer = false, isSecure = url.isSecure)
    return HostedHandshake(client, url, client.handshake(url, details))
}

/**
 * One opening handshake of a client, made by another HTTP client, such as OkHttp, whose proxies,
 * certificates and name lookups then hold for the WebSocket. Made by [handshakeFor], for one
 * connection.
 */
public class HostedHandshake internal constructor(
    private val client: RealWebSocketClient,
    private val url: WebSocketUrl,
    private val handshake: ClientHandshake,
) {
    /**
     * The request to send. Its header fields belong to the handshake: the other client must leave
     * `Upgrade`, `Connection` and all `Sec-WebSocket-` fields as they are.
     */
    public val request: RequestHead get() = handshake.request

    /**
     * Opens the WebSocket over [stream], which continues behind the head of [response], as
     * `connectOver` does. If it throws, the stream is closed.
     *
     * @throws HandshakeException if [response] does not open a WebSocket, with its status and
     * headers
     */
    public suspend fun open(
        response: ResponseHead,
        stream: ByteStream,
        details: StreamDetails,
    ): ClientWebSocket = client.closingAtFailure(stream) { connect(way(response, stream, details)) }

    /** Opens the WebSocket and runs [block] with it. Otherwise like `open` without one. */
    public suspend fun <T> open(
        response: ResponseHead,
        stream: ByteStream,
        details: StreamDetails,
        block: suspend ClientWebSocket.() -> T,
    ): T = client.closingAtFailure(stream) { connect(way(response, stream, details), block) }

    private fun way(response: ResponseHead, stream: ByteStream, details: StreamDetails): Way =
        client.over(url, handshake, response) { loop ->
            StreamTransport(loop, details).also { it.attach(stream) }
        }
}

private fun RealWebSocketClient.over(
    url: WebSocketUrl,
    stream: ByteStream,
    details: StreamDetails,
) = over(url) { loop -> StreamTransport(loop, details).also { it.attach(stream) } }

private inline fun <T> WebSocketClient.closingAtFailure(
    stream: ByteStream,
    connect: RealWebSocketClient.() -> T,
): T {
    try {
        return (this as RealWebSocketClient).connect()
    } catch (failure: Throwable) {
        // The client may have been closed before it could take the stream.
        stream.close()
        throw failure
    }
}
