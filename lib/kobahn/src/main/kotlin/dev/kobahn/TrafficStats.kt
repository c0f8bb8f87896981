package dev.kobahn

import dev.kobahn.protocol.TrafficCounts
import dev.kobahn.protocol.handshake.appendJson

/**
 * What went over a connection, see [WebSocket.trafficStats]. Immutable. The names are Autobahn's;
 * outgoing is what this end sends.
 *
 * Wire level is all octets that came or went while the connection was open, headers and control
 * frames included; what comes after this end's Close counts nowhere. WebSocket level is the payload
 * of data frames, application level the same before compression or after decompression.
 */
public class TrafficStats internal constructor(private val counts: LongArray) {
    /** Octets of all frames sent. */
    public val outgoingOctetsWireLevel: Long get() = counts[TrafficCounts.WIRE_SENT]

    /** Octets received while the connection was open. */
    public val incomingOctetsWireLevel: Long get() = counts[TrafficCounts.WIRE_RECEIVED]

    /** Octets sent in the opening handshake. */
    public val preopenOutgoingOctetsWireLevel: Long get() = counts[TrafficCounts.PREOPEN_SENT]

    /**
     * Octets received up to the opening, with those of frames that came in one read with the end of
     * the handshake. They are not in [incomingOctetsWireLevel], though their payload is counted.
     */
    public val preopenIncomingOctetsWireLevel: Long get() = counts[TrafficCounts.PREOPEN_RECEIVED]

    /** Payload octets of data frames sent, after compression. */
    public val outgoingOctetsWebSocketLevel: Long get() = counts[TrafficCounts.PAYLOAD_SENT]

    /** Payload octets of data frames received, before decompression. */
    public val incomingOctetsWebSocketLevel: Long get() = counts[TrafficCounts.PAYLOAD_RECEIVED]

    /** Octets of messages sent, before compression. */
    public val outgoingOctetsAppLevel: Long get() = counts[TrafficCounts.APPLICATION_SENT]

    /** Octets of messages received, after decompression. */
    public val incomingOctetsAppLevel: Long get() = counts[TrafficCounts.APPLICATION_RECEIVED]

    /** Data frames sent. */
    public val outgoingWebSocketFrames: Long get() = counts[TrafficCounts.FRAMES_SENT]

    /** Data frames received to their end. */
    public val incomingWebSocketFrames: Long get() = counts[TrafficCounts.FRAMES_RECEIVED]

    /** Messages sent; one sent in pieces counts from its beginning. */
    public val outgoingWebSocketMessages: Long get() = counts[TrafficCounts.MESSAGES_SENT]

    /** Messages received to their end. */
    public val incomingWebSocketMessages: Long get() = counts[TrafficCounts.MESSAGES_RECEIVED]

    /** Octets at WebSocket level for each at application level; null if there were none. */
    public val outgoingCompressionRatio: Double?
        get() = outgoingOctetsWebSocketLevel per outgoingOctetsAppLevel

    /** As [outgoingCompressionRatio], of what was received. */
    public val incomingCompressionRatio: Double?
        get() = incomingOctetsWebSocketLevel per incomingOctetsAppLevel

    /** Octets at wire level over and above each at WebSocket level; null without any of those. */
    public val outgoingWebSocketOverhead: Double?
        get() = outgoingOctetsWireLevel - outgoingOctetsWebSocketLevel per
            outgoingOctetsWebSocketLevel

    /** As [outgoingWebSocketOverhead], of what was received. */
    public val incomingWebSocketOverhead: Double?
        get() = incomingOctetsWireLevel - incomingOctetsWebSocketLevel per
            incomingOctetsWebSocketLevel

    private infix fun Long.per(other: Long): Double? = if (other == 0L) null else toDouble() / other

    /** Every number by its name, those of all properties here. Autobahn: `__json__`. */
    public fun toMap(): Map<String, Number?> = linkedMapOf(
        "outgoingOctetsWireLevel" to outgoingOctetsWireLevel,
        "outgoingOctetsWebSocketLevel" to outgoingOctetsWebSocketLevel,
        "outgoingOctetsAppLevel" to outgoingOctetsAppLevel,
        "outgoingCompressionRatio" to outgoingCompressionRatio,
        "outgoingWebSocketOverhead" to outgoingWebSocketOverhead,
        "outgoingWebSocketFrames" to outgoingWebSocketFrames,
        "outgoingWebSocketMessages" to outgoingWebSocketMessages,
        "preopenOutgoingOctetsWireLevel" to preopenOutgoingOctetsWireLevel,
        "incomingOctetsWireLevel" to incomingOctetsWireLevel,
        "incomingOctetsWebSocketLevel" to incomingOctetsWebSocketLevel,
        "incomingOctetsAppLevel" to incomingOctetsAppLevel,
        "incomingCompressionRatio" to incomingCompressionRatio,
        "incomingWebSocketOverhead" to incomingWebSocketOverhead,
        "incomingWebSocketFrames" to incomingWebSocketFrames,
        "incomingWebSocketMessages" to incomingWebSocketMessages,
        "preopenIncomingOctetsWireLevel" to preopenIncomingOctetsWireLevel,
    )

    /** [toMap] as JSON. */
    public fun toJson(): String = StringBuilder().appendJson(toMap()).toString()

    /** As [toJson]. */
    override fun toString(): String = toJson()
}
