package dev.kobahn.protocol.stream

import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.frame.FrameParser
import dev.kobahn.protocol.frame.parseAll
import java.nio.ByteBuffer

/**
 * Feeds the same arbitrary bytes to a [Stream], a [Protocol] and a [FrameParser] and checks that
 * they agree on messages, Pings, Pongs, the Close and the violation, and that frames are built as
 * they were parsed.
 *
 * @param choice chooses the role and the limits by its bits
 */
internal class StreamComparison(choice: Int) {
    private val role = if (choice and 1 == 0) Role.SERVER else Role.CLIENT
    private val maxMessage = if (choice and 2 == 0) 1000L else 0L
    private val maxFrame = if (choice and 4 == 0) 500L else 0L
    private val end = ProtocolEnd(ProtocolConfig(role, maxMessage, maxFrame))
    private val stream = StreamEnd(role, maxMessage, maxFrame)

    /** The violation that both found, or null. */
    val violation: String? get() = end.protocol.failure?.violation?.name

    /**
     * Feeds [bytes] in pieces of the sizes that [pieceSize] returns, at most 32: these are 16
     * Pings.
     */
    fun feed(bytes: ByteArray, pieceSize: () -> Int) {
        var from = 0
        while (from < bytes.size) {
            val to = minOf(bytes.size, from + pieceSize().coerceIn(1, MAX_PIECE))
            val piece = bytes.copyOfRange(from, to)
            end.receive(piece)
            stream.receive(piece)
            agree("errors", stream.errors, listOfNotNull(failure()))
            from = to
        }
        compare()
        rebuild(bytes)
    }

    private fun failure() = end.protocol.failure?.let { "${it.closeCode} ${it.message}" }

    private fun compare() {
        val outcome = stream.outcome
        val events = end.events.list
        agree("messages", outcome.messages, end.events.messages)
        for (control in listOf("ping", "pong")) {
            agree(
                control,
                outcome.controls.filter { it.startsWith(control) },
                events.filter { it.startsWith(control) },
            )
        }
        agree(
            "closing",
            outcome.closing,
            end.protocol.remoteClose?.let {
                "${it.code} ${it.reason}"
            },
        )
    }

    /** Checks that parsed frames are built with the same bytes. */
    private fun rebuild(bytes: ByteArray) {
        val parser = FrameParser(maxFrame, acceptReservedBits = true)
        val input = ByteBuffer.wrap(bytes)
        while (true) {
            val start = input.position()
            val frame = try {
                parser.parse(input) ?: break
            } catch (_: ProtocolException) {
                check(parser.bytesWanted == 0L)
                break
            }
            val read = bytes.copyOfRange(start, input.position())
            check(frame.build().contentEquals(read)) { "$frame is built differently" }
        }
        if (violation == null && !end.protocol.closeReceived) {
            FrameParser(maxFrame).parseAll(ByteBuffer.wrap(bytes))
        }
    }

    private fun agree(what: String, stream: Any?, protocol: Any?) =
        check(stream == protocol) { "$what: the stream has $stream, the protocol $protocol" }

    private companion object {
        const val MAX_PIECE = 32
    }
}
