package dev.kobahn

import dev.kobahn.internal.transport.Endpoint

/**
 * One place where a server listens, see [WebSocketServerOptions.listen] and
 * [WebSocketServerOptions.listenUnix]. Its options apply to the connections accepted there.
 */
@WebSocketDsl
public class ListenerOptions internal constructor(
    @get:JvmSynthetic
    internal val endpoint: Endpoint,
) {
    /** The name or address, or null for a Unix socket. */
    public val host: String? get() = (endpoint as? Endpoint.Tcp)?.host

    /** The port that was asked for, 0 for any free one, or null for a Unix socket. */
    public val port: Int? get() = (endpoint as? Endpoint.Tcp)?.port

    /** The file of the Unix socket, or null for TCP. */
    public val path: String? get() = (endpoint as? Endpoint.Unix)?.path

    override fun toString(): String = "$endpoint"
}
