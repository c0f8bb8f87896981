package dev.kobahn

/**
 * A message that is sent in pieces, see [WebSocket.sendMessage]. It is valid inside its block only:
 * later calls throw [IllegalStateException]. Only one coroutine at a time may use it.
 *
 * Control frames may be sent between the frames of the message. The bytes are copied, so the caller
 * may reuse the array after the call.
 */
@WebSocketDsl
public interface MessageWriter {
    /**
     * Sends [length] bytes of [bytes], starting at [offset], as the next part of the message. It
     * is split into frames of at most `autoFragmentSize` bytes, or 64 KiB if that is 0. In a
     * compressed message this limit counts uncompressed bytes, and the peer can decode each frame
     * as soon as it has arrived. All parts of a text message together must be UTF-8; a part may end
     * inside a code point. Autobahn: `sendMessageFrame`.
     *
     * Suspends while more than `maxOutgoingQueueSize` bytes wait to be written. Cancellation then
     * cuts the message off, like any failure of the block.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     * @throws IndexOutOfBoundsException if [offset] and [length] exceed [bytes]
     */
    public suspend fun write(bytes: ByteArray, offset: Int = 0, length: Int = bytes.size - offset)

    /**
     * Sends [text] in UTF-8 as the next part of the message. Otherwise like `write(bytes)`. A
     * surrogate pair may be split between two parts.
     */
    public suspend fun write(text: String)

    /**
     * Sends one frame with a payload of [length] bytes. [block] must write exactly that many. No
     * control frame can be sent while the frame is open, not even the answer to a Ping. Autobahn:
     * `beginMessageFrame`.
     *
     * @throws IllegalArgumentException if [length] is negative
     * @throws dev.kobahn.protocol.FrameLengthUnknownException if the message is compressed
     * @throws IllegalStateException if [block] wrote less than [length]
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     */
    public suspend fun frame(length: Long, block: suspend Frame.() -> Unit)

    /**
     * Sends [bytes] as the last frame of the message. Nothing can be written after that. Without
     * this call an empty frame ends the message when the block returns. Autobahn: `endMessage`.
     *
     * @throws ConnectionClosedException if a Close was sent or the connection is gone
     */
    public suspend fun end(bytes: ByteArray)

    /** The payload of one frame, see [frame]. */
    @WebSocketDsl
    public interface Frame {
        /** The number of bytes still missing from the frame. */
        public val remaining: Long

        /**
         * Sends [length] bytes of [bytes], starting at [offset], as payload of the frame. Otherwise
         * like [MessageWriter.write]. Autobahn: `sendMessageFrameData`.
         *
         * @throws IllegalArgumentException if the frame has no room for the bytes; nothing is sent then
         */
        public suspend fun write(
            bytes: ByteArray,
            offset: Int = 0,
            length: Int = bytes.size - offset,
        )
    }
}
