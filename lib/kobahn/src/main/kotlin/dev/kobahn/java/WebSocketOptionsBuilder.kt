package dev.kobahn.java

import dev.kobahn.PerMessageDeflateOptions
import dev.kobahn.WebSocketOptions
import dev.kobahn.WireLog
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.function.Consumer
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration

/**
 * The options of a connection that servers and clients share, named as in [WebSocketOptions], where
 * their defaults are. Sizes are in octets; a time of zero is no limit. A value out of range is an
 * [IllegalArgumentException] when it is set. Not thread-safe.
 */
public sealed class WebSocketOptionsBuilder<B : WebSocketOptionsBuilder<B>> {
    private val changes = ArrayList<(WebSocketOptions) -> Unit>()

    /** Where a change is tried, so that the line that is wrong throws. */
    @get:JvmSynthetic
    internal abstract val tried: WebSocketOptions

    /** Tries [change] and keeps it for what will be built. */
    @JvmSynthetic
    internal fun change(change: (WebSocketOptions) -> Unit): B {
        change(tried)
        changes.add(change)
        @Suppress("UNCHECKED_CAST")
        return this as B
    }

    @JvmSynthetic
    internal fun applyTo(options: WebSocketOptions) = changes.forEach { it(options) }

    /** What [applyTo] does now, whatever is added later. */
    @JvmSynthetic
    internal fun copied(): (WebSocketOptions) -> Unit {
        val copy = changes.toList()
        return { options -> copy.forEach { it(options) } }
    }

    /**
     * The largest message taken, over all its frames; a larger one is refused with 1009 before it
     * is read. 0 is no limit.
     */
    public fun maxMessagePayloadSize(octets: Long): B = change { it.maxMessagePayloadSize = octets }

    /**
     * The largest data frame taken; a larger one is refused with 1009 before it is read. 0 is no
     * limit.
     */
    public fun maxFramePayloadSize(octets: Long): B = change { it.maxFramePayloadSize = octets }

    /**
     * How many octets of complete messages may wait for demand before reading pauses. One message
     * is always taken.
     */
    public fun maxIncomingQueueSize(octets: Long): B = change { it.maxIncomingQueueSize = octets }

    /** How many octets may wait to be written before the futures of `send` are kept waiting. */
    public fun maxOutgoingQueueSize(octets: Long): B = change { it.maxOutgoingQueueSize = octets }

    /**
     * Messages longer than this are sent in frames of this many octets. 0 sends every message in
     * one frame.
     */
    public fun autoFragmentSize(octets: Int): B = change { it.autoFragmentSize = octets }

    /** Whether received text is checked to be UTF-8, as RFC 6455 section 8.1 demands. */
    public fun utf8validateIncoming(on: Boolean): B = change { it.utf8validateIncoming = on }

    /**
     * Whether masking keys are applied to payloads. Only for tests: without it no peer understands
     * a masked frame.
     */
    public fun applyMask(on: Boolean): B = change { it.applyMask = on }

    /**
     * Whether a peer that breaks the protocol is dropped without a Close that tells it why, as soon
     * as what came before is answered.
     */
    public fun failByDrop(on: Boolean): B = change { it.failByDrop = on }

    /** Whether the peer's Close is answered with its own code and reason instead of 1000. */
    public fun echoCloseCodeReason(on: Boolean): B = change { it.echoCloseCodeReason = on }

    /** The time from the departure of our Close to the arrival of the peer's. */
    public fun closeHandshakeTimeout(time: Long, unit: TimeUnit): B =
        time(time, unit) { closeHandshakeTimeout = it }

    /** As `closeHandshakeTimeout(time, unit)`; not below Android API 26. */
    @UsesJavaTime
    public fun closeHandshakeTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { closeHandshakeTimeout = it }

    /**
     * How long the peer may take nothing of what waits to be written before the connection is
     * dropped; zero is no limit.
     */
    public fun writeTimeout(time: Long, unit: TimeUnit): B = time(time, unit) { writeTimeout = it }

    /** As `writeTimeout(time, unit)`; not below Android API 26. */
    @UsesJavaTime
    public fun writeTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { writeTimeout = it }

    /** The time from the opening, and from each answer, to the next automatic Ping; zero sends none. */
    public fun autoPingInterval(time: Long, unit: TimeUnit): B =
        time(time, unit) { autoPingInterval = it }

    /** As `autoPingInterval(time, unit)`; not below Android API 26. */
    @UsesJavaTime
    public fun autoPingInterval(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { autoPingInterval = it }

    /** How long the answer to an automatic Ping may take before the connection is dropped. */
    public fun autoPingTimeout(time: Long, unit: TimeUnit): B =
        time(time, unit) { autoPingTimeout = it }

    /** As `autoPingTimeout(time, unit)`; not below Android API 26. */
    @UsesJavaTime
    public fun autoPingTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { autoPingTimeout = it }

    /** The payload of an automatic Ping in octets, 12 to 125. */
    public fun autoPingSize(octets: Int): B = change { it.autoPingSize = octets }

    /** Whether anything the peer sends is as good as the answer to an automatic Ping. */
    public fun autoPingRestartOnAnyTraffic(on: Boolean): B =
        change { it.autoPingRestartOnAnyTraffic = on }

    /** Whether messages are compressed with permessage-deflate (RFC 7692), if the peer agrees. */
    public fun perMessageDeflate(on: Boolean): B =
        change { if (on) it.perMessageDeflate() else it.perMessageDeflate = null }

    /**
     * Has messages be compressed with permessage-deflate as [configure] says, which begins with what
     * was set before, at the server for a route.
     */
    public fun perMessageDeflate(configure: Consumer<in PerMessageDeflateOptions>): B =
        change { it.perMessageDeflate { configure.accept(this) } }

    /**
     * Whether every frame is logged, one line each, to the logger `dev.kobahn.wire` at level TRACE
     * or to [wireLog].
     */
    public fun logFrames(on: Boolean): B = change { it.logFrames = on }

    /** Whether every read and every write is logged, one line each, where [logFrames] goes. */
    public fun logOctets(on: Boolean): B = change { it.logOctets = on }

    /** Takes what [logFrames] and [logOctets] ask for; null gives it to the logger. */
    public fun wireLog(log: WireLog?): B = change { it.wireLog = log }

    /** Whether connections track their times, see [AsyncWebSocket.trackedTimings]. */
    public fun trackTimings(on: Boolean): B = change { it.trackTimings = on }

    /**
     * Where listeners are called, and everything else that is handed to the builder; see
     * [WebSocketListener] for the default.
     */
    public abstract fun executor(executor: Executor): B

    private fun time(time: Duration, set: WebSocketOptions.(Duration) -> Unit): B =
        change { it.set(time) }

    private fun time(time: Long, unit: TimeUnit, set: WebSocketOptions.(Duration) -> Unit): B =
        time(time.toDuration(unit.toDurationUnit()), set)
}
