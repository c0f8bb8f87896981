package dev.kobahn.java

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.internal.connection.connectionLogger

/**
 * What a Java application does with a connection: [onOpen], then [onMessage] for every message,
 * then [onClose], which comes exactly once. Calls for one connection never overlap, and each sees
 * what those before it did. One listener may serve many connections if it is thread-safe itself.
 *
 * Servers and clients call on threads of the coroutines library, unless their builder was given an
 * `executor`: up to 64 for all listeners of servers, or four for each core if that is more, and as
 * many for those of clients. So a listener may block, for a future too. Where more of them do so at
 * once than there are threads, the others wait: give the builder an executor with threads for it,
 * such as `Executors.newVirtualThreadPerTaskExecutor()`. Two things must not wait for a future in
 * more than 64 places at once, or four for each core, because the futures themselves need those
 * threads: a client's [onOpen], and what depends on a future (`thenAccept` and the like).
 * A server's builder has `onEventLoop()` as well, which hands nothing from thread to thread and
 * forbids whatever blocks.
 *
 * **Back-pressure.** The next message is taken when the method returned and there is demand. By
 * default there always is. A listener that hands messages on and must not be overrun returns 0 or
 * another number from [initialDemand] and asks for more with [AsyncWebSocket.request]. While it
 * asks for none, messages wait, reading stops at `maxIncomingQueueSize` octets of them, and with it
 * the peer.
 *
 * **Failure.** What a method throws goes to [onError]; the connection is closed with 1011, and then
 * [onClose] comes. How a connection ended, cleanly or not, is told by [onClose] alone.
 */
public interface WebSocketListener {
    /**
     * How many messages are taken before the first [AsyncWebSocket.request]: 0 or more;
     * [Long.MAX_VALUE], the default, takes all there ever are. Asked once, after [onOpen].
     */
    public fun initialDemand(): Long = Long.MAX_VALUE

    /** The connection is open. */
    @Throws(Exception::class)
    public fun onOpen(webSocket: AsyncWebSocket) {
    }

    /** A message came. By default it goes to [onText] or [onBinary]. */
    @Throws(Exception::class)
    public fun onMessage(webSocket: AsyncWebSocket, message: Message) {
        when (message) {
            is Message.Text -> onText(webSocket, message.text)
            is Message.Binary -> onBinary(webSocket, message.octets)
        }
    }

    /** A text message came, see [onMessage]. By default it is ignored. */
    @Throws(Exception::class)
    public fun onText(webSocket: AsyncWebSocket, text: String) {
    }

    /**
     * A binary message came, see [onMessage]; [octets] are the listener's. By default it is
     * ignored.
     */
    @Throws(Exception::class)
    public fun onBinary(webSocket: AsyncWebSocket, octets: ByteArray) {
    }

    /** A method of this listener threw [failure]. By default that is logged as an error. */
    public fun onError(webSocket: AsyncWebSocket, failure: Throwable) {
        connectionLogger.error(failure) { "a listener of $webSocket failed" }
    }

    /**
     * The connection has ended. What came before is handed out first as far as it is asked for:
     * when a listener asks for nothing for a minute after the end, the rest is discarded. Nothing
     * is called after this.
     */
    public fun onClose(webSocket: AsyncWebSocket, status: CloseStatus) {
    }
}
