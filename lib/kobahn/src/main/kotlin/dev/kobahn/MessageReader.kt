package dev.kobahn

import dev.kobahn.protocol.MessageType

/**
 * A message that is read in pieces as it arrives, see [WebSocket.incomingStreams]. Only one
 * coroutine at a time may use it. Unread data slows the peer down. Asking for the next message
 * discards the rest of this one, even if the next message has not arrived yet.
 *
 * A cancelled read loses nothing: the next read returns the same data.
 */
public interface MessageReader {
    /** The kind of message: text or binary. */
    public val type: MessageType

    /**
     * Returns the next bytes of the message, whatever frames they arrived in, or null at its end. A
     * piece has at most the bytes of one read from the socket. A piece of a text is UTF-8 that may
     * end inside a code point. The caller owns the array.
     *
     * Suspends until data arrives. [copyTo] and [asFlow] read the whole message.
     *
     * @throws ConnectionClosedException if the connection ended within the message
     * @throws IllegalStateException if the next message was asked for in the meantime
     */
    public suspend fun read(): ByteArray?

    /**
     * Returns the next frame of the message, or null at its end. Skips the unread rest of the frame
     * before. Suspends until the header of the frame has arrived. Throws the exceptions of [read].
     */
    public suspend fun nextFrame(): Frame?

    /** One frame of a message, see [nextFrame]. */
    public interface Frame {
        /**
         * The payload's length in bytes, as declared in the header. If the message is compressed, this
         * is the compressed length, and [read] returns more or fewer bytes. Autobahn:
         * `onMessageFrameBegin`.
         */
        public val length: Long

        /**
         * Returns the next bytes of the frame, or null at its end. Otherwise like [MessageReader.read].
         *
         * @throws IllegalStateException if the next frame or message was asked for in the meantime
         */
        public suspend fun read(): ByteArray?
    }
}
