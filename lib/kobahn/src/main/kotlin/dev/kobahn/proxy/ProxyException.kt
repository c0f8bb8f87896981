package dev.kobahn.proxy

import dev.kobahn.protocol.ConnectionException
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.onOneLine

/**
 * A proxy cannot be reached, refuses the tunnel to the target, or does not speak the protocol that
 * the client was told. `connect` throws it. The message names the proxy, the target and the reason.
 *
 * Its cause is a [dev.kobahn.tls.TlsException] if TLS with an `https` proxy fails.
 *
 * It is no [dev.kobahn.HandshakeException]: [status] comes from the proxy, not from the server.
 * The message may quote the proxy's reason phrase, escaped so that it stays on one line. [body] and
 * [headers] are unchanged.
 */
public class ProxyException internal constructor(
    message: String,
    /** The proxy. */
    public val proxy: ProxyServer,
    /** The HTTP status of the proxy's refusal, or null. */
    public val status: Int? = null,
    /** The header fields of the refusal. */
    public val headers: Headers = Headers.EMPTY,
    /** The first bytes of the refusal's body, at most 64 KiB. */
    public val body: ByteArray = ByteArray(0),
    /** The code of a SOCKS5 reply (RFC 1928 section 6) that refuses the target, or null. */
    public val socksReply: Int? = null,
    cause: Throwable? = null,
) : ConnectionException(message.onOneLine(), cause) {
    /** The text of [body], decoded as UTF-8. */
    public val bodyText: String get() = body.decodeToString()
}
