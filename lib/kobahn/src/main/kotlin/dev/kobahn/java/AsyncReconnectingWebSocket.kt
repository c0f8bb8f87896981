package dev.kobahn.java

import dev.kobahn.Message
import dev.kobahn.reconnect.NotConnectedException
import dev.kobahn.reconnect.ReconnectState
import dev.kobahn.reconnect.ReconnectingWebSocket
import java.util.concurrent.CompletableFuture

/**
 * A WebSocket that outlives its connections, for Java: [ReconnectingWebSocket] with futures. Made by
 * [AsyncWebSocketClient.reconnecting]. Thread-safe; no method blocks.
 */
public interface AsyncReconnectingWebSocket {
    /** Returns the present state. */
    public fun state(): ReconnectState

    /** Sends [text] as one message. Otherwise like `send(Message)`. */
    public fun send(text: String): CompletableFuture<Void?>

    /** Sends [bytes] as one binary message; do not modify them. Otherwise like `send(Message)`. */
    public fun send(bytes: ByteArray): CompletableFuture<Void?>

    /**
     * Sends [message], on the next connection if there is none at present. The future completes
     * when the message has its place among at most `maxUnsentSize` bytes that wait. It fails with
     * [NotConnectedException] if there will be no connection any more, or if messages do not wait
     * (`unsent`) and there is none at present.
     */
    public fun send(message: Message): CompletableFuture<Void?>

    /** Closes with 1000, like `close(int, String)`. */
    public fun close(): CompletableFuture<Void?>

    /**
     * Sends what waits, if there is a connection, and closes it with [code] and [reason]. No further
     * connection is made. The future completes when all has ended; a method of the listener must
     * not wait for it. If the future is cancelled, the connection is closed without what waits.
     */
    public fun close(code: Int, reason: String): CompletableFuture<Void?>

    /**
     * Returns a future that completes when there will be no further connection and the listener has
     * been told the end of the last one. [state] may tell the end before.
     */
    public fun awaitEnd(): CompletableFuture<ReconnectState.Ended>
}
