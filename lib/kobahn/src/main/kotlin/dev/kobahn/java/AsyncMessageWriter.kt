package dev.kobahn.java

import java.util.concurrent.CompletableFuture

/**
 * A message that is sent piece by piece, see [AsyncWebSocket.beginMessage]; [end] ends it. Thread-safe;
 * calls take effect in their order, a [AsyncWebSocket.close] after [end] included, so there is no
 * need to wait for one before the next. But each call is kept until its turn comes, so a sender of
 * much has to wait now and then: each future completes once no more than `maxOutgoingQueueSize`
 * octets wait to be written, and who ignores them queues without bound. Arrays are handed over until
 * then. What depends on one of two futures may run before what depends on the earlier one.
 *
 * A call that fails, with `ConnectionClosedException` when the connection is closing or gone, or as
 * it says itself, cuts the message off, as [abandon] does.
 */
public interface AsyncMessageWriter {
    /**
     * Sends [octets] as the next part of the message: of the frame that [beginFrame] opened, else
     * in frames of their own. Fails with [IllegalArgumentException] if that frame has no room.
     */
    public fun write(octets: ByteArray): CompletableFuture<Void?>

    /** As `write(octets)`, with [length] octets from [offset] on. */
    public fun write(octets: ByteArray, offset: Int, length: Int): CompletableFuture<Void?>

    /** Sends [text] in UTF-8 as the next part; a surrogate pair may be split. Not inside a frame of known length. */
    public fun write(text: String): CompletableFuture<Void?>

    /**
     * Begins a frame with [length] octets of payload, which the next calls of [write] give. Fails
     * with [IllegalStateException] if the frame before is not complete. Autobahn:
     * `beginMessageFrame`.
     */
    public fun beginFrame(length: Long): CompletableFuture<Void?>

    /** Ends the message. Fails with [IllegalStateException] if a frame is not complete. */
    public fun end(): CompletableFuture<Void?>

    /** Ends the message with [octets] as its last frame. */
    public fun end(octets: ByteArray): CompletableFuture<Void?>

    /**
     * Gives the message up. If something of it was sent the connection is closed with 1011, or
     * dropped if a frame is incomplete. Nothing happens after [end].
     */
    public fun abandon()
}
