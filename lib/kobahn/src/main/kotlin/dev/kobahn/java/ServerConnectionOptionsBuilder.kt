package dev.kobahn.java

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.protocol.extension.ServerExtension

/**
 * The options of a server that a route can override. The names and defaults are those of
 * [ServerConnectionOptions]. Not thread-safe.
 */
public sealed class ServerConnectionOptionsBuilder<B : ServerConnectionOptionsBuilder<B>> :
    WebSocketOptionsBuilder<B>() {
    /**
     * Sets the origins whose pages may connect, in the form that browsers send:
     * `https://app.example.com`, with a port unless it is the default of the scheme. `*` matches
     * any run of characters, and `*` alone every page. `same-origin`, the default, stands for the
     * host of the request. Each page a user visits can connect with the user's cookies, so think
     * twice before you allow all pages. Requests without an origin do not come from a page and are
     * always allowed.
     */
    public fun allowedOrigins(vararg origins: String): B =
        origins.toList().let { set { allowedOrigins = it } }

    /**
     * Sets whether the origin `null` is allowed, which browsers send for sandboxed pages and local
     * files.
     */
    public fun allowNullOrigin(on: Boolean): B = set { allowNullOrigin = on }

    /**
     * Sets additional extensions, in the order in which they transform sent messages, after
     * compression. An extension that needs an RSV bit already in use is left out.
     */
    public fun extensions(vararg extensions: ServerExtension): B =
        extensions.toList().let { set { this.extensions = it } }

    /**
     * Calls listeners and the functions given to this builder on the event loop of the connection.
     * That is the fastest choice, because no thread hands over to another, but nothing there may
     * block: the other connections of the loop would stand still. Waiting there for a future of
     * this library throws [IllegalStateException]. The opposite of [executor]; the later call
     * applies.
     */
    public fun onEventLoop(): B = set { handlerDispatcher = null }

    private fun set(change: ServerConnectionOptions.() -> Unit): B =
        change { (it as ServerConnectionOptions).change() }
}
