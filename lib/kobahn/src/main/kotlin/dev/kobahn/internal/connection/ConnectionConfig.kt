package dev.kobahn.internal.connection

import dev.kobahn.protocol.ProtocolConfig
import kotlin.time.Duration

/** The options of a connection that is open, shared by all connections of a server or client. Times of zero mean none. */
internal class ConnectionConfig(
    val protocol: ProtocolConfig,
    val maxIncomingQueueSize: Long,
    val maxOutgoingQueueSize: Long,
    val autoFragmentSize: Int,
    val failByDrop: Boolean,
    val closeHandshakeTimeout: Duration,
    /** How long the peer has to end its side of the transport once both Close frames are exchanged. */
    val dropTimeout: Duration,
    /** How long the peer may take nothing of what waits to be written. */
    val writeTimeout: Duration = Duration.ZERO,
    /** Null if no Pings are sent automatically. */
    val autoPing: AutoPingConfig? = null,
    /** Null if neither frames nor octets are logged. */
    val wireLog: WireLogConfig? = null,
    val trackTimings: Boolean = false,
    /** The longest message taken by who receives it in pieces; 0 is no limit. */
    val maxStreamedMessageSize: Long = 0,
)
