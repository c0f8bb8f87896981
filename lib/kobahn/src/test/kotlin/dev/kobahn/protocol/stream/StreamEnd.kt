package dev.kobahn.protocol.stream

import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.toHex
import java.nio.ByteBuffer

/**
 * A [Stream] of which everything is taken at once, in the form of
 * [RecordedEvents][dev.kobahn.protocol.RecordedEvents].
 */
internal class StreamEnd(
    role: Role,
    maxMessagePayloadSize: Long = ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE,
    maxFramePayloadSize: Long = 0,
) {
    val stream = Stream(
        expectMasking = role == Role.SERVER,
        maxMessagePayloadSize = maxMessagePayloadSize,
        maxFramePayloadSize = maxFramePayloadSize,
    )
    private val messages = mutableListOf<String>()
    private val controls = mutableListOf<String>()

    fun receive(bytes: ByteBuffer) {
        stream.receive(bytes)
        check(!bytes.hasRemaining()) { "not all was consumed" }
        while (true) {
            val message = stream.takeMessage() ?: break
            check(message.completed)
            messages += "${message.type.name.lowercase()} ${message.data.toHex()}".trim()
        }
        stream.takePings().mapTo(controls) { "ping ${it.data.toHex()}".trim() }
        stream.takePongs().mapTo(controls) { "pong ${it.data.toHex()}".trim() }
    }

    fun receive(bytes: ByteArray) = receive(ByteBuffer.wrap(bytes.copyOf()))

    /** The violations, one at most. */
    val errors: List<String> get() = stream.errors.map { "${it.code} ${it.reason}" }

    /** All results: messages, Pings before Pongs for each feed, Close, error. */
    val outcome: StreamOutcome
        get() = StreamOutcome(
            messages,
            controls,
            stream.closing?.let { "${it.code} ${it.reason}" },
            errors,
            stream.message?.data?.toHex(),
        )
}

/** The results of a stream; [open] is the received part of a message that is not complete. */
internal data class StreamOutcome(
    val messages: List<String> = emptyList(),
    val controls: List<String> = emptyList(),
    val closing: String? = null,
    val errors: List<String> = emptyList(),
    val open: String? = null,
)
