package dev.kobahn.internal.connection

import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer

/** Takes what the protocol finds of messages, in wire order, and keeps it for the application. On the loop. */
internal interface MessageSink {
    fun beginMessage(type: MessageType)

    fun beginFrame(length: Long)

    /** [chunk] is only valid during the call. */
    fun data(chunk: ByteBuffer)

    fun endFrame()

    fun endMessage()

    /** Forgets the message that is open: it will not be completed. */
    fun abandon()
}
