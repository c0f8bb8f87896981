package dev.kobahn.java

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.SendOptions
import dev.kobahn.TransportDetails
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketState
import dev.kobahn.WebSocketStatistics
import dev.kobahn.protocol.MessageType
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
 * One end of an open connection, for Java: [WebSocket] with futures instead of suspension. The
 * connection's [WebSocketListener] receives the messages.
 *
 * Every method may be called from any thread, in a listener or elsewhere, and none blocks. Failures
 * are reported by the future, as the original exception ([CompletableFuture.join] wraps it in a
 * `CompletionException`). Cancelling a future ends the waiting, not the operation. A stage that
 * depends on a future runs in the caller's thread if the future is already complete. Otherwise it
 * runs on the builder's `executor`, by default on a thread of the coroutines library, or on the
 * event loop after `onEventLoop()`, where it must not block.
 *
 * Waiting on an event loop's thread for a future that is not complete throws
 * [IllegalStateException], because only the loop may be able to complete it. This concerns hooks,
 * and listeners with `onEventLoop()`.
 */
public interface AsyncWebSocket {
    /**
     * Sends [text] as one message. Messages are sent in the order of the calls, so a caller need
     * not wait for one before sending the next. But a sender of much data must wait, because a
     * caller that ignores the futures queues without bound: each future completes once at most
     * `maxOutgoingQueueSize` bytes wait to be written. It fails with `ConnectionClosedException` if
     * a Close was sent or the connection is gone, and with `PayloadExceededException` if the message
     * is longer than `maxMessagePayloadSize`.
     */
    public fun send(text: String): CompletableFuture<Void?>

    /**
     * Sends [bytes] as one binary message. The array is not copied: do not modify it afterwards.
     * Otherwise like `send(text)`.
     */
    public fun send(bytes: ByteArray): CompletableFuture<Void?>

    /**
     * Sends [message]. A received text message is sent without decoding it. Otherwise like
     * `send(text)`.
     */
    public fun send(message: Message): CompletableFuture<Void?>

    /** Sends [message] as [options] say. Otherwise like `send(text)`. */
    public fun send(message: Message, options: SendOptions): CompletableFuture<Void?>

    /**
     * Begins a message of [type] that is written in pieces. The message may have any length and
     * needs constant memory. The future completes with the writer when no other message is being
     * sent; other messages wait until this one has ended. The caller must end or abandon the
     * message. Autobahn: `beginMessage`.
     */
    public fun beginMessage(type: MessageType): CompletableFuture<AsyncMessageWriter>

    /** Begins a message of [type] that is sent as [options] say. Otherwise like `beginMessage(type)`. */
    public fun beginMessage(
        type: MessageType,
        options: SendOptions,
    ): CompletableFuture<AsyncMessageWriter>

    /**
     * Sends [message] and shares its bytes with the other connections it is sent to. Otherwise like
     * `send(text)`.
     */
    public fun send(message: PreparedMessage): CompletableFuture<Void?>

    /**
     * Sends [message] if that is possible without waiting, and returns whether it did. Returns
     * false if more than `maxOutgoingQueueSize` bytes wait to be written, or while another message
     * is written in pieces or compressed by another thread.
     *
     * @throws dev.kobahn.ConnectionClosedException if a Close was sent or the connection is gone
     * @throws dev.kobahn.PayloadExceededException if the message is longer than
     * `maxMessagePayloadSize`
     */
    @Throws(IOException::class)
    public fun trySend(message: Message): Boolean

    /**
     * Sends [message] as [options] say. Otherwise like `trySend(message)`.
     */
    @Throws(IOException::class)
    public fun trySend(message: Message, options: SendOptions): Boolean

    /** Sends [message] if that is possible without waiting. Otherwise like `trySend(message)`. */
    @Throws(IOException::class)
    public fun trySend(message: PreparedMessage): Boolean

    /**
     * Returns a future that completes when the operating system has taken all data sent before this
     * call. It fails with `ConnectionClosedException` if the connection ends before that.
     */
    public fun flush(): CompletableFuture<Void?>

    /**
     * Sends a Ping. The future completes with the time until its Pong arrived in [unit], rounded
     * down. It fails with `ConnectionClosedException` if the connection ends before that, and with
     * `ReadingPausedException` if the Pong cannot arrive because too many messages wait.
     */
    public fun ping(unit: TimeUnit): CompletableFuture<Long>

    /**
     * Sends a Ping and returns its time as a `java.time.Duration`; not below Android API 26.
     * Otherwise like `ping(unit)`.
     */
    @UsesJavaTime
    public fun ping(): CompletableFuture<Duration>

    /**
     * Sends a Ping with a [payload] of at most 125 bytes, which is not copied. The matching Pong
     * has the same payload. The future fails with [IllegalArgumentException] if [payload] is
     * longer. Otherwise like `ping(unit)`.
     */
    public fun ping(payload: ByteArray, unit: TimeUnit): CompletableFuture<Long>

    /**
     * Sends a Ping and returns its time as a `java.time.Duration`; not below Android API 26.
     * Otherwise like `ping(payload, unit)`.
     */
    @UsesJavaTime
    public fun ping(payload: ByteArray): CompletableFuture<Duration>

    /** Sends an unsolicited Pong without a payload. Otherwise like `pong(payload)`. */
    public fun pong(): CompletableFuture<Void?>

    /**
     * Sends an unsolicited Pong with a [payload] of at most 125 bytes, which is not copied. The
     * future is like that of `send(text)`, and fails with [IllegalArgumentException] if [payload]
     * is longer.
     */
    public fun pong(payload: ByteArray): CompletableFuture<Void?>

    /**
     * Calls [hook] with the payload of every received Ping. The hook must not modify the payload.
     * If it returns true, the library answers with a Pong; if false, the application does with
     * [pong]. A later call replaces the hook.
     *
     * Hooks are called one at a time, in the order of the frames, on the event loop of the
     * connection and in parallel with the listener. They must not block. An exception of a hook is
     * logged and closes the connection with 1011.
     */
    public fun onPing(hook: Predicate<ByteArray>)

    /**
     * Calls [hook] with the payload of every received Pong, including the answers to automatic
     * Pings. Otherwise like [onPing].
     */
    public fun onPong(hook: Consumer<ByteArray>)

    /** Closes the connection with 1000 and no reason. Otherwise like `close(code, reason)`. */
    public fun close(): CompletableFuture<CloseStatus>

    /** Closes the connection with [code] and no reason. Otherwise like `close(code, reason)`. */
    public fun close(code: Int): CompletableFuture<CloseStatus>

    /**
     * Closes the connection (RFC 6455 section 7.1.2): sends a Close with [code] and [reason] after
     * the data sent before, and discards received messages that were not delivered yet and all later ones. The future completes with the
     * status when the connection has ended.
     *
     * A message that was begun and not ended is cut off. The Close waits for a message that was
     * ended and has no room yet, unless the peer takes nothing for `closeHandshakeTimeout`. If the
     * connection is closing already, this call only waits. The future fails with
     * [IllegalArgumentException] if [code] must not be sent.
     *
     * @param code 1000–1003, 1007–1014 or 3000–4999
     * @param reason cut to 123 bytes of UTF-8 at the end of a code point
     */
    public fun close(code: Int, reason: String): CompletableFuture<CloseStatus>

    /**
     * Returns a future that completes with the status when the connection has ended. It never fails
     * because of the way the connection ended.
     */
    public fun awaitClosed(): CompletableFuture<CloseStatus>

    /** Returns the current state of the connection. */
    public fun state(): WebSocketState

    /** Returns the final status of the connection, or null before its end. */
    public fun closeStatus(): CloseStatus?

    /**
     * Asks for [count] more messages, see [WebSocketListener]. Demand adds up; [Long.MAX_VALUE]
     * asks for all further messages.
     *
     * @throws IllegalArgumentException if [count] is not above zero
     */
    public fun request(count: Long)

    /** Returns the subprotocol in use, or null. */
    public fun subprotocol(): String?

    /**
     * Returns the extensions in use, in the order in which they transform sent messages. The list
     * is empty before the connection is open.
     */
    public fun extensions(): List<ExtensionHeader>

    /** Returns the transport of the connection. */
    public fun transportDetails(): TransportDetails

    /** Returns the number of sent bytes that the operating system has not taken yet. */
    public fun bufferedAmount(): Long

    /** Returns the traffic and the timings of the connection. */
    public fun statistics(): WebSocketStatistics

    /** Returns the door to frames and bytes that the protocol forbids, for tests of peers. */
    public fun lowLevel(): AsyncLowLevel

    /** Ends the connection at once, without a Close. Data that is not written yet is lost. */
    public fun drop()
}

/**
 * The server's end of a connection: every [AsyncWebSocket] given to a server's listener is one.
 */
public interface AsyncServerWebSocket : AsyncWebSocket {
    /** Returns the client's request. */
    public fun connectionRequest(): ConnectionRequest

    /**
     * Returns the values of the `{name}` and `{name...}` segments of the route's path. They are
     * percent-decoded, so they may contain anything, `/` and `..` included.
     */
    public fun pathParameters(): Map<String, String>
}

/**
 * The client's end of a connection: every [AsyncWebSocket] given to a client's listener is one.
 */
public interface AsyncClientWebSocket : AsyncWebSocket {
    /** Returns the server's response to the opening handshake. */
    public fun connectionResponse(): ConnectionResponse
}
