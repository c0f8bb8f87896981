package dev.kobahn.internal.connection

import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer

/** The bytes that a message or a frame counts as at least: many empty ones must not be free. */
internal const val MIN_MESSAGE_COST: Long = 64

/** Takes the messages that the protocol finds, in the order of the wire. On the loop. */
internal interface MessageSink {
    fun beginMessage(type: MessageType)

    fun beginFrame(length: Long)

    /** [chunk] is only valid during the call. */
    fun data(chunk: ByteBuffer)

    fun endFrame()

    fun endMessage()

    /** The message that is arriving will not be completed. */
    fun abandon()
}
