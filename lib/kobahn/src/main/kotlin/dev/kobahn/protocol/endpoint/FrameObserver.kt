package dev.kobahn.protocol.endpoint

import java.nio.ByteBuffer

/**
 * Is shown the frames of one direction, one after another: [begin], [data] as it passes, [end]. A
 * frame that breaks a rule has no end. What is sent is shown under the output's monitor, what is
 * received on the thread that receives. None may throw or call back.
 */
internal interface FrameObserver {
    /** A header, not yet judged if received; [first] is its first octet: FIN, RSV and opcode. */
    fun begin(first: Int, masked: Boolean, length: Long)

    /** The next [count] octets of [payload], without mask; they must be left in it. */
    fun data(payload: ByteBuffer, count: Int)

    /** The frame is complete. */
    fun end()
}
