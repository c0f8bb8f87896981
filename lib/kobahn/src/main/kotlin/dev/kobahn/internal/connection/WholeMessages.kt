package dev.kobahn.internal.connection

import dev.kobahn.Message
import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer

/**
 * Puts messages together for an application that wants them whole, and offers them to [channel]. On
 * the loop.
 *
 * @param isHeadless whether the beginning of the message that is arriving was discarded, so that its
 * rest is discarded too
 */
internal class WholeMessages(
    private val channel: IncomingChannel<Message>,
    private val listener: IncomingChannel.Listener,
    private var isHeadless: Boolean,
) : MessageSink {
    private val assembler = MessageAssembler()
    private var type = MessageType.BINARY

    /** The bytes held for the message that is arriving. From any thread, which may see an older number. */
    val weight: Int get() = assembler.capacity

    override fun beginMessage(type: MessageType) {
        isHeadless = false
        this.type = type
    }

    override fun beginFrame(length: Long) {
        if (!isHeadless) assembler.beginFrame(length)
    }

    override fun data(chunk: ByteBuffer) {
        if (!isHeadless) assembler.append(chunk)
    }

    override fun endFrame() = Unit

    override fun endMessage() {
        if (isHeadless) return
        val bytes = assembler.end()
        val message = when (type) {
            MessageType.TEXT -> Message.Text(bytes)
            MessageType.BINARY -> Message.Binary(bytes)
        }
        if (channel.offer(message)) listener.onFull()
    }

    override fun abandon() = assembler.clear()
}
