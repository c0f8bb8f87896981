package dev.kobahn.protocol.endpoint

import java.nio.ByteBuffer

/**
 * Observes the frames of one direction: for each frame [begin], then [data] as it passes, then
 * [end]. A frame that breaks a rule has no end. Sent frames are observed under the monitor of the
 * output, received ones on the receiving thread. An observer must not throw or call back.
 */
internal interface FrameObserver {
    /** A header, not yet checked if received. [first] is its first byte: FIN, RSV and opcode. */
    fun begin(first: Int, masked: Boolean, length: Long)

    /** The next [count] bytes of [payload], unmasked. They must not be consumed. */
    fun data(payload: ByteBuffer, count: Int)

    /** The frame is complete. */
    fun end()
}
