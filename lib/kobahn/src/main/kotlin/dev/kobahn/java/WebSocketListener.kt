package dev.kobahn.java

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.internal.connection.connectionLogger

/**
 * The code of a Java application for a connection: [onOpen], then [onMessage] for every message,
 * then [onClose] exactly once. Calls for one connection never overlap, and each sees the effects of
 * those before it. One listener may serve many connections if it is thread-safe.
 *
 * **Threads.** Unless the builder was given an `executor`, listeners run on threads of the
 * coroutines library: up to 64 for all listeners of servers, or four for each core if that is more,
 * and as many for those of clients. So a listener may block, even for a future. If more listeners
 * block at once than there are threads, the others wait: then give the builder an executor with
 * enough threads, such as `Executors.newVirtualThreadPerTaskExecutor()`. A client's [onOpen] and
 * stages that depend on a future (`thenAccept` and others) must not wait for a future in more than
 * 64 places at once, or four for each core, because the futures need those threads. A server's
 * builder also has `onEventLoop()`, which avoids the hand-over between threads and forbids
 * blocking.
 *
 * **Back-pressure.** The next message is delivered when the method has returned and there is
 * demand. By default there always is. A listener that passes messages on and must not be overrun
 * returns 0 or another number from [initialDemand] and asks for more with [AsyncWebSocket.request].
 * Without demand the messages wait; at `maxIncomingQueueSize` bytes reading pauses, and the peer
 * has to wait.
 *
 * **Failure.** An exception of a method goes to [onError]; then the connection is closed with 1011,
 * and [onClose] is called. Only [onClose] reports the end of a connection, clean or not.
 */
public interface WebSocketListener {
    /**
     * Returns the number of messages to deliver before the first [AsyncWebSocket.request]: 0 or
     * more. The default, [Long.MAX_VALUE], delivers all messages. Called once, after [onOpen].
     */
    public fun initialDemand(): Long = Long.MAX_VALUE

    /** Called when the connection is open. */
    @Throws(Exception::class)
    public fun onOpen(webSocket: AsyncWebSocket) {
    }

    /** Called with every received message. The default calls [onText] or [onBinary]. */
    @Throws(Exception::class)
    public fun onMessage(webSocket: AsyncWebSocket, message: Message) {
        when (message) {
            is Message.Text -> onText(webSocket, message.text)
            is Message.Binary -> onBinary(webSocket, message.bytes)
        }
    }

    /** Called with a text message by [onMessage]. The default does nothing. */
    @Throws(Exception::class)
    public fun onText(webSocket: AsyncWebSocket, text: String) {
    }

    /**
     * Called with a binary message by [onMessage]. The listener owns [bytes]. The default does
     * nothing.
     */
    @Throws(Exception::class)
    public fun onBinary(webSocket: AsyncWebSocket, bytes: ByteArray) {
    }

    /**
     * Called when a method of this listener has thrown [failure]. The default logs it as an error.
     */
    public fun onError(webSocket: AsyncWebSocket, failure: Throwable) {
        connectionLogger.error(failure) { "a listener of $webSocket failed" }
    }

    /**
     * Called when the connection has ended; no call follows. Earlier messages are delivered first
     * if there is demand: after a minute without demand the rest is discarded.
     */
    public fun onClose(webSocket: AsyncWebSocket, status: CloseStatus) {
    }
}
