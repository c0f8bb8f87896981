package dev.kobahn.java

import dev.kobahn.Route
import dev.kobahn.internal.java.connectionLife
import java.util.concurrent.CompletionStage
import java.util.function.Function
import kotlinx.coroutines.future.await

/**
 * What a server does with connections to a path, with options of its own; what is not set is as at
 * the server. For [AsyncWebSocketServer.Builder.route]. Not thread-safe.
 *
 * ```java
 * builder.route(new AsyncRoute("/upload/{name}")
 *     .maxMessagePayloadSize(64 << 20)
 *     .onConnect(handshake -> handshake.accept(new Upload())));
 * ```
 *
 * @property path segments separated by `/`, where `{name}` stands for any one segment, see
 * [OpeningHandshake.pathParameters]
 * @throws IllegalArgumentException unless [path] begins with `/` and has every name once
 */
public class AsyncRoute(public val path: String) : ServerConnectionOptionsBuilder<AsyncRoute>() {
    override val tried: Route = Route(path)
        @JvmSynthetic get

    /** What becomes of a connection. Without this the server's `onConnect` decides. */
    public fun onConnect(
        decide: Function<in OpeningHandshake, out HandshakeDecision>,
    ): AsyncRoute = connectionLife { decide.apply(it) }.let { set { onConnect(it) } }

    /**
     * As [onConnect], with the decision to come, see [AsyncWebSocketServer.Builder.onConnectAsync].
     */
    public fun onConnectAsync(
        decide: Function<in OpeningHandshake, out CompletionStage<out HandshakeDecision>>,
    ): AsyncRoute = connectionLife { decide.apply(it).await() }.let { set { onConnect(it) } }

    private fun set(change: Route.() -> Unit): AsyncRoute = change { (it as Route).change() }
}
