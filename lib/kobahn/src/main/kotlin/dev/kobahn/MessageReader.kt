package dev.kobahn

import dev.kobahn.protocol.MessageType

/**
 * A message that is received piece by piece as it arrives, see [WebSocket.incomingStreams]. For one
 * coroutine at a time. What is not read of it holds the peer back; once the next message is asked
 * for, the rest of this one is discarded, even if the next has not come.
 *
 * A read that is cancelled loses nothing: the next one gets what it would have got.
 */
public interface MessageReader {
    /** Which of the two kinds of message this is. */
    public val type: MessageType

    /**
     * The next octets of the message, whatever frames they came in, or null at its end. Pieces are
     * as large as they arrived, what one read of the socket brought at most, and of text they are
     * UTF-8 that may be cut inside a code point. The array is the caller's.
     *
     * Suspends until something arrives. [copyTo] and [asFlow] read all of it.
     *
     * @throws ConnectionClosedException if the connection ended within the message
     * @throws IllegalStateException if the next message was asked for meanwhile
     */
    public suspend fun read(): ByteArray?

    /**
     * The next frame of the message, or null at its end; what is left of the frame before is
     * skipped. Suspends until its header has arrived. Throws as [read].
     */
    public suspend fun nextFrame(): FrameReader?
}

/** One frame of a message, see [MessageReader.nextFrame]. */
public interface FrameReader {
    /**
     * The payload's length in octets as the header declares it. In a compressed message that is what
     * the frame has on the wire, and [read] gives more or less. Autobahn: `onMessageFrameBegin`.
     */
    public val length: Long

    /**
     * The next octets of the frame, or null at its end; as [MessageReader.read].
     *
     * @throws IllegalStateException if the next frame or message was asked for meanwhile
     */
    public suspend fun read(): ByteArray?
}
