package dev.kobahn

import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.endpoint.TrafficCounts

/**
 * The traffic of a connection, see [WebSocketStatistics.traffic]. Immutable.
 * Outgoing traffic is sent by this end. The names are Autobahn's, with bytes for octets.
 *
 * The wire level counts all bytes sent and received while the connection was open, headers and
 * control frames included; bytes that arrive after this end's Close are not counted. The WebSocket
 * level counts the payload of data frames, the application level the same before compression or
 * after decompression.
 */
public class TrafficStats internal constructor(private val counts: LongArray) {
    /** The number of bytes in all frames sent. */
    public val outgoingBytesWireLevel: Long get() = counts[TrafficCounts.WIRE_SENT]

    /** The number of bytes received while the connection was open. */
    public val incomingBytesWireLevel: Long get() = counts[TrafficCounts.WIRE_RECEIVED]

    /** The number of bytes sent in the opening handshake. */
    public val preopenOutgoingBytesWireLevel: Long get() = counts[TrafficCounts.PREOPEN_SENT]

    /**
     * The number of bytes received until the connection opened, including frames that arrived in
     * one read with the end of the handshake. [incomingBytesWireLevel] does not include those
     * frames, but their payload is counted.
     */
    public val preopenIncomingBytesWireLevel: Long get() = counts[TrafficCounts.PREOPEN_RECEIVED]

    /** The number of payload bytes in data frames sent, after compression. */
    public val outgoingBytesWebSocketLevel: Long get() = counts[TrafficCounts.PAYLOAD_SENT]

    /** The number of payload bytes in data frames received, before decompression. */
    public val incomingBytesWebSocketLevel: Long get() = counts[TrafficCounts.PAYLOAD_RECEIVED]

    /** The number of bytes in messages sent, before compression. */
    public val outgoingBytesAppLevel: Long get() = counts[TrafficCounts.APPLICATION_SENT]

    /** The number of bytes in messages received, after decompression. */
    public val incomingBytesAppLevel: Long get() = counts[TrafficCounts.APPLICATION_RECEIVED]

    /** The number of data frames sent. */
    public val outgoingWebSocketFrames: Long get() = counts[TrafficCounts.FRAMES_SENT]

    /** The number of data frames received completely. */
    public val incomingWebSocketFrames: Long get() = counts[TrafficCounts.FRAMES_RECEIVED]

    /** The number of messages sent. A message sent in pieces counts from its beginning. */
    public val outgoingWebSocketMessages: Long get() = counts[TrafficCounts.MESSAGES_SENT]

    /** The number of messages received completely. */
    public val incomingWebSocketMessages: Long get() = counts[TrafficCounts.MESSAGES_RECEIVED]

    /**
     * The bytes sent at WebSocket level per byte at application level; null if no message was sent.
     */
    public val outgoingCompressionRatio: Double?
        get() = outgoingBytesWebSocketLevel per outgoingBytesAppLevel

    /**
     * The bytes received at WebSocket level per byte at application level; null if no message was
     * received.
     */
    public val incomingCompressionRatio: Double?
        get() = incomingBytesWebSocketLevel per incomingBytesAppLevel

    /**
     * The additional bytes sent at wire level per byte at WebSocket level; null if no payload was
     * sent.
     */
    public val outgoingWebSocketOverhead: Double?
        get() = outgoingBytesWireLevel - outgoingBytesWebSocketLevel per
            outgoingBytesWebSocketLevel

    /**
     * The additional bytes received at wire level per byte at WebSocket level; null if no payload
     * was received.
     */
    public val incomingWebSocketOverhead: Double?
        get() = incomingBytesWireLevel - incomingBytesWebSocketLevel per
            incomingBytesWebSocketLevel

    private infix fun Long.per(other: Long): Double? = if (other == 0L) null else toDouble() / other

    /** Returns the values of all properties by their names in Autobahn, as JSON. */
    override fun toString(): String = StringBuilder().appendJson(byName()).toString()

    @JvmSynthetic
    internal fun byName(): Map<String, Number?> = linkedMapOf(
        "outgoingOctetsWireLevel" to outgoingBytesWireLevel,
        "outgoingOctetsWebSocketLevel" to outgoingBytesWebSocketLevel,
        "outgoingOctetsAppLevel" to outgoingBytesAppLevel,
        "outgoingCompressionRatio" to outgoingCompressionRatio,
        "outgoingWebSocketOverhead" to outgoingWebSocketOverhead,
        "outgoingWebSocketFrames" to outgoingWebSocketFrames,
        "outgoingWebSocketMessages" to outgoingWebSocketMessages,
        "preopenOutgoingOctetsWireLevel" to preopenOutgoingBytesWireLevel,
        "incomingOctetsWireLevel" to incomingBytesWireLevel,
        "incomingOctetsWebSocketLevel" to incomingBytesWebSocketLevel,
        "incomingOctetsAppLevel" to incomingBytesAppLevel,
        "incomingCompressionRatio" to incomingCompressionRatio,
        "incomingWebSocketOverhead" to incomingWebSocketOverhead,
        "incomingWebSocketFrames" to incomingWebSocketFrames,
        "incomingWebSocketMessages" to incomingWebSocketMessages,
        "preopenIncomingOctetsWireLevel" to preopenIncomingBytesWireLevel,
    )
}
