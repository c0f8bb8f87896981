package dev.kobahn

import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.extension.ExtensionHeader
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
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
 * was called. Cancelling a suspended call ends that call only and leaves the connection usable; only
 * half a message, see [sendMessage], cannot be taken back.
 */
public interface WebSocket {
    /**
     * The messages that arrive, in order. Iteration ends when the connection was closed cleanly;
     * otherwise it throws [ConnectionClosedException]. `receive` throws that after every end, with
     * how it ended. What arrived before the end is still handed out.
     *
     * A `receive` that is cancelled, by a timeout for instance, takes no message. But off the event
     * loop a timeout may strike when it has just returned: then `withTimeoutOrNull` drops the result
     * of its block. Use the message inside of the block, or keep an iterator, which has what it found:
     *
     * ```
     * val messages = incoming.iterator()
     * while (true) {
     *     val found = withTimeoutOrNull(20.seconds) { messages.hasNext() } ?: continue
     *     if (found) use(messages.next()) else break
     * }
     * ```
     *
     * When the messages that wait exceed `maxIncomingQueueSize` octets, reading stops and with it the peer;
     * it goes on when they are taken. `incoming.cancel()` discards this and all further data, while
     * control frames are still served: a handler that only sends does that, or [whileOpen].
     */
    public val incoming: ReceiveChannel<Message>

    /**
     * The messages that arrive, each as soon as it begins and read piece by piece, for messages of
     * any length. Otherwise as [incoming], but for the limit: `maxMessagePayloadSize` counts here
     * only if it was set, and reading pauses while more than `maxIncomingQueueSize` octets of
     * them are not yet read; a short piece counts as 64.
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

    /**
     * The extensions in use, in the order in which they transform what is sent; empty before the
     * connection is open. Autobahn: `websocket_extensions_in_use`.
     */
    public val extensions: List<ExtensionHeader>

    /** What carries the connection. Autobahn: `transport_details`. */
    public val transportDetails: TransportDetails

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
     * its way before that, so cancellation does not take it back. While another message is sent
     * piece by piece, or another thread compresses one, this one waits for its turn, and cancelled
     * then it is not sent. It is compressed by the thread that calls.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     * @throws PayloadExceededException if the message is longer than `maxMessagePayloadSize`
     */
    public suspend fun send(text: String)

    /** Sends [octets] as one binary message; they are handed over and must not be changed. Otherwise as `send(text)`. */
    public suspend fun send(octets: ByteArray)

    /** Sends [message]; as `send(text)`. A text message that was received is sent without being decoded. */
    public suspend fun send(message: Message)

    /** Sends [message], whose octets are shared with the other connections it is sent to; as `send(text)`. */
    public suspend fun send(message: PreparedMessage)

    /**
     * Sends [message] if that needs no waiting: true if it is on its way. False, and nothing is
     * sent, if more than `maxOutgoingQueueSize` octets wait to be written, if a message is sent
     * piece by piece, if another thread compresses one, or if the connection was not accepted yet.
     * Never suspends. Throws as `send(text)` does.
     *
     * @param doNotCompress sends it as it is also where messages are compressed
     */
    public fun trySend(message: Message, doNotCompress: Boolean = false): Boolean

    /** Sends [message] if that needs no waiting; as `trySend(message)`. */
    public fun trySend(message: PreparedMessage): Boolean

    /**
     * Suspends until everything that was sent before has been handed to the operating system.
     * Between two calls of `send` it has them leave in writes of their own. Cancellation ends the
     * waiting only. Autobahn: the argument `sync` of its senders.
     *
     * @throws ConnectionClosedException if the connection ends before that
     */
    public suspend fun flush()

    /**
     * Sends [message]; as it is if [doNotCompress], also where messages are compressed. Otherwise as
     * `send(text)`. Autobahn: `doNotCompress`.
     */
    public suspend fun send(message: Message, doNotCompress: Boolean)

    /**
     * Sends [message] in frames of at most [fragmentSize] octets, whatever `autoFragmentSize` says;
     * 0 sends it in one frame. A message that is compressed is cut afterwards. Otherwise as
     * `send(message, doNotCompress)`.
     *
     * @throws IllegalArgumentException if [fragmentSize] is negative
     */
    public suspend fun send(message: Message, fragmentSize: Int, doNotCompress: Boolean = false)

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
     * @param doNotCompress sends the message as it is also where messages are compressed
     * @throws ConnectionClosedException if a Close was sent or the connection is gone, before the
     * message or within it
     */
    public suspend fun sendMessage(
        type: MessageType,
        doNotCompress: Boolean = false,
        block: suspend MessageWriter.() -> Unit,
    )

    /**
     * Sends a Ping and returns the time until its Pong came. Suspends for that time; cancellation
     * only stops the waiting.
     *
     * @throws ConnectionClosedException if the connection ends before that
     * @throws ReadingPausedException if the Pong cannot arrive because [incoming] is full
     */
    public suspend fun ping(): Duration

    /**
     * As `ping()`, with a [payload] of at most 125 octets, which are handed over. The Pong is the
     * one with the same payload; of two Pings with the same that wait, the first is answered first.
     *
     * @throws IllegalArgumentException if [payload] is longer
     */
    public suspend fun ping(payload: ByteArray): Duration

    /**
     * Sends a Pong nobody asked for (RFC 6455 section 5.5.3), with a [payload] of at most 125
     * octets, which are handed over. Suspends and throws as `send(text)` does.
     *
     * @throws IllegalArgumentException if [payload] is longer
     */
    public suspend fun pong(payload: ByteArray = ByteArray(0))

    /**
     * Calls [hook] for every Ping that arrives, with its payload, which must not be changed. It
     * returns whether the Ping is to be answered with a Pong; with false that is left to [pong]. A
     * later call replaces the hook. Autobahn: `onPing`.
     *
     * Hooks are called one at a time, in the order of the frames, on the event loop of the
     * connection: none may block. What a hook throws is logged and closes the connection with 1011.
     * A hook set in a server's `onConnect` before the connection is accepted misses nothing.
     */
    public fun onPing(hook: (payload: ByteArray) -> Boolean)

    /** Calls [hook] for every Pong that arrives, those of automatic Pings included; otherwise as [onPing]. Autobahn: `onPong`. */
    public fun onPong(hook: (payload: ByteArray) -> Unit)

    /**
     * Sends [frame] as it is, allowed or not, also after a Close. Nothing but its own values is
     * checked and no limit holds; what it does to the connection is for the peer to say, and this
     * end takes no note of it: a Close sent so closes nothing here, and while a message is streamed
     * the frame lands in it. The order is that of the calls, among all that is sent. Suspends above
     * the high-water mark as `send(text)` does. Cancellation ends the waiting only. Autobahn:
     * `sendFrame`.
     *
     * @param chopSize has the frame leave in writes of this many octets, if above 0
     * @param sync has the frame leave apart from what is sent before and after it, and suspends
     * until it has been handed to the operating system
     * @throws ConnectionClosedException if the connection is gone
     * @throws IllegalArgumentException if [chopSize] is negative
     */
    @DelicateWebSocketApi
    public suspend fun sendFrame(frame: RawFrame, chopSize: Int = 0, sync: Boolean = false)

    /** Sends [octets], which need be no frames and are handed over, as [sendFrame] does. Autobahn: `sendData`. */
    @DelicateWebSocketApi
    public suspend fun sendData(octets: ByteArray, chopSize: Int = 0, sync: Boolean = false)

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

    /**
     * Suspends until the connection has ended, for whatever reason. Never throws because of how.
     * While messages fill [incoming] and nobody takes them, a peer that goes away is found by the
     * automatic Pings, within two of their intervals if its host still answers.
     */
    public suspend fun awaitClosed(): CloseStatus

    /**
     * Opens the connection if that is to be done, and runs [block] as long as it is open: for
     * handlers that only send.
     *
     * ```
     * onConnect { whileOpen { prices(symbol).collect { send(it) } } }
     * ```
     *
     * Returns when the block does, or when the connection was closed cleanly, by whichever side; the
     * block is cancelled then and its `finally` blocks have run. What the peer sends is discarded
     * once it fills [incoming], unless that or [incomingStreams] was asked for. Cancellation cancels
     * the block.
     *
     * @throws ConnectionClosedException if the connection ended otherwise, as iteration does
     */
    public suspend fun whileOpen(block: suspend CoroutineScope.() -> Unit)

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
