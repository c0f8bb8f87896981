package dev.kobahn

/**
 * A message that is sent piece by piece, see [WebSocket.sendMessage]. Good inside its block only:
 * afterwards every call is an [IllegalStateException]. For one coroutine at a time.
 *
 * Control frames go between the frames of the message. Octets are copied, so an array may be used
 * again once the call has returned.
 */
@WebSocketDsl
public interface MessageWriter {
    /**
     * Sends [length] octets of [octets] from [offset] on as the next part of the message, in frames
     * of at most `autoFragmentSize` octets, or of 64 KiB. Each frame of a compressed message is what
     * that many octets become, and lets the peer decode all of them. In a text message the parts together have
     * to be UTF-8; a part may end inside a code point. Autobahn: `sendMessageFrame`.
     *
     * Suspends while more than `maxOutgoingQueueSize` octets wait to be written; cancellation then
     * cuts the message off as any failure of the block does.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     * @throws IndexOutOfBoundsException if [octets] has no such part
     */
    public suspend fun write(
        octets: ByteArray,
        offset: Int = 0,
        length: Int = octets.size - offset,
    )

    /**
     * Sends [text] in UTF-8 as the next part of the message; as `write(octets)`. A surrogate pair
     * may be split between two parts.
     */
    public suspend fun write(text: String)

    /**
     * Sends one frame with [length] octets of payload, which [block] writes: all of them, and no
     * more. While the frame is open no control frame can leave, not even an answer to a Ping.
     * Autobahn: `beginMessageFrame`.
     *
     * @throws IllegalArgumentException if [length] is negative
     * @throws dev.kobahn.protocol.FrameLengthUnknownException if the message is compressed
     * @throws IllegalStateException if [block] wrote less than [length]
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     */
    public suspend fun frame(length: Long, block: suspend FrameWriter.() -> Unit)

    /**
     * Sends [octets] as the last frame of the message; nothing can be written after it. Without
     * this an empty frame ends the message when the block returns. Autobahn: `endMessage`.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     */
    public suspend fun end(octets: ByteArray)
}

/** The payload of one frame, see [MessageWriter.frame]. */
@WebSocketDsl
public interface FrameWriter {
    /** How many octets the frame still lacks. */
    public val remaining: Long

    /**
     * Sends [length] octets of [octets] from [offset] on as payload of the frame; otherwise as
     * [MessageWriter.write]. Autobahn: `sendMessageFrameData`.
     *
     * @throws IllegalArgumentException if the frame has no room for them; nothing is sent then
     */
    public suspend fun write(
        octets: ByteArray,
        offset: Int = 0,
        length: Int = octets.size - offset,
    )
}
