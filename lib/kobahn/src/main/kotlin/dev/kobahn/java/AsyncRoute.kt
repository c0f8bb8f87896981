package dev.kobahn.java

import dev.kobahn.Route
import dev.kobahn.internal.java.connectionLife
import java.util.concurrent.CompletionStage
import java.util.function.Consumer
import java.util.function.Function
import kotlinx.coroutines.future.await

/**
 * A server's handler and options for connections to one path, for
 * [AsyncWebSocketServer.Builder.route]. Options that are not set here have the server's values. Not
 * thread-safe.
 *
 * ```java
 * builder.route(new AsyncRoute("/upload/{name}")
 *     .maxMessagePayloadSize(64 << 20)
 *     .onConnect(handshake -> handshake.accept(new Upload())));
 * ```
 *
 * @param path segments separated by `/`; `{name}` matches any one segment, see
 * [OpeningHandshake.pathParameters]
 * @throws IllegalArgumentException if [path] does not begin with `/` or has a name twice
 */
public class AsyncRoute(path: String) : ServerConnectionOptionsBuilder<AsyncRoute>() {
    @get:JvmSynthetic
    internal val path: String = path

    override val tried: Route = Route(path)
        @JvmSynthetic get

    /** Sets the function that accepts or denies connections. Default: the server's `onConnect`. */
    public fun onConnect(
        decide: Function<in OpeningHandshake, out HandshakeDecision>,
    ): AsyncRoute = connectionLife { decide.apply(it) }.let { set { onConnect(it) } }

    /**
     * Sets a function that decides later. Otherwise like [onConnect]; see
     * [AsyncWebSocketServer.Builder.onConnectAsync].
     */
    public fun onConnectAsync(
        decide: Function<in OpeningHandshake, out CompletionStage<out HandshakeDecision>>,
    ): AsyncRoute = connectionLife { decide.apply(it).await() }.let { set { onConnect(it) } }

    /**
     * Sets options that this class has no method for, such as those of `dev.kobahn.autobahn`. Calls
     * [change] now and once more for each server that is built.
     */
    public fun configure(change: Consumer<in Route>): AsyncRoute = set { change.accept(this) }

    private fun set(change: Route.() -> Unit): AsyncRoute = change { (it as Route).change() }
}
