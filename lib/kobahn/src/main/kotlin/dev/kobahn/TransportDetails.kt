package dev.kobahn

import dev.kobahn.protocol.handshake.addressIn
import dev.kobahn.protocol.handshake.appendJson

/**
 * What carries a connection: both ends as text, and the kind of channel between them. Immutable and
 * safe to share. Autobahn: `TransportDetails`.
 *
 * Autobahn's fields that are not here: `channel_framing` and `channel_serializer` would always say
 * WebSocket and none; process, thread and descriptor numbers are the event loop's business;
 * `channel_id` is nothing a JVM's TLS tells; `peer_cert` comes with TLS. What Autobahn never fills
 * stands elsewhere: the subprotocol and headers in [WebSocket.protocol], [ServerWebSocket.request]
 * and [ClientWebSocket.response].
 */
public class TransportDetails internal constructor(
    /** The kind of channel. */
    public val channelType: ChannelType,
    /** This end, such as `tcp4:127.0.0.1:9000`. */
    public val own: String,
    /**
     * The other end as the transport knows it, such as `tcp6:::1:52114` or `unix:/run/app.sock`. A
     * proxy in front does not change it, unlike `request.peer`.
     */
    public val peer: String,
    /** Whether this end accepted the connection. */
    public val isServer: Boolean,
    /** Whether the channel is encrypted. */
    public val isSecure: Boolean,
) {
    /**
     * The address in [peer] alone, without kind and port, such as `203.0.113.7`: that of a proxy where
     * there is one, unlike `request.remoteAddress`.
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

    /** All properties as a JSON object, under Autobahn's names. */
    public fun toJson(): String = StringBuilder().appendJson(fields()).toString()

    private fun fields() = linkedMapOf(
        "channel_type" to channelType.name.lowercase(),
        "own" to own,
        "peer" to peer,
        "is_server" to isServer,
        "is_secure" to isSecure,
    )

    override fun equals(other: Any?): Boolean =
        other is TransportDetails && fields() == other.fields()

    override fun hashCode(): Int = fields().hashCode()

    override fun toString(): String = toJson()
}
