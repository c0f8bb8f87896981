package dev.kobahn.internal.connection

import dev.kobahn.Message
import dev.kobahn.protocol.MessageAssembler
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

/** Puts messages together and hands them over whole, to [queue]. */
internal class WholeMessages(private val queue: IncomingMessages<Message>) : MessageSink {
    private val assembler = MessageAssembler()
    private var type = MessageType.BINARY

    override fun beginMessage(type: MessageType) {
        this.type = type
    }

    override fun beginFrame(length: Long) = assembler.beginFrame(length)

    override fun data(chunk: ByteBuffer) = assembler.append(chunk)

    override fun endFrame() = Unit

    override fun endMessage() {
        val octets = assembler.end()
        val message = when (type) {
            MessageType.TEXT -> Message.Text(octets)
            MessageType.BINARY -> Message.Binary(octets)
        }
        if (queue.offer(message)) queue.owner.onFull()
    }

    override fun abandon() = assembler.clear()
}
