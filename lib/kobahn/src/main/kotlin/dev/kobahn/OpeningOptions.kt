package dev.kobahn

import dev.kobahn.protocol.handshake.HeadLimits
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * The options of servers and clients that apply before a connection's request is known, so a
 * [Route] cannot override them.
 */
public sealed interface OpeningOptions {
    /**
     * The time limit for opening a connection. On a server it starts when the transport is
     * accepted. On a client it starts with the call of `connect` and includes the lookup of the
     * host name. Zero is no limit. Default: 5 seconds.
     */
    public var openHandshakeTimeout: Duration

    /** Whether the system sends short messages at once (`TCP_NODELAY`). Default: true. */
    public var tcpNoDelay: Boolean

    /**
     * The number of bytes that all connections together may hold: received messages that the
     * application has not taken, unfinished messages, and data that waits to be written, the queues
     * of groups included. Several connections on which one [PreparedMessage] waits share its size.
     * A server also counts the requests of open connections, plain HTTP responses, and data that
     * waits for the handler of an ended connection. A connection that holds less than 16 KiB counts
     * as 0, and the state that extensions keep between messages does not count. Each server and
     * each client has its own budget.
     *
     * Above three quarters of the budget, the connections that hold most are paused: nothing is
     * read from them, and `send` suspends until all earlier data is written. A connection that
     * stays paused for 5 seconds is closed with 1013 (try again later). Above the whole budget, the
     * connections that hold most are closed at once, and a server answers new handshakes with 503.
     * A connection that mostly holds output is dropped without a Close frame, because its peer does
     * not read. Other connections are not affected.
     *
     * Default: a quarter of the maximum heap size; the application and the garbage collector need
     * the rest. 0 is no limit: peers that each stay within the limits of a connection can then fill
     * the heap together.
     */
    public var memoryBudget: Long

    /** The maximum length of a line in an HTTP head, in bytes. Default: 8 KiB. */
    public var maxHeadLineLength: Int

    /** The maximum size of an HTTP head, in bytes. Default: 64 KiB. */
    public var maxHeadSize: Int

    /** The maximum number of fields in an HTTP head. Default: 100. */
    public var maxHeaders: Int
}

internal val OPEN_HANDSHAKE_TIMEOUT = 5.seconds

/** A quarter of the maximum heap size. */
internal val MEMORY_BUDGET: Long = Runtime.getRuntime().maxMemory() / 4

internal fun OpeningOptions.headLimits() = HeadLimits(maxHeadLineLength, maxHeadSize, maxHeaders)
