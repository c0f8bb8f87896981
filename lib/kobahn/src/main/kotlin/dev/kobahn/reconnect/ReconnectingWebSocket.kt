package dev.kobahn.reconnect

import dev.kobahn.Message
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.StateFlow

/**
 * A WebSocket that outlives its connections: when one ends for a reason that passes, the client
 * makes the next. Made by [WebSocketClient.reconnecting][dev.kobahn.WebSocketClient.reconnecting].
 * Thread-safe.
 */
public interface ReconnectingWebSocket {
    /**
     * The present state. Like every `StateFlow`, it drops states that a slow collector has no time
     * for.
     */
    public val state: StateFlow<ReconnectState>

    /**
     * The messages of all connections, in order. It waits while there is no connection. Iteration
     * ends when the last connection was closed on purpose; otherwise it throws the failure after
     * which the client gave up. Messages of a connection that was lost are delivered first, without
     * holding the next connection back, up to `maxIncomingQueueSize` bytes: above that the client
     * waits for receivers before it connects again. From an open connection one message is taken
     * ahead of the receiver. [close] and the end of the scope discard messages that wait;
     * `incoming.cancel()` discards those of later connections too.
     */
    public val incoming: ReceiveChannel<Message>

    /** The coroutine that connects, a child of the scope. Cancelling it ends everything at once. */
    public val job: Job

    /** Sends [text] as one message. Otherwise like `send(message)`. */
    public suspend fun send(text: String)

    /** Sends [bytes] as one binary message; do not modify them. Otherwise like `send(message)`. */
    public suspend fun send(bytes: ByteArray)

    /**
     * Sends [message]. With [Unsent.KEEP] the message waits for the connection, if there is none,
     * and then for the system to take it; the call suspends while more than `maxUnsentSize` bytes
     * wait. If it is cancelled, the message is not sent. With [Unsent.FAIL] the call is
     * [WebSocket.send][dev.kobahn.WebSocket.send] of the present connection.
     *
     * @throws NotConnectedException if there will be no connection any more, or there is none at
     * present and messages do not wait
     * @throws dev.kobahn.PayloadExceededException if the message is longer than
     * `maxMessagePayloadSize`
     */
    public suspend fun send(message: Message)

    /**
     * Sends what waits, if there is a connection, closes it with [code] and [reason], and suspends
     * until it has ended. Without a connection, or if it is lost meanwhile, messages that wait are
     * lost. No further connection is made. If the call is cancelled, all ends as with [job].
     *
     * @throws IllegalArgumentException if [code] must not be sent
     */
    public suspend fun close(code: Int = 1000, reason: String = "")

    /** Suspends until there will be no further connection. */
    public suspend fun awaitEnd(): ReconnectState.Ended
}
