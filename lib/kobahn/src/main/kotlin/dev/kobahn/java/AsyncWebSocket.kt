package dev.kobahn.java

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.handshake.ConnectionRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.function.Consumer
import java.util.function.Predicate

/**
 * One end of an open connection, for Java: [WebSocket] with futures instead of suspension. What
 * arrives goes to the connection's [WebSocketListener].
 *
 * Every method may be called from any thread, in a listener or elsewhere, and none blocks. What
 * goes wrong comes through the future, as the very exception ([CompletableFuture.join] wraps it in
 * a `CompletionException`). Cancelling a future ends the waiting, not what was begun. A stage that
 * depends on a future runs in the caller's thread if the future was complete already, else on the
 * builder's `executor`, by default on a thread of the coroutines library; with `onEventLoop()` on
 * the loop, where nothing may block.
 *
 * Waiting for a future on the thread of an event loop (in hooks, or in a listener with
 * `onEventLoop()`) throws [IllegalStateException] unless it is complete: only the loop may be able
 * to complete it.
 */
public interface AsyncWebSocket {
    /**
     * Sends [text] as one message. Messages leave in the order of the calls, so there is no need to
     * wait for one before sending the next; but a sender of much has to, for who ignores the futures
     * queues without bound: each completes once no more than `maxOutgoingQueueSize` octets wait to
     * be written, and fails with `ConnectionClosedException` if a Close was sent or the connection
     * is gone.
     */
    public fun send(text: String): CompletableFuture<Void?>

    /**
     * Sends [octets] as one binary message; they are handed over and must not be changed. Otherwise
     * as `send(text)`.
     */
    public fun send(octets: ByteArray): CompletableFuture<Void?>

    /**
     * Sends [message]; as `send(text)`. A text message that was received is sent without being
     * decoded.
     */
    public fun send(message: Message): CompletableFuture<Void?>

    /**
     * Sends [message] in frames of at most [fragmentSize] octets, whatever `autoFragmentSize` says;
     * 0 sends it in one frame. Otherwise as `send(text)`.
     */
    public fun send(message: Message, fragmentSize: Int): CompletableFuture<Void?>

    /**
     * Sends [message]; as it is if [doNotCompress], also where messages are compressed. Otherwise as
     * `send(text)`. Autobahn: `doNotCompress`.
     */
    public fun send(message: Message, doNotCompress: Boolean): CompletableFuture<Void?>

    /** As `send(message, fragmentSize)` and `send(message, doNotCompress)`. */
    public fun send(
        message: Message,
        fragmentSize: Int,
        doNotCompress: Boolean,
    ): CompletableFuture<Void?>

    /**
     * Begins a message of [type] that is written piece by piece, of any length and with constant
     * memory. The future gives its writer when nobody else sends a message; other messages wait
     * until it has ended. It has to be ended or abandoned. Autobahn: `beginMessage`.
     */
    public fun beginMessage(type: MessageType): CompletableFuture<AsyncMessageWriter>

    /** The same; [doNotCompress] sends the message as it is also where messages are compressed. */
    public fun beginMessage(
        type: MessageType,
        doNotCompress: Boolean,
    ): CompletableFuture<AsyncMessageWriter>

    /**
     * Sends [message], whose octets are shared with the other connections it is sent to; as
     * `send(text)`.
     */
    public fun send(message: PreparedMessage): CompletableFuture<Void?>

    /**
     * Sends [message] if that needs no waiting: true if it is on its way. False, and nothing is
     * sent, if more than `maxOutgoingQueueSize` octets wait to be written, or while another message is
     * written piece by piece or compressed by another thread.
     *
     * @throws dev.kobahn.ConnectionClosedException if a Close was sent or the connection is gone
     * @throws dev.kobahn.PayloadExceededException if it is longer than `maxMessagePayloadSize`
     */
    @Throws(IOException::class)
    public fun trySend(message: Message): Boolean

    /** The same; [doNotCompress] sends [message] as it is also where messages are compressed. */
    @Throws(IOException::class)
    public fun trySend(message: Message, doNotCompress: Boolean): Boolean

    /** Sends [message] if that needs no waiting; as `trySend(message)`. */
    @Throws(IOException::class)
    public fun trySend(message: PreparedMessage): Boolean

    /**
     * Completes when everything that was sent before has been handed to the operating system; fails
     * with `ConnectionClosedException` if the connection ends before that.
     */
    public fun flush(): CompletableFuture<Void?>

    /**
     * Sends a Ping; the future gives the time until its Pong came in [unit], rounded down. It fails
     * with `ConnectionClosedException` if the connection ends before that, and with
     * `ReadingPausedException` if the Pong cannot arrive because too many messages wait.
     */
    public fun ping(unit: TimeUnit): CompletableFuture<Long>

    /** As `ping(unit)`, for those who have `java.time`: not below Android API 26. */
    @UsesJavaTime
    public fun ping(): CompletableFuture<Duration>

    /**
     * As `ping(unit)`, with a [payload] of at most 125 octets, which are handed over. The Pong is
     * the one with the same payload. The future fails with [IllegalArgumentException] if [payload]
     * is longer.
     */
    public fun ping(payload: ByteArray, unit: TimeUnit): CompletableFuture<Long>

    /** As `ping(payload, unit)`, for those who have `java.time`: not below Android API 26. */
    @UsesJavaTime
    public fun ping(payload: ByteArray): CompletableFuture<Duration>

    /** Sends a Pong nobody asked for, without a payload; otherwise as `pong(payload)`. */
    public fun pong(): CompletableFuture<Void?>

    /**
     * Sends a Pong nobody asked for, with a [payload] of at most 125 octets, which are handed over.
     * The future is as that of `send(text)`, and fails with [IllegalArgumentException] if [payload]
     * is longer.
     */
    public fun pong(payload: ByteArray): CompletableFuture<Void?>

    /**
     * Calls [hook] for every Ping that arrives, with its payload, which must not be changed. It
     * returns whether the Ping is to be answered with a Pong; with false that is left to [pong]. A
     * later call replaces the hook.
     *
     * Hooks are called one at a time, in the order of the frames, on the event loop of the
     * connection, beside the listener: none may block. What a hook throws is logged and closes the
     * connection with 1011.
     */
    public fun onPing(hook: Predicate<ByteArray>)

    /**
     * Calls [hook] for every Pong that arrives, those of automatic Pings included; otherwise as
     * [onPing].
     */
    public fun onPong(hook: Consumer<ByteArray>)

    /** Sends [frame] neither chopped nor apart; as `sendFrame(frame, chopSize, sync)`. */
    public fun sendFrame(frame: RawFrame): CompletableFuture<Void?>

    /**
     * Sends [frame] as it is, allowed by RFC 6455 or not, also after a Close: for tests of peers. No
     * limit holds, and this end takes no note of it: a Close sent so closes nothing here. The order
     * is that of the calls, among all that is sent. The future is as that of `send(text)`.
     *
     * @param chopSize has the frame leave in writes of this many octets, if above 0
     * @param sync has the frame leave apart from what is sent before and after it, and the future
     * complete when it has been handed to the operating system
     */
    public fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean): CompletableFuture<Void?>

    /** Sends [octets] neither chopped nor apart; as `sendData(octets, chopSize, sync)`. */
    public fun sendData(octets: ByteArray): CompletableFuture<Void?>

    /** Sends [octets], which need be no frames and are handed over, as `sendFrame` does. */
    public fun sendData(octets: ByteArray, chopSize: Int, sync: Boolean): CompletableFuture<Void?>

    /** Closes with 1000 and no reason; as `close(code, reason)`. */
    public fun close(): CompletableFuture<CloseStatus>

    /** Closes with [code] and no reason; as `close(code, reason)`. */
    public fun close(code: Int): CompletableFuture<CloseStatus>

    /**
     * Closes the connection (RFC 6455 section 7.1.2): sends a Close with [code] and [reason], behind
     * what was sent before, and discards what still arrives; the future gives how the connection
     * ended. A message that was begun and not ended is cut off; one that was ended
     * and waits for room is waited for unless the peer takes nothing for `closeHandshakeTimeout`. If
     * the connection is closing already this only waits. The future fails with [IllegalArgumentException] if [code] must not be sent.
     *
     * @param code 1000–1003, 1007–1014 or 3000–4999
     * @param reason cut to 123 octets of UTF-8 at the end of a code point
     */
    public fun close(code: Int, reason: String): CompletableFuture<CloseStatus>

    /**
     * Gives how the connection ended once it has, for whatever reason. Never fails because of how.
     */
    public fun awaitClosed(): CompletableFuture<CloseStatus>

    /** How far the connection has come. */
    public fun state(): WebSocketState

    /** How the connection ended, or null while it has not. */
    public fun closeStatus(): CloseStatus?

    /**
     * Asks for [count] more messages, see [WebSocketListener]. Demand adds up;
     * [Long.MAX_VALUE] is for all there ever are.
     *
     * @throws IllegalArgumentException if [count] is not above zero
     */
    public fun request(count: Long)

    /** The subprotocol in use, or null. */
    public fun protocol(): String?

    /**
     * The extensions in use, in the order in which they transform what is sent; empty before the
     * connection is open.
     */
    public fun extensions(): List<ExtensionHeader>

    /** What carries the connection. */
    public fun transportDetails(): TransportDetails

    /** Octets that are to be sent but not yet handed to the operating system. */
    public fun bufferedAmount(): Long

    /**
     * What went over the connection since it began, or since [resetTrafficStats]: a value of this
     * moment.
     */
    public fun trafficStats(): TrafficStats

    /** Has [trafficStats] begin anew from nothing. */
    public fun resetTrafficStats()

    /** When what last happened, or null unless times are tracked. */
    public fun trackedTimings(): TrackedTimings?

    /** Begins to track times, from nothing, or stops to. */
    public fun setTrackTimings(on: Boolean)

    /** Ends the connection at once, without a Close; what was not yet written is lost. */
    public fun drop()
}

/** A server's end of a connection: every [AsyncWebSocket] that a server's listener gets is one. */
public interface AsyncServerWebSocket : AsyncWebSocket {
    /** What the client asked for. */
    public fun connectionRequest(): ConnectionRequest

    /**
     * The `{name}` and `{name...}` segments of the route's path with their values in the request,
     * percent-decoded: they may hold anything, `/` and `..` included.
     */
    public fun pathParameters(): Map<String, String>
}

/** A client's end of a connection: every [AsyncWebSocket] that a client's listener gets is one. */
public interface AsyncClientWebSocket : AsyncWebSocket {
    /** What the server answered. */
    public fun connectionResponse(): ConnectionResponse
}
