package dev.kobahn.java

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.WebSocketOptions
import dev.kobahn.WireLog
import dev.kobahn.protocol.extension.PerMessageDeflateOptions
import dev.kobahn.protocol.handshake.Headers
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.function.Consumer
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.asCoroutineDispatcher

/**
 * The options of a connection that servers and clients share. The names and defaults are those of
 * [WebSocketOptions]. Sizes are in bytes; a time limit of zero is none. Setting a value out of range
 * throws [IllegalArgumentException]. Not thread-safe.
 */
public sealed class WebSocketOptionsBuilder<B : WebSocketOptionsBuilder<B>> {
    /** The dispatcher over the executor that was set, or null. */
    @get:JvmSynthetic
    internal var dispatcher: CoroutineDispatcher? = null
        private set

    private val changes = ArrayList<(WebSocketOptions) -> Unit>()

    /** The options on which each change is tried, so that the line with the wrong value throws. */
    @get:JvmSynthetic
    internal abstract val tried: WebSocketOptions

    /** Tries [change] and keeps it for the options to be built. */
    @JvmSynthetic
    internal fun change(change: (WebSocketOptions) -> Unit): B {
        change(tried)
        changes.add(change)
        @Suppress("UNCHECKED_CAST")
        return this as B
    }

    @JvmSynthetic
    internal fun applyTo(options: WebSocketOptions) = changes.forEach { it(options) }

    /** Returns the current effect of [applyTo]; later changes do not affect it. */
    @JvmSynthetic
    internal fun copied(): (WebSocketOptions) -> Unit {
        val copy = changes.toList()
        return { options -> copy.forEach { it(options) } }
    }

    /**
     * Sets the subprotocols that a server speaks or a client offers, in order of preference.
     */
    public fun subprotocols(vararg subprotocols: String): B =
        subprotocols.toList().let { change { options -> options.subprotocols = it } }

    /** Sets additional header fields of a client's request or of a server's 101. */
    public fun headers(headers: Headers): B = change { it.headers = headers }

    /**
     * Sets the maximum size of a message, over all its frames. A larger received message is refused
     * with 1009 before it is read; sending one fails. 0 is no limit.
     */
    public fun maxMessagePayloadSize(bytes: Long): B = change { it.maxMessagePayloadSize = bytes }

    /**
     * Sets the maximum payload of a received data frame. A larger frame is refused with 1009 before
     * it is read. 0 is no limit.
     */
    public fun maxFramePayloadSize(bytes: Long): B = change { it.maxFramePayloadSize = bytes }

    /**
     * Sets the number of bytes of complete messages that may wait for demand before reading pauses.
     * One message may always wait.
     */
    public fun maxIncomingQueueSize(bytes: Long): B = change { it.maxIncomingQueueSize = bytes }

    /**
     * Sets the number of bytes that may wait to be written before the futures of `send` have to
     * wait.
     */
    public fun maxOutgoingQueueSize(bytes: Long): B = change { it.maxOutgoingQueueSize = bytes }

    /**
     * Sets the maximum payload of sent frames: longer messages are split. 0 sends every message in
     * one frame.
     */
    public fun autoFragmentSize(bytes: Int): B = change { it.autoFragmentSize = bytes }

    /** Sets whether received text is checked to be UTF-8, as RFC 6455 section 8.1 demands. */
    public fun utf8validateIncoming(on: Boolean): B = change { it.utf8validateIncoming = on }

    /**
     * Sets whether a peer that breaks the protocol is dropped without a Close, once its earlier
     * data is answered.
     */
    public fun failByDrop(on: Boolean): B = change { it.failByDrop = on }

    /** Sets whether the peer's Close is answered with its own code and reason instead of 1000. */
    public fun echoCloseCodeReason(on: Boolean): B = change { it.echoCloseCodeReason = on }

    /** Sets the time limit from the departure of this end's Close to the arrival of the peer's. */
    public fun closeHandshakeTimeout(time: Long, unit: TimeUnit): B =
        time(time, unit) { closeHandshakeTimeout = it }

    /**
     * Sets the time limit as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `closeHandshakeTimeout(time, unit)`.
     */
    @UsesJavaTime
    public fun closeHandshakeTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { closeHandshakeTimeout = it }

    /**
     * Sets the time limit for the peer to close the transport after both Close frames were
     * exchanged. Zero is no limit.
     */
    public fun dropTimeout(time: Long, unit: TimeUnit): B = time(time, unit) { dropTimeout = it }

    /**
     * Sets the time limit as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `dropTimeout(time, unit)`.
     */
    @UsesJavaTime
    public fun dropTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { dropTimeout = it }

    /**
     * Sets the time limit for a peer that takes none of the data that waits to be written; after it
     * the connection is dropped. Zero is no limit.
     */
    public fun writeTimeout(time: Long, unit: TimeUnit): B = time(time, unit) { writeTimeout = it }

    /**
     * Sets the time limit as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `writeTimeout(time, unit)`.
     */
    @UsesJavaTime
    public fun writeTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { writeTimeout = it }

    /**
     * Sets the time from the opening, and from each answer, to the next automatic Ping. Zero sends
     * none.
     */
    public fun autoPingInterval(time: Long, unit: TimeUnit): B =
        time(time, unit) { autoPingInterval = it }

    /**
     * Sets the interval as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `autoPingInterval(time, unit)`.
     */
    @UsesJavaTime
    public fun autoPingInterval(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { autoPingInterval = it }

    /**
     * Sets the time limit for the answer to an automatic Ping; after it the connection is dropped.
     */
    public fun autoPingTimeout(time: Long, unit: TimeUnit): B =
        time(time, unit) { autoPingTimeout = it }

    /**
     * Sets the time limit as a `java.time.Duration`; not below Android API 26. Otherwise like
     * `autoPingTimeout(time, unit)`.
     */
    @UsesJavaTime
    public fun autoPingTimeout(time: java.time.Duration): B =
        time(time.toKotlinDuration()) { autoPingTimeout = it }

    /** Sets the payload size of an automatic Ping in bytes, 12 to 125. */
    public fun autoPingSize(bytes: Int): B = change { it.autoPingSize = bytes }

    /** Sets whether any data from the peer counts as the answer to an automatic Ping. */
    public fun autoPingRestartOnAnyTraffic(on: Boolean): B =
        change { it.autoPingRestartOnAnyTraffic = on }

    /** Turns permessage-deflate (RFC 7692) on or off. It is used if the peer agrees. */
    public fun perMessageDeflate(on: Boolean): B =
        change { if (on) it.perMessageDeflate() else it.perMessageDeflate = null }

    /**
     * Turns on permessage-deflate with the settings of [configure]. The function starts with the
     * values set before; for a route, with those of the server.
     */
    public fun perMessageDeflate(configure: Consumer<in PerMessageDeflateOptions>): B =
        change { it.perMessageDeflate { configure.accept(this) } }

    /**
     * Sets whether every frame is logged, one line each, to the logger `dev.kobahn.wire` at level
     * TRACE or to [wireLog].
     */
    public fun logFrames(on: Boolean): B = change { it.logFrames = on }

    /**
     * Sets whether every read and write is logged, one line each, to the same target as
     * [logFrames].
     */
    public fun logBytes(on: Boolean): B = change { it.logBytes = on }

    /**
     * Sets the receiver of the entries of [logFrames] and [logBytes]; null sends them to the
     * logger.
     */
    public fun wireLog(log: WireLog?): B = change { it.wireLog = log }

    /** Sets whether connections track times, see [dev.kobahn.WebSocketStatistics.timings]. */
    public fun trackTimings(on: Boolean): B = change { it.trackTimings = on }

    /**
     * Sets the executor that calls listeners and the functions given to this builder; see
     * [WebSocketListener] for the default. A listener that waits for a future keeps a thread, and
     * futures complete on this executor too: it needs more threads than the number of listeners
     * that wait at once. It must accept every task until the server has stopped or the client's
     * last connection has ended. The library does not shut it down.
     */
    public fun executor(executor: Executor): B {
        val executing = executor.asCoroutineDispatcher()
        dispatcher = executing
        return change { options ->
            if (options is ServerConnectionOptions) options.handlerDispatcher = executing
        }
    }

    private fun time(time: Duration, set: WebSocketOptions.(Duration) -> Unit): B =
        change { it.set(time) }

    private fun time(time: Long, unit: TimeUnit, set: WebSocketOptions.(Duration) -> Unit): B =
        time(time.toDuration(unit.toDurationUnit()), set)
}
