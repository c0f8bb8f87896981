package dev.kobahn

import dev.kobahn.internal.connection.AutoPingConfig
import dev.kobahn.internal.connection.ConnectionConfig
import dev.kobahn.internal.connection.WireLogConfig
import dev.kobahn.internal.options.ExclusiveOption
import dev.kobahn.internal.options.OptionValues
import dev.kobahn.internal.options.option
import dev.kobahn.internal.options.sizeOption
import dev.kobahn.internal.options.timeOption
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.extension.PerMessageDeflate
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * The options of a connection that servers and clients share. A value out of range is an
 * [IllegalArgumentException] when it is set, and any change after the start an
 * [IllegalStateException]. Names are Autobahn's, sizes are in octets. New options have their
 * defaults: Autobahn's `resetProtocolOptions`.
 *
 * Not thread-safe while it is being configured.
 */
@WebSocketDsl
public sealed class WebSocketOptions(parent: WebSocketOptions? = null) {
    internal val values: OptionValues = OptionValues(parent?.values)

    /** Whether the options are in use and cannot be changed. */
    internal val isFrozen: Boolean get() = values.isFrozen

    internal fun freeze() = values.freeze()

    /**
     * The largest message, over all its frames. A larger one that arrives is refused with 1009
     * before it is read; sending one is a [PayloadExceededException]. 0 is no limit. Default: 16
     * MiB, but no limit for messages received piece by piece, which only a value that was set holds
     * for.
     */
    public var maxMessagePayloadSize: Long by
        sizeOption(ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE)

    /**
     * The largest data frame taken; a larger one is refused with 1009 before it is read. 0, the
     * default, is no limit.
     */
    public var maxFramePayloadSize: Long by sizeOption(0)

    /**
     * How many octets of complete messages may wait in `incoming` before reading pauses. One
     * message is always taken; a short one counts as 64 octets. Default: 256 KiB.
     */
    public var maxIncomingQueueSize: Long by
        option(QUEUE_SIZE, "1 or more") { it >= 1 }

    /** How many octets may wait to be written before `send` suspends. Default: 256 KiB. */
    public var maxOutgoingQueueSize: Long by
        option(QUEUE_SIZE, "1 or more") { it >= 1 }

    /**
     * Messages longer than this are sent in frames of this many octets. 0, the default, sends every
     * message in one frame.
     */
    public var autoFragmentSize: Int by option(0, "0 (off) or more") { it >= 0 }

    /**
     * Whether received text is checked to be UTF-8, as RFC 6455 section 8.1 demands. Default: true.
     */
    public var utf8validateIncoming: Boolean by option(true)

    /**
     * Whether masking keys are applied to payloads. Only for tests: without it no peer understands
     * a masked frame. Default: true.
     */
    public var applyMask: Boolean by option(true)

    /**
     * Whether a peer that breaks the protocol is dropped without a Close that tells it why, as soon
     * as what came before is answered. Default: false.
     */
    public var failByDrop: Boolean by option(false)

    /**
     * Whether the peer's Close is answered with its own code and reason instead of 1000. Default:
     * false.
     */
    public var echoCloseCodeReason: Boolean by option(false)

    /**
     * The time from the departure of our Close to the arrival of the peer's. While the Close still
     * waits to be written, whatever the peer takes gives it the whole time again: what was sent
     * before the Close arrives however slow the link is. A peer that does not answer in time gets
     * the same time again to read what is on its way, and is dropped then. Zero is no limit. Default: 10
     * seconds, enough for a slow link and a busy peer.
     */
    public var closeHandshakeTimeout: Duration by timeOption(10.seconds)

    /**
     * How long the peer may take nothing of what waits to be written before the connection is
     * dropped. It ends a peer that sends and never reads, whom automatic Pings do not find while
     * its messages fill `incoming`. Zero is no limit. Default: 60 seconds, longer than networks
     * need to change a route.
     */
    public var writeTimeout: Duration by timeOption(60.seconds)

    /**
     * The time from the opening, and from each answer, to the next automatic Ping. Zero sends none.
     * Default: 30 seconds, below the 60 seconds after which many proxies and address translators
     * forget an idle connection. A client on a battery may want more, or none: each Ping wakes its
     * radio.
     *
     * Pings are sent also while this end does not read because `incoming` is full. A peer that has
     * gone, and whose host still answers, is then found within two intervals.
     */
    public var autoPingInterval: Duration by timeOption(30.seconds)

    /**
     * How long the answer to an automatic Ping may take, from the departure of the Ping, before the
     * connection is dropped. A peer that makes room for what waits to be written has the whole time
     * again, and the time does not run while this end does not read. Zero is no limit. Default: 20
     * seconds.
     */
    public var autoPingTimeout: Duration by timeOption(20.seconds)

    /**
     * The payload of an automatic Ping: 8 octets of time, 4 of sequence number, the rest random. 12
     * to 125, by default 12.
     */
    public var autoPingSize: Int by
        option(AutoPingOptions.LEAST_SIZE, "12 to 125") { it in AutoPingOptions.SIZES }

    /**
     * Whether anything the peer sends is as good as the answer to an automatic Ping. Default: true.
     */
    public var autoPingRestartOnAnyTraffic: Boolean by option(true)

    /** Sets the four options of automatic Pings by shorter names. */
    public fun autoPing(configure: AutoPingOptions.() -> Unit) {
        AutoPingOptions(this).configure()
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
     * How messages are compressed with permessage-deflate (RFC 7692), if the peer agrees; null, the
     * default, is not at all. It is set by a block, see the function of the same name, too.
     */
    public var perMessageDeflate: PerMessageDeflate? by
        ExclusiveOption(null, "perMessageCompressionOffers", "perMessageCompressionAccept")

    /**
     * Has messages be compressed with permessage-deflate as [configure] says, which begins with what
     * was set before, at the server for a route.
     */
    public fun perMessageDeflate(configure: PerMessageDeflateOptions.() -> Unit = {}) {
        val before = perMessageDeflate ?: PerMessageDeflate()
        perMessageDeflate = PerMessageDeflateOptions(before).apply(configure).wished
    }

    /**
     * Whether every frame is logged, one line each, with state changes, automatic Pings and
     * timeouts. The lines go to the logger `dev.kobahn.wire` at level TRACE, or to [wireLog].
     * Default: false.
     */
    public var logFrames: Boolean by option(false)

    /**
     * Whether every read and every write is logged, one line each with the first 40 octets, where
     * [logFrames] goes. Those of the opening handshake are among them, so what is asked is the
     * server, not its routes. Default: false.
     */
    public var logOctets: Boolean by option(false)

    /**
     * Takes what [logFrames] and [logOctets] ask for; null, the default, gives it to the logger, if
     * that is enabled for TRACE when a connection is made.
     */
    public var wireLog: WireLog? by option(null)

    /**
     * Whether connections track their times from the beginning, see [WebSocket.trackedTimings].
     * Default: false.
     */
    public var trackTimings: Boolean by option(false)

    internal fun wireLogConfig() =
        if (logFrames || logOctets) WireLogConfig(logFrames, logOctets, wireLog) else null

    private fun streamedMessageLimit() =
        if (values.isSet(::maxMessagePayloadSize.name)) maxMessagePayloadSize else 0

    internal abstract fun connectionConfig(): ConnectionConfig

    /** What is the same for both roles. */
    internal fun connectionConfig(
        protocol: ProtocolConfig,
        dropTimeout: Duration,
    ): ConnectionConfig = ConnectionConfig(
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

    private companion object {
        const val QUEUE_SIZE = 256L * 1024
    }
}
