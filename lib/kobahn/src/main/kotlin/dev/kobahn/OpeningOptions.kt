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
     * How many bytes all connections together may hold: messages that the application has not
     * received yet, unfinished messages, and what waits to be sent, groups' queues included. Of a
     * [PreparedMessage] that waits on several connections each counts its part. A server also counts
     * requests, as long as their connections are open, answers in plain HTTP, and what waits for the
     * handler of a connection that has ended. A connection that holds less than 16 KiB counts as one
     * that holds nothing, and what extensions keep from message to message does not count. Each
     * server and each client has a budget of its own.
     *
     * Above three quarters of it, the connections that hold most are paused: nothing is read from
     * them, and `send` suspends until all that was sent before is written. Who is paused for 5
     * seconds is closed with 1013 (try again later). Above the whole of it, those that hold most are
     * closed at once, and a server answers new handshakes with 503. A connection that mostly holds
     * output is dropped without a Close frame, since its peer does not read. The others go on.
     *
     * Default: a quarter of the heap's maximum; the application and the garbage collector need the
     * rest. 0 is no limit: then peers that each stay within the limits of a connection can fill the
     * heap together.
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
