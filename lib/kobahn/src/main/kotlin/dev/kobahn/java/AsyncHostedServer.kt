package dev.kobahn.java

import dev.kobahn.hosting.ByteStream
import dev.kobahn.hosting.HostedAnswer
import dev.kobahn.hosting.HostedRequest
import dev.kobahn.hosting.HostedRoute
import dev.kobahn.hosting.HostedServer
import dev.kobahn.hosting.StreamDetails
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/**
 * A WebSocket server without a port for Java: [HostedServer] with futures. Another server, the host,
 * accepts the connections and hands them over. Made by [AsyncWebSocketServer.Builder.buildHosted].
 * Thread-safe; no method blocks.
 *
 * ```java
 * AsyncHostedServer server = new AsyncWebSocketServer.Builder()
 *     .onConnect(handshake -> handshake.accept(new Echo()))
 *     .buildHosted();
 * server.accept(BlockingByteStream.of(socket, executor),
 *     StreamDetails.of(socket.getRemoteSocketAddress()));
 * ```
 */
public interface AsyncHostedServer {
    /** Returns the same server with Kotlin's interface, which the adapters of hosts want. */
    public fun server(): HostedServer

    /** Returns the number of connections, including those in their opening handshake. */
    public fun connectionCount(): Int

    /** Returns the number of running handlers, as in [AsyncWebSocketServer.handlerCount]. */
    public fun handlerCount(): Int

    /** Takes over [stream] from the first byte of the request on, see [HostedServer.accept]. */
    public fun accept(stream: ByteStream, details: StreamDetails)

    /**
     * Takes over [stream], which continues behind the head of [request], and writes the answer into
     * it, see [HostedServer.accept].
     */
    public fun accept(request: HostedRequest, stream: ByteStream)

    /**
     * Decides about [request], for a host that writes the answer itself, see [HostedServer.answer].
     * Cancelling the future ends the connection.
     */
    public fun answer(request: HostedRequest): CompletableFuture<HostedAnswer>

    /**
     * Makes a route for a host that has routes of its own, see [HostedServer.route]. The path of
     * [route] has no effect.
     */
    public fun route(route: AsyncRoute): HostedRoute

    /** Stops like `stop(0, 10, SECONDS, 1001)`. */
    public fun stop(): CompletableFuture<Void?>

    /** Stops gracefully, as `AsyncWebSocketServer.stop` does. */
    public fun stop(
        window: Long,
        deadline: Long,
        unit: TimeUnit,
        code: Int,
    ): CompletableFuture<Void?>
}
