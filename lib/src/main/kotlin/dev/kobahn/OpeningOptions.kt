package dev.kobahn

import dev.kobahn.protocol.handshake.HeadLimits
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * The options of servers and clients that act before anything is known of a connection, so that no
 * route can have its own.
 */
public sealed interface OpeningOptions {
    /**
     * The time to the open WebSocket: of a server from the transport's connection on, of a client
     * from the call of `connect` on, the lookup of the host's name included. Zero is no limit.
     * Default: 5 seconds.
     */
    public var openHandshakeTimeout: Duration

    /** Whether short messages leave at once (`TCP_NODELAY`). Default: true. */
    public var tcpNoDelay: Boolean

    /** The longest line of an HTTP head. Default: 8 KiB. */
    public var maxHeadLineLength: Int

    /** The longest HTTP head. Default: 64 KiB. */
    public var maxHeadSize: Int

    /** How many fields an HTTP head may have. Default: 100. */
    public var maxHeaders: Int
}

internal val OPEN_HANDSHAKE_TIMEOUT = 5.seconds

internal fun OpeningOptions.headLimits() = HeadLimits(maxHeadLineLength, maxHeadSize, maxHeaders)
