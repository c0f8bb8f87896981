package dev.kobahn.java

import dev.kobahn.protocol.MessageType

/**
 * A listener that gets messages piece by piece as they arrive, for messages of any length:
 * [onMessageBegin], then for every frame [onFrameBegin], its data and [onFrameEnd], then
 * [onMessageEnd]. When the connection ends within a message, only
 * [onClose][WebSocketListener.onClose] follows. [onMessage][WebSocketListener.onMessage] is never
 * called.
 *
 * Demand counts calls of [onMessageData]: each piece is as large as it arrived, what one read of
 * the socket brought at most. What is not asked for waits, and holds the peer back when it is more
 * than `maxIncomingQueueSize`.
 * `maxMessagePayloadSize` applies only if it was set.
 */
public interface MessageStreamListener : WebSocketListener {
    /** A message of [type] begins. Autobahn: `onMessageBegin`. */
    @Throws(Exception::class)
    public fun onMessageBegin(webSocket: AsyncWebSocket, type: MessageType) {
    }

    /**
     * A frame begins, with [length] octets of payload declared; in a compressed message that is what
     * it has on the wire. Autobahn: `onMessageFrameBegin`.
     */
    @Throws(Exception::class)
    public fun onFrameBegin(webSocket: AsyncWebSocket, length: Long) {
    }

    /** The next [octets] of the message; they are the listener's. Autobahn: `onMessageFrameData`. */
    @Throws(Exception::class)
    public fun onMessageData(webSocket: AsyncWebSocket, octets: ByteArray)

    /** The frame is complete. Autobahn: `onMessageFrameEnd`. */
    @Throws(Exception::class)
    public fun onFrameEnd(webSocket: AsyncWebSocket) {
    }

    /** The message is complete. Autobahn: `onMessageEnd`. */
    @Throws(Exception::class)
    public fun onMessageEnd(webSocket: AsyncWebSocket) {
    }
}
