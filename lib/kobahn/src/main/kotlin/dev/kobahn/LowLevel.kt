package dev.kobahn

import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.RawFrame

/**
 * The senders of frames and bytes that the protocol may forbid, see [WebSocket.lowLevel].
 * Thread-safe.
 */
@DelicateWebSocketApi
public interface LowLevel {
    /**
     * Sends [frame] unchanged, even if the protocol forbids it, and even after a Close. Only the
     * values of [frame] are checked, and no limit applies. The connection takes no note of the
     * frame: a Close sent by this call does not close this end, and the frame may be sent within a
     * message that is being streamed. Frames keep the order of the calls among all sent data.
     * Suspends above the high-water mark like [WebSocket.send]. Cancellation only ends the waiting.
     * Autobahn: `sendFrame`.
     *
     * @param chopSize the number of bytes per write, if above 0
     * @param sync whether the frame is written separately from the data before and after it; the
     * call then suspends until the operating system has taken the frame
     * @throws ConnectionClosedException if the connection is gone
     * @throws IllegalArgumentException if [chopSize] is negative
     */
    public suspend fun sendFrame(frame: RawFrame, chopSize: Int = 0, sync: Boolean = false)

    /**
     * Sends [bytes], which need not be frames and are not copied. Otherwise like [sendFrame].
     * Autobahn: `sendData`.
     */
    public suspend fun sendData(bytes: ByteArray, chopSize: Int = 0, sync: Boolean = false)
}
