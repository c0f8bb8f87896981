package dev.kobahn.protocol.stream

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.frame.Frame
import dev.kobahn.protocol.frame.FrameParser
import java.io.InputStream
import java.io.OutputStream
import java.nio.ByteBuffer

// The code of lib/docs/sans-io.md.

internal class Echo : ProtocolEvents {
    val output = ByteQueue()
    val protocol = Protocol(ProtocolConfig(Role.SERVER), output, MaskingKeys { 0 }, this)
    private val assembler = MessageAssembler()
    private var type = MessageType.BINARY

    override fun onMessageBegin(type: MessageType) {
        this.type = type
    }

    override fun onFrameBegin(length: Long) = assembler.beginFrame(length)

    override fun onFrameData(chunk: ByteBuffer) = assembler.append(chunk)

    override fun onMessageEnd() {
        protocol.sendMessage(type, assembler.end())
    }
}

internal fun serve(input: InputStream, output: OutputStream) {
    val echo = Echo()
    val buffer = ByteArray(8192)
    while (!echo.protocol.closeReceived) {
        val count = input.read(buffer)
        if (count < 0) break
        echo.protocol.receive(ByteBuffer.wrap(buffer, 0, count))
        while (!echo.output.isEmpty) {
            output.write(echo.output.takeAll())
            echo.protocol.outputWritten()
        }
    }
}

internal fun serveStream(input: InputStream, output: OutputStream) {
    val stream = Stream()
    val buffer = ByteArray(8192)
    while (stream.closing == null && stream.errors.isEmpty()) {
        val count = input.read(buffer)
        if (count < 0) return
        stream.receive(ByteBuffer.wrap(buffer, 0, count))
        while (true) {
            val message = stream.takeMessage() ?: break
            output.write(stream.single(message))
        }
        stream.takePings().forEach { output.write(stream.pong(it.data)) }
    }
    val close = stream.errors.firstOrNull() ?: stream.closing ?: return
    output.write(stream.single(close))
}

internal fun frames(parser: FrameParser, bytes: ByteBuffer): List<Frame> =
    generateSequence { parser.parse(bytes) }.toList()
