package dev.kobahn.java

import dev.kobahn.protocol.MessageType

/**
 * A listener that gets messages in pieces as they arrive, for messages of any length.
 *
 * It is called with [onMessageBegin], then for every frame with [onFrameBegin], its data and
 * [onFrameEnd], then with [onMessageEnd]. If the connection ends within a message, only
 * [onClose][WebSocketListener.onClose] follows. [onMessage][WebSocketListener.onMessage] is never
 * called.
 *
 * Demand counts calls of [onMessageData]: a piece has at most the bytes of one read from the
 * socket. Data without demand waits; if it exceeds `maxIncomingQueueSize`, reading pauses and the
 * peer has to wait. `maxMessagePayloadSize` applies only if it was set.
 */
public interface MessageStreamListener : WebSocketListener {
    /** Called when a message of [type] begins. Autobahn: `onMessageBegin`. */
    @Throws(Exception::class)
    public fun onMessageBegin(webSocket: AsyncWebSocket, type: MessageType) {
    }

    /**
     * Called when a frame begins. [length] is the declared length of its payload in bytes; if the
     * message is compressed, this is the compressed length. Autobahn: `onMessageFrameBegin`.
     */
    @Throws(Exception::class)
    public fun onFrameBegin(webSocket: AsyncWebSocket, length: Long) {
    }

    /**
     * Called with the next [bytes] of the message. The listener owns the array. Autobahn:
     * `onMessageFrameData`.
     */
    @Throws(Exception::class)
    public fun onMessageData(webSocket: AsyncWebSocket, bytes: ByteArray)

    /** Called when the frame is complete. Autobahn: `onMessageFrameEnd`. */
    @Throws(Exception::class)
    public fun onFrameEnd(webSocket: AsyncWebSocket) {
    }

    /** Called when the message is complete. Autobahn: `onMessageEnd`. */
    @Throws(Exception::class)
    public fun onMessageEnd(webSocket: AsyncWebSocket) {
    }
}
