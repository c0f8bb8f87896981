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
 * One end of a WebSocket connection: the receiver of a server's `onConnect` and of the block of a
 * client's `connect`.
 *
 * ```
 * for (message in incoming) send(message)
 * ```
 *
 * The library answers Pings and the peer's Close. Every member may be used from any thread and by
 * several coroutines at once. Messages are sent in the order of the calls of `send`. Cancelling a
 * suspended call ends that call only and leaves the connection usable; the exception is half a
 * message, see [sendMessage].
 */
public interface WebSocket {
    /**
     * The received messages, in order. Iteration ends when the connection was closed cleanly, and
     * otherwise throws [ConnectionClosedException]. `receive` throws that exception after every
     * end, with the status. Messages that arrived before the end are still delivered, unless this end
     * called [close].
     *
     * A cancelled `receive`, for instance by a timeout, takes no message. But off the event loop a
     * timeout may occur when `receive` has just returned: `withTimeoutOrNull` then drops the result
     * of its block. Use the message inside the block, or keep an iterator, which holds the message
     * it found:
     *
     * ```
     * val messages = incoming.iterator()
     * while (true) {
     *     val found = withTimeoutOrNull(20.seconds) { messages.hasNext() } ?: continue
     *     if (found) use(messages.next()) else break
     * }
     * ```
     *
     * If the waiting messages exceed `maxIncomingQueueSize` bytes, reading pauses until they are
     * taken, and the peer has to wait. `incoming.cancel()` discards these and all later messages,
     * while control frames are still handled. A handler that only sends should call it, or use
     * [whileOpen].
     */
    public val incoming: ReceiveChannel<Message>

    /**
     * The received messages, each delivered when it begins and read in pieces, for messages of any
     * length. Otherwise like [incoming], except for the limits: `maxMessagePayloadSize` applies
     * only if it was set, and reading pauses while more than `maxIncomingQueueSize` bytes are
     * unread. A short piece counts as 64 bytes.
     *
     * ```
     * for (message in incomingStreams) {
     *     while (true) file.write(message.read() ?: break)
     * }
     * ```
     *
     * Use either this or [incoming]: after one of them is used, the other throws
     * [IllegalStateException].
     */
    public val incomingStreams: ReceiveChannel<MessageReader>

    /** The subprotocol in use, or null. Autobahn: `websocket_protocol_in_use`. */
    public val subprotocol: String?

    /**
     * The extensions in use, in the order in which they transform sent messages. Empty before the
     * connection is open. Autobahn: `websocket_extensions_in_use`.
     */
    public val extensions: List<ExtensionHeader>

    /** The transport of the connection. Autobahn: `transport_details`. */
    public val transportDetails: TransportDetails

    /** The number of sent bytes that the operating system has not taken yet. */
    public val bufferedAmount: Long

    /**
     * The time between the last automatic Ping and its answer. Null before the first answer, and
     * always without `autoPingInterval`. While other data counts as the answer
     * (`autoPingRestartOnAnyTraffic`), Pings that such data answered first are not measured.
     * Autobahn: `onAutoPong`.
     */
    public val roundTripTime: StateFlow<Duration?>

    /**
     * The current state of the connection. To wait for its end, call [awaitClosed]. Autobahn:
     * `state`.
     */
    public val state: WebSocketState

    /** The final status of the connection, or null before its end. */
    public val closeStatus: CloseStatus?

    /**
     * Sends [text] as one message.
     *
     * Suspends while more than `maxOutgoingQueueSize` bytes wait to be written. The message is
     * queued before that, so cancellation does not take it back. While another message is streamed,
     * or another thread compresses one, this call waits for its turn; if it is cancelled then, the
     * message is not sent. The calling thread compresses the message.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     * @throws PayloadExceededException if the message is longer than `maxMessagePayloadSize`
     */
    public suspend fun send(text: String)

    /**
     * Sends [bytes] as one binary message. The array is not copied: do not modify it afterwards.
     * Otherwise like `send(text)`.
     */
    public suspend fun send(bytes: ByteArray)

    /**
     * Sends [message], as [options] say. A received text message is sent without decoding it.
     * Otherwise like `send(text)`.
     */
    public suspend fun send(message: Message, options: SendOptions = SendOptions.DEFAULT)

    /**
     * Sends [message] and shares its bytes with the other connections it is sent to. Otherwise like
     * `send(text)`.
     */
    public suspend fun send(message: PreparedMessage)

    /**
     * Sends [message] if that is possible without waiting, and returns whether it did. Returns
     * false if more than `maxOutgoingQueueSize` bytes wait to be written, if another message is
     * streamed, if another thread compresses one, or if the connection is not accepted yet. Never
     * suspends. Throws the exceptions of `send(text)`.
     */
    public fun trySend(message: Message, options: SendOptions = SendOptions.DEFAULT): Boolean

    /** Sends [message] if that is possible without waiting. Otherwise like `trySend(message)`. */
    public fun trySend(message: PreparedMessage): Boolean

    /**
     * Suspends until the operating system has taken all data sent before this call. Two messages
     * with this call between them are written separately. Cancellation only ends the waiting.
     * Autobahn: the argument `sync` of its senders.
     *
     * @throws ConnectionClosedException if the connection ends before that
     */
    public suspend fun flush()

    /**
     * Sends one message of [type] that [block] writes in pieces. The message may have any length
     * and needs constant memory. It ends when the block returns. Other calls that send messages
     * wait until then, in the order of the calls; inside the block they throw
     * [IllegalStateException].
     *
     * ```
     * sendMessage(MessageType.BINARY) { while (true) write(source.next() ?: break) }
     * ```
     *
     * If [block] throws or is cancelled after it has written, only half a message was sent: the
     * connection is closed with 1011, or dropped if a frame is incomplete. If the block has written
     * nothing, the connection stays open. `maxMessagePayloadSize` does not apply. Autobahn:
     * `beginMessage` to `endMessage`.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone, before the
     * message or within it
     */
    public suspend fun sendMessage(
        type: MessageType,
        options: SendOptions = SendOptions.DEFAULT,
        block: suspend MessageWriter.() -> Unit,
    )

    /**
     * Sends a Ping and returns the time until its Pong arrived. Suspends for that time.
     * Cancellation only stops the waiting.
     *
     * @param payload at most 125 bytes, which are not copied. The matching Pong has the same. If
     * several waiting Pings have the same payload, a Pong answers the oldest. Null, the default,
     * sends a number that no other Ping has.
     * @throws ConnectionClosedException if the connection ends before that
     * @throws ReadingPausedException if the Pong cannot arrive because [incoming] is full
     * @throws IllegalArgumentException if [payload] is longer
     */
    public suspend fun ping(payload: ByteArray? = null): Duration

    /**
     * Sends an unsolicited Pong (RFC 6455 section 5.5.3) with a [payload] of at most 125 bytes,
     * which is not copied. Suspends and throws like `send(text)`.
     *
     * @throws IllegalArgumentException if [payload] is longer
     */
    public suspend fun pong(payload: ByteArray = ByteArray(0))

    /**
     * Calls [hook] with the payload of every received Ping. The hook must not modify the payload.
     * If it returns true, the library answers with a Pong; if false, the application does with
     * [pong]. A later call replaces the hook. Autobahn: `onPing`.
     *
     * Hooks are called one at a time, in the order of the frames, on the event loop of the
     * connection, and must not block. An exception of a hook is logged and closes the connection
     * with 1011. A hook set in a server's `onConnect` before the connection is accepted gets every
     * Ping.
     */
    public fun onPing(hook: (payload: ByteArray) -> Boolean)

    /**
     * Calls [hook] with the payload of every received Pong, including the answers to automatic
     * Pings. Otherwise like [onPing]. Autobahn: `onPong`.
     */
    public fun onPong(hook: (payload: ByteArray) -> Unit)

    /**
     * Closes the connection (RFC 6455 section 7.1.2): sends a Close with [code] and [reason],
     * discards messages that were not taken yet and all later ones, and suspends until the connection has ended, at the latest after the
     * timeouts for closing. If the connection is closing already, this call only waits.
     * Cancellation stops the waiting, not the closing.
     *
     * @param code 1000–1003, 1007–1014 or 3000–4999
     * @param reason cut to 123 bytes of UTF-8 at the end of a code point
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public suspend fun close(code: Int = 1000, reason: String = ""): CloseStatus

    /**
     * Suspends until the connection has ended. Never throws because of the way it ended. While
     * [incoming] is full, only automatic Pings notice a dead peer: within two of their intervals if
     * its host still answers.
     */
    public suspend fun awaitClosed(): CloseStatus

    /**
     * Opens the connection if it is not open yet, and runs [block] while it is open. Use it for
     * handlers that only send.
     *
     * ```
     * onConnect { whileOpen { prices(symbol).collect { send(it) } } }
     * ```
     *
     * Returns when the block returns, or when either end has closed the connection cleanly; the
     * block is then cancelled, and its `finally` blocks have run. Received messages are discarded
     * once they fill [incoming], unless the application has used [incoming] or [incomingStreams].
     * Cancellation cancels the block.
     *
     * @throws ConnectionClosedException if the connection ended uncleanly
     */
    public suspend fun whileOpen(block: suspend CoroutineScope.() -> Unit)

    /** The traffic and the timings of the connection. */
    public val statistics: WebSocketStatistics

    /** Sends frames and bytes that the protocol forbids, for tests of peers. */
    @DelicateWebSocketApi
    public val lowLevel: LowLevel

    /**
     * Ends the connection at once, without a Close. Data that is not written yet is lost. Autobahn:
     * `dropConnection(abort=True)`.
     */
    public fun drop()

    /**
     * The senders of frames and bytes that the protocol may forbid, see [lowLevel].
     * Thread-safe.
     */
    @DelicateWebSocketApi
    public interface LowLevel {
        /**
         * Sends [frame] unchanged, even if the protocol forbids it, and even after a Close. Only the
         * values of [frame] are checked, and no limit applies. The connection takes no note of the
         * frame: a Close sent by this call does not close this end, and the frame may be sent within a
         * message that is being streamed. Frames keep the order of the calls among all sent data.
         * Suspends above the high-water mark like [WebSocket.send]. Cancellation only ends the waiting.
         * Autobahn: `sendFrame`.
         *
         * @param chopSize the number of bytes per write, if above 0
         * @param sync whether the frame is written separately from the data before and after it; the
         * call then suspends until the operating system has taken the frame
         * @throws ConnectionClosedException if the connection is gone
         * @throws IllegalArgumentException if [chopSize] is negative
         */
        public suspend fun sendFrame(frame: RawFrame, chopSize: Int = 0, sync: Boolean = false)

        /**
         * Sends [bytes], which need not be frames and are not copied. Otherwise like [sendFrame].
         * Autobahn: `sendData`.
         */
        public suspend fun sendData(bytes: ByteArray, chopSize: Int = 0, sync: Boolean = false)
    }
}
