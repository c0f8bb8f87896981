package dev.kobahn

import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.handshake.addressIn
import dev.kobahn.tls.TlsDetails

/**
 * The transport of a connection: both ends as text, and the kind of channel between them. Immutable
 * and safe to share. Autobahn: `TransportDetails`.
 *
 * Some of Autobahn's fields are missing. `channel_framing` and `channel_serializer` would always
 * say WebSocket and none. Process, thread and descriptor numbers are internal to the event loop.
 * `channel_id` and `peer_cert` are in [tls]. Fields that Autobahn never fills are elsewhere: the
 * subprotocol in [WebSocket.subprotocol], the headers in [ServerWebSocket.request] and
 * [ClientWebSocket.response].
 */
public class TransportDetails internal constructor(
    /** The kind of channel. */
    public val channelType: ChannelType,
    /** The address of this end, such as `tcp4:127.0.0.1:9000`. */
    public val own: String,
    /**
     * The address of the other end of the transport, such as `tcp6:::1:52114` or
     * `unix:/run/app.sock`. If a proxy is on the way, this is the proxy's address, unlike
     * `request.peer`. Only a header of the PROXY protocol names the client here too, see
     * [WebSocketServerOptions.proxyProtocolFrom].
     */
    public val peer: String,
    /** Whether this end accepted the connection. */
    public val isServer: Boolean,
    /** Whether the channel is encrypted. */
    public val isSecure: Boolean,
    /** The encryption, or null if the channel is not encrypted. */
    public val tls: TlsDetails? = null,
) {
    /**
     * The address in [peer] without kind and port, such as `203.0.113.7`: like that, usually that
     * of a proxy if there is one, unlike `request.remoteAddress`.
     */
    public val remoteAddress: String get() = addressIn(peer)

    /** The kinds of channel. */
    public enum class ChannelType {
        /** A TCP connection. */
        TCP,

        /** TLS over TCP. */
        TLS,

        /** A Unix domain socket. */
        UNIX,

        /** A pipe within the process. */
        MEMORY,
    }

    private fun fields() = linkedMapOf(
        "channel_type" to channelType.name.lowercase(),
        "own" to own,
        "peer" to peer,
        "is_server" to isServer,
        "is_secure" to isSecure,
    )

    override fun equals(other: Any?): Boolean =
        other is TransportDetails && fields() == other.fields() && tls == other.tls

    override fun hashCode(): Int = fields().hashCode()

    /** Returns all properties as a JSON object, under Autobahn's names. */
    override fun toString(): String = StringBuilder().appendJson(fields()).toString()
}
