package dev.kobahn

import dev.kobahn.protocol.MessageType
import kotlin.time.Duration
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow

/**
 * One end of a WebSocket connection, as a server's `onConnect` and a client's `connect` give it.
 *
 * ```
 * for (message in incoming) send(message)
 * ```
 *
 * Pings are answered and the peer's Close is replied to without any help. Every member may be used
 * from any thread and by several coroutines at once; messages leave in the order in which `send`
 * was called. Cancelling a suspended call ends that call only: the connection stays usable.
 */
public interface WebSocket {
    /**
     * The messages that arrive, in order. Iteration ends when the connection was closed cleanly;
     * otherwise it throws [ConnectionClosedException]. What arrived before the end is still handed
     * out.
     *
     * No message is lost by a `receive` that is cancelled, by a timeout for instance. When the
     * messages that wait exceed `maxIncomingQueueSize` octets, reading stops and with it the peer;
     * it goes on when they are taken. `incoming.cancel()` discards this and all further data, while
     * control frames are still served.
     */
    public val incoming: ReceiveChannel<Message>

    /**
     * The messages that arrive, each as soon as it begins and read piece by piece, for messages of
     * any length. Otherwise as [incoming], but for the limit: `maxMessagePayloadSize` counts here
     * only if it was set, and never more than `maxIncomingQueueSize` octets are kept.
     *
     * ```
     * for (message in incomingStreams) {
     *     while (true) file.write(message.read() ?: break)
     * }
     * ```
     *
     * Use either this or [incoming]: after one the other is an [IllegalStateException].
     */
    public val incomingStreams: ReceiveChannel<MessageReader>

    /** The subprotocol in use, or null. Autobahn: `websocket_protocol_in_use`. */
    public val protocol: String?

    /** Octets that are to be sent but not yet handed to the operating system. */
    public val bufferedAmount: Long

    /**
     * What the last automatic Ping took to be answered; null before the first answer, and always
     * without `autoPingInterval`. Autobahn: `onAutoPong`.
     */
    public val roundTripTime: StateFlow<Duration?>

    /** How far the connection has come; its end is awaited by [awaitClosed]. Autobahn: `state`. */
    public val state: WebSocketState

    /** How the connection ended, or null while it has not. */
    public val closeStatus: CloseStatus?

    /**
     * Sends [text] as one message.
     *
     * Suspends while more than `maxOutgoingQueueSize` octets wait to be written. The message is on
     * its way before that, so cancellation does not take it back.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     * @throws PayloadExceededException if the message is longer than `maxMessagePayloadSize`
     */
    public suspend fun send(text: String)

    /** Sends [octets] as one binary message; they are handed over and must not be changed. Otherwise as `send(text)`. */
    public suspend fun send(octets: ByteArray)

    /** Sends [message]; as `send(text)`. A text message that was received is sent without being decoded. */
    public suspend fun send(message: Message)

    /**
     * Sends [message] in frames of at most [fragmentSize] octets, whatever `autoFragmentSize` says;
     * 0 sends it in one frame. Otherwise as `send(text)`.
     *
     * @throws IllegalArgumentException if [fragmentSize] is negative
     */
    public suspend fun send(message: Message, fragmentSize: Int)

    /**
     * Sends one message of [type] that [block] writes piece by piece, of any length and with constant
     * memory. The message ends when the block returns. Other senders of messages wait until then,
     * first come first served; inside the block they are an [IllegalStateException].
     *
     * ```
     * sendMessage(MessageType.BINARY) { while (true) write(source.next() ?: break) }
     * ```
     *
     * When [block] throws or is cancelled, half a message is on its way: the connection is closed
     * with 1011, or dropped if a frame is incomplete; if nothing was written it goes on as if
     * nothing had been. `maxMessagePayloadSize` does not apply. Autobahn: `beginMessage` to
     * `endMessage`.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone, before the
     * message or within it
     */
    public suspend fun sendMessage(type: MessageType, block: suspend MessageWriter.() -> Unit)

    /**
     * Sends a Ping and returns the time until its Pong came. Suspends for that time; cancellation
     * only stops the waiting.
     *
     * @throws ConnectionClosedException if the connection ends before that
     * @throws ReadingPausedException if the Pong cannot arrive because [incoming] is full
     */
    public suspend fun ping(): Duration

    /**
     * Closes the connection (RFC 6455 section 7.1.2): sends a Close with [code] and [reason],
     * discards what still arrives, and suspends until the connection has ended, at the latest when
     * the timeouts for that have passed. If it is closing already this only waits. Cancellation
     * stops the waiting, not the closing.
     *
     * @param code 1000–1003, 1007–1014 or 3000–4999
     * @param reason cut to 123 octets of UTF-8 at the end of a code point
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public suspend fun close(code: Int = 1000, reason: String = ""): CloseStatus

    /** Suspends until the connection has ended, for whatever reason. Never throws because of how. */
    public suspend fun awaitClosed(): CloseStatus

    /**
     * What went over the connection since it began, or since [resetTrafficStats]: a value of this
     * moment. Counting is always on and costs next to nothing. Autobahn: `trafficStats`.
     */
    public val trafficStats: TrafficStats

    /** Has [trafficStats] begin anew from nothing. Autobahn: `trafficStats.reset()`. */
    public fun resetTrafficStats()

    /**
     * When what last happened, or null unless times are tracked: by the option `trackTimings` or
     * since [setTrackTimings]. Autobahn: `trackedTimings`.
     */
    public val trackedTimings: Timings?

    /** Begins to track times, from nothing, or stops to. */
    public fun setTrackTimings(on: Boolean)

    /** Ends the connection at once, without a Close; what was not yet written is lost. Autobahn: `dropConnection(abort=True)`. */
    public fun drop()
}
