package dev.kobahn.java

import dev.kobahn.WebSocket
import dev.kobahn.protocol.RawFrame
import java.util.concurrent.CompletableFuture

/**
 * The senders of frames and bytes that the protocol may forbid, for Java; see [WebSocket.LowLevel].
 * Thread-safe; no method blocks.
 */
public interface AsyncLowLevel {
    /**
     * Sends [frame] in one write, without `sync`. Otherwise like
     * `sendFrame(frame, chopSize, sync)`.
     */
    public fun sendFrame(frame: RawFrame): CompletableFuture<Void?>

    /**
     * Sends [frame] unchanged, even if RFC 6455 forbids it, and even after a Close: for tests of
     * peers. No limit applies. The connection takes no note of the frame: a Close sent by this call
     * does not close this end. Frames keep the order of the calls among all sent data. The future
     * is like that of `send(text)`.
     *
     * @param chopSize the number of bytes per write, if above 0
     * @param sync whether the frame is written separately from the data before and after it; the
     * future then completes when the operating system has taken the frame
     */
    public fun sendFrame(frame: RawFrame, chopSize: Int, sync: Boolean): CompletableFuture<Void?>

    /**
     * Sends [bytes] in one write, without `sync`. Otherwise like
     * `sendData(bytes, chopSize, sync)`.
     */
    public fun sendData(bytes: ByteArray): CompletableFuture<Void?>

    /** Sends [bytes], which need not be frames and are not copied. Otherwise like `sendFrame`. */
    public fun sendData(bytes: ByteArray, chopSize: Int, sync: Boolean): CompletableFuture<Void?>
}
