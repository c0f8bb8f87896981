package dev.kobahn

import dev.kobahn.internal.connection.AutoPingConfig
import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.connection.WireLogConfig
import dev.kobahn.internal.options.ExclusiveOption
import dev.kobahn.internal.options.OptionValues
import dev.kobahn.internal.options.headersOption
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.sizeOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.extension.PerMessageDeflate
import dev.kobahn.protocol.extension.PerMessageDeflateOptions
import dev.kobahn.protocol.frame.Opcode.MAX_CONTROL_PAYLOAD
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.areSubprotocols
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * The options of a connection that servers and clients share. Setting a value out of range throws
 * [IllegalArgumentException], and any change after the start throws [IllegalStateException]. Most
 * names are Autobahn's; sizes are in bytes. A new instance has the defaults: Autobahn's
 * `resetProtocolOptions`.
 *
 * Not thread-safe during configuration.
 */
@WebSocketDsl
public sealed class WebSocketOptions(parent: WebSocketOptions? = null) {
    internal val values: OptionValues = OptionValues(parent?.values)

    /** Whether the options are in use and cannot change. */
    internal val isFrozen: Boolean get() = values.isFrozen

    internal fun freeze() = values.freeze()

    /**
     * The subprotocols that a server speaks or a client offers, in order of preference. Default:
     * none. Autobahn: `protocols`.
     */
    public var subprotocols: List<String> by
        option(emptyList(), "tokens, each once", ::areSubprotocols)

    /** Additional header fields of a client's request or of a server's 101. Default: none. */
    public var headers: Headers by headersOption()

    /**
     * The maximum size of a message, over all its frames. A larger received message is refused with
     * 1009 before it is read; sending one throws [PayloadExceededException]. 0 is no limit.
     * Default: 16 MiB. For messages received in pieces there is no default limit: only a value that
     * was set applies.
     */
    public var maxMessagePayloadSize: Long by
        sizeOption(ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE)

    /**
     * The maximum payload of a received data frame. A larger frame is refused with 1009 before it
     * is read. 0, the default, is no limit.
     */
    public var maxFramePayloadSize: Long by sizeOption(0)

    /**
     * The number of bytes of complete messages that may wait in `incoming` before reading pauses.
     * One message may always wait; a short message counts as 64 bytes. Default: 256 KiB.
     */
    public var maxIncomingQueueSize: Long by
        option(QUEUE_SIZE, "1 or more") { it >= 1 }

    /**
     * The number of bytes that may wait to be written before `send` suspends. Default: 256 KiB.
     */
    public var maxOutgoingQueueSize: Long by
        option(QUEUE_SIZE, "1 or more") { it >= 1 }

    /**
     * The maximum payload of sent frames: longer messages are split. 0, the default, sends every
     * message in one frame.
     */
    public var autoFragmentSize: Int by option(0, "0 (off) or more") { it >= 0 }

    /**
     * Whether received text is checked to be UTF-8, as RFC 6455 section 8.1 demands. Default: true.
     */
    public var utf8validateIncoming: Boolean by option(true)

    /** Whether masking keys are applied to payloads. Set by `dev.kobahn.autobahn`. */
    internal var applyMask: Boolean by option(true)

    /**
     * Whether a peer that breaks the protocol is dropped without a Close, once its earlier data is
     * answered. Default: false.
     */
    public var failByDrop: Boolean by option(false)

    /**
     * Whether the peer's Close is answered with its own code and reason instead of 1000. Default:
     * false.
     */
    public var echoCloseCodeReason: Boolean by option(false)

    /**
     * The time limit from the departure of this end's Close to the arrival of the peer's. While the
     * Close waits to be written, each progress of writing restarts the time, so data sent before
     * the Close arrives even on a slow link. A peer that does not answer in time gets the same time
     * once more to read the data on its way, and is then dropped. Zero is no limit. Default: 10
     * seconds, enough for a slow link and a busy peer.
     */
    public var closeHandshakeTimeout: Duration by timeOption(10.seconds)

    /**
     * The time limit for the peer to close the transport after both Close frames were exchanged.
     * Zero is no limit. Default: 1 second. Autobahn: `serverConnectionDropTimeout` on a client.
     */
    public var dropTimeout: Duration by timeOption(1.seconds)

    /**
     * The time limit for a peer that takes none of the data that waits to be written; after it the
     * connection is dropped. It ends a peer that sends but never reads, which automatic Pings do
     * not detect while its messages fill `incoming`. Zero is no limit. Default: 60 seconds, longer
     * than networks need to change a route.
     */
    public var writeTimeout: Duration by timeOption(60.seconds)

    /**
     * The time from the opening, and from each answer, to the next automatic Ping. Zero sends none.
     * Default: 30 seconds, below the 60 seconds after which many proxies and address translators
     * forget an idle connection. A client on a battery may need more, or none: each Ping wakes its
     * radio.
     *
     * Pings are sent even while this end does not read because `incoming` is full. If the peer is
     * gone but its host still answers, the connection then ends within two intervals.
     */
    public var autoPingInterval: Duration by timeOption(30.seconds)

    /**
     * The time limit for the answer to an automatic Ping, from the departure of the Ping; after it
     * the connection is dropped. Each progress of writing restarts the time, and the time does not
     * run while this end does not read. Zero is no limit. Default: 20 seconds.
     */
    public var autoPingTimeout: Duration by timeOption(20.seconds)

    /**
     * The payload size of an automatic Ping, 12 to 125 bytes: 8 bytes of time, 4 of sequence
     * number, the rest random. Default: 12.
     */
    public var autoPingSize: Int by
        option(LEAST_PING_SIZE, "12 to 125") { it in LEAST_PING_SIZE..MAX_CONTROL_PAYLOAD }

    /** Whether any data from the peer counts as the answer to an automatic Ping. Default: true. */
    public var autoPingRestartOnAnyTraffic: Boolean by option(true)

    /** Sets the four options of automatic Pings under short names. */
    public fun autoPing(configure: AutoPing.() -> Unit) {
        AutoPing(this).configure()
    }

    internal fun autoPingConfig(): AutoPingConfig? {
        if (autoPingInterval == Duration.ZERO) return null
        return AutoPingConfig(
            autoPingInterval,
            autoPingTimeout,
            autoPingSize,
            autoPingRestartOnAnyTraffic,
        )
    }

    /**
     * The settings of permessage-deflate (RFC 7692), used if the peer agrees. Null, the default,
     * turns compression off. The function of the same name sets them by a block.
     */
    public var perMessageDeflate: PerMessageDeflate? by
        ExclusiveOption(null, "perMessageCompressionOffers", "perMessageCompressionAccept")

    /**
     * Turns on permessage-deflate with the settings of [configure]. The block starts with the
     * values set before; for a route, with those of the server.
     */
    public fun perMessageDeflate(
        configure: (@WebSocketDsl PerMessageDeflateOptions).() -> Unit = {},
    ) {
        val before = perMessageDeflate?.options ?: PerMessageDeflateOptions()
        perMessageDeflate = PerMessageDeflate.of(before.apply(configure))
    }

    /**
     * Whether every frame is logged, one line each, along with state changes, automatic Pings and
     * timeouts. The lines go to the logger `dev.kobahn.wire` at level TRACE, or to [wireLog].
     * Default: false.
     */
    public var logFrames: Boolean by option(false)

    /**
     * Whether every read and write is logged, one line each with the first 40 bytes, to the same
     * target as [logFrames]. The opening handshake is included, so the server's option applies, not
     * that of a route. Default: false.
     */
    public var logBytes: Boolean by option(false)

    /**
     * The receiver of the entries of [logFrames] and [logBytes]. Null, the default, sends them to
     * the logger, if that is enabled for TRACE when a connection is made.
     */
    public var wireLog: WireLog? by option(null)

    /**
     * Whether connections track times from their beginning, see [WebSocketStatistics.timings].
     * Default: false.
     */
    public var trackTimings: Boolean by option(false)

    internal fun wireLogConfig() =
        if (logFrames || logBytes) WireLogConfig(logFrames, logBytes, wireLog) else null

    private fun streamedMessageLimit() =
        if (values.isSet(::maxMessagePayloadSize.name)) maxMessagePayloadSize else 0

    internal abstract fun connectionConfig(): ConnectionConfig

    /** Returns the configuration with the options that both roles share. */
    internal fun connectionConfig(protocol: ProtocolConfig): ConnectionConfig = ConnectionConfig(
        protocol = protocol,
        maxIncomingQueueSize = maxIncomingQueueSize,
        maxOutgoingQueueSize = maxOutgoingQueueSize,
        autoFragmentSize = autoFragmentSize,
        failByDrop = failByDrop,
        closeHandshakeTimeout = closeHandshakeTimeout,
        dropTimeout = dropTimeout,
        writeTimeout = writeTimeout,
        autoPing = autoPingConfig(),
        wireLog = wireLogConfig(),
        trackTimings = trackTimings,
        maxStreamedMessageSize = streamedMessageLimit(),
    )

    /** The options of automatic Pings, under short names; see [autoPing]. */
    @WebSocketDsl
    public class AutoPing internal constructor(private val options: WebSocketOptions) {
        /** The same as [autoPingInterval]. */
        public var interval: Duration by options::autoPingInterval

        /** The same as [autoPingTimeout]. */
        public var timeout: Duration by options::autoPingTimeout

        /** The same as [autoPingSize]. */
        public var size: Int by options::autoPingSize

        /** The same as [autoPingRestartOnAnyTraffic]. */
        public var restartOnAnyTraffic: Boolean by options::autoPingRestartOnAnyTraffic
    }

    private companion object {
        const val QUEUE_SIZE = 256L * 1024

        /** A time and a number. */
        const val LEAST_PING_SIZE = 12
    }
}

internal val OPEN_HANDSHAKE_TIMEOUT = 5.seconds

/** A quarter of the maximum heap size. */
internal val MEMORY_BUDGET: Long = Runtime.getRuntime().maxMemory() / 4
