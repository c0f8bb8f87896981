package dev.kobahn.internal.connection

import dev.kobahn.protocol.ProtocolConfig
import kotlin.time.Duration

/** The options that all connections of a server or client share. A time of zero is no limit. */
internal class ConnectionConfig(
    val protocol: ProtocolConfig,
    val maxIncomingQueueSize: Long,
    val maxOutgoingQueueSize: Long,
    val autoFragmentSize: Int,
    val failByDrop: Boolean,
    val closeHandshakeTimeout: Duration,
    /** The time the peer has to end its direction of the transport after both Close frames. */
    val dropTimeout: Duration,
    /** The time the peer may take nothing of the bytes that wait to be written. */
    val writeTimeout: Duration = Duration.ZERO,
    /** Null if no Pings are sent automatically. */
    val autoPing: AutoPingConfig? = null,
    /** Null if neither frames nor bytes are logged. */
    val wireLog: WireLogConfig? = null,
    val trackTimings: Boolean = false,
    /** The longest message of an application that receives in pieces; 0 is no limit. */
    val maxStreamedMessageSize: Long = 0,
)
