package dev.kobahn

import dev.kobahn.internal.transport.Endpoint
import dev.kobahn.tls.TlsServerOptions

/**
 * One place where a server listens, see [WebSocketServerOptions.listen] and
 * [WebSocketServerOptions.listenUnix]. Its options apply to the connections accepted there.
 */
@WebSocketDsl
public class ListenerOptions internal constructor(
    @get:JvmSynthetic
    internal val endpoint: Endpoint,
) {
    private var ownTls: TlsServerOptions? = null
    private var isPlain = false

    /** The name or address, or null for a Unix socket. */
    public val host: String? get() = (endpoint as? Endpoint.Tcp)?.host

    /** The port that was asked for, 0 for any free one, or null for a Unix socket. */
    public val port: Int? get() = (endpoint as? Endpoint.Tcp)?.port

    /** The file of the Unix socket, or null for TCP. */
    public val path: String? get() = (endpoint as? Endpoint.Unix)?.path

    /**
     * Turns on TLS for this listener, with options of its own in place of those of
     * [WebSocketServerOptions.tls]. The function starts with the values set here before.
     */
    public fun tls(configure: TlsServerOptions.() -> Unit) {
        isPlain = false
        ownTls = (ownTls ?: TlsServerOptions()).apply(configure)
    }

    /** Turns off TLS for this listener, although the server has [WebSocketServerOptions.tls]. */
    public fun plain() {
        isPlain = true
        ownTls = null
    }

    /** Returns the options of TLS here, or null for plain connections. */
    @JvmSynthetic
    internal fun tlsOr(shared: TlsServerOptions?): TlsServerOptions? =
        ownTls ?: shared.takeUnless { isPlain }

    override fun toString(): String = "$endpoint"
}
