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

    /**
     * How many octets all connections together may hold: what came and was not yet received by the
     * application, unfinished messages and what waits to be sent, but not what goes to many in one
     * [PreparedMessage]. Nearing it, those that hold most are not read from; if that does not help
     * within 5 seconds, or above it, they are closed with 1013 (try again later), or dropped if it is
     * output, and handshakes are answered with 503. The others go on. Without it, peers that stay
     * within every limit of a connection could still fill the heap together. 0 is no limit. Default: a
     * quarter of the heap's maximum, for the application and the garbage collector need some too.
     */
    public var memoryBudget: Long

    /** The longest line of an HTTP head. Default: 8 KiB. */
    public var maxHeadLineLength: Int

    /** The longest HTTP head. Default: 64 KiB. */
    public var maxHeadSize: Int

    /** How many fields an HTTP head may have. Default: 100. */
    public var maxHeaders: Int
}

internal val OPEN_HANDSHAKE_TIMEOUT = 5.seconds

/** A quarter of the heap. */
internal val MEMORY_BUDGET: Long = Runtime.getRuntime().maxMemory() / 4

internal fun OpeningOptions.headLimits() = HeadLimits(maxHeadLineLength, maxHeadSize, maxHeaders)
