package dev.kobahn.java

import java.util.concurrent.CompletableFuture

/**
 * A message that is sent in pieces, see [AsyncWebSocket.beginMessage]. [end] ends it. Thread-safe.
 *
 * Calls take effect in their order, including an [AsyncWebSocket.close] after [end], so a caller
 * need not wait for one before the next. But each call is queued until its turn, so a sender of
 * much data must wait now and then: each future completes once at most `maxOutgoingQueueSize` bytes
 * wait to be written, and a caller that ignores the futures queues without bound. Do not modify an
 * array before its future completes. Stages of different futures may run in any order.
 *
 * A call that fails cuts the message off, like [abandon]. It fails with `ConnectionClosedException`
 * if the connection is closing or gone, and in the cases described for each method.
 */
public interface AsyncMessageWriter {
    /**
     * Sends [bytes] as the next part of the message: within the frame that [beginFrame] opened,
     * else in frames of their own. Fails with [IllegalArgumentException] if that frame has no room.
     */
    public fun write(bytes: ByteArray): CompletableFuture<Void?>

    /** Sends [length] bytes of [bytes], starting at [offset]. Otherwise like `write(bytes)`. */
    public fun write(bytes: ByteArray, offset: Int, length: Int): CompletableFuture<Void?>

    /**
     * Sends [text] in UTF-8 as the next part of the message. A surrogate pair may be split between
     * two parts. Fails with [IllegalStateException] inside a frame of [beginFrame].
     */
    public fun write(text: String): CompletableFuture<Void?>

    /**
     * Begins a frame with a payload of [length] bytes, which the next calls of [write] provide.
     * Fails with [IllegalStateException] if the previous frame is not complete. Autobahn:
     * `beginMessageFrame`.
     */
    public fun beginFrame(length: Long): CompletableFuture<Void?>

    /** Ends the message. Fails with [IllegalStateException] if a frame is not complete. */
    public fun end(): CompletableFuture<Void?>

    /**
     * Ends the message with [bytes] as its last frame. Fails with [IllegalStateException] if a
     * frame is not complete.
     */
    public fun end(bytes: ByteArray): CompletableFuture<Void?>

    /**
     * Abandons the message. If a part of it was sent, the connection is closed with 1011, or
     * dropped if a frame is incomplete. Does nothing after [end].
     */
    public fun abandon()
}
