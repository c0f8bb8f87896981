package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.RecordedEvents
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Violation
import java.nio.ByteBuffer

/**
 * Feeds arbitrary bytes to a [Protocol] and checks that it throws nothing, consumes everything,
 * has no event after a failure except the Close, and that its output is bounded by what it can have
 * sent.
 */
internal class HostileInput(config: ProtocolConfig) {
    // A key of zero keeps the output readable also where keys are not applied.
    private val end = ProtocolEnd(config) { 0 }

    /** The events in the form of [RecordedEvents]. */
    val events: List<String> get() = end.events.list

    /**
     * Feeds [bytes] in pieces of the sizes that [pieceSize] returns, from heap or direct buffers.
     */
    fun feed(bytes: ByteArray, direct: Boolean, pieceSize: () -> Int) {
        val buffer = if (direct) {
            ByteBuffer.allocateDirect(
                bytes.size,
            )
        } else {
            ByteBuffer.allocate(bytes.size)
        }
        buffer.put(bytes)
        buffer.position(0)
        while (buffer.position() < bytes.size) {
            buffer.limit(minOf(bytes.size, buffer.position() + maxOf(1, pieceSize())))
            end.protocol.receive(buffer)
            check(!buffer.hasRemaining()) { "not all was consumed" }
            checkState()
        }
    }

    private fun checkState() {
        val protocol = end.protocol
        check(end.output.size <= MAX_OUTPUT) { "${end.output.size} bytes wait" }
        check(protocol.remoteClose == null || protocol.closeReceived)
        // The record itself throws if an event comes too late.
        val ended = protocol.closeReceived || protocol.failure != null
        check(protocol.closeExpected == ended)
        check((protocol.localClose != null) == ended) {
            "a Close is sent exactly when something ends"
        }
    }

    /** Checks that all sent frames are whole, and that a Close is the last one. */
    fun checkOutput() {
        val sent = end.sent()
        check(sent.dropLast(1).none { it.startsWith("close") }) { "something follows a Close" }
        check(sent.all { it.startsWith("pong") || it.startsWith("close") })
    }

    companion object {
        private const val MAX_OUTPUT = 64 * 1024 + 2 * 131

        /**
         * Returns one of the configurations that matter to received bytes, by the bits of
         * [choice].
         */
        fun config(choice: Int): ProtocolConfig {
            fun bit(index: Int) = choice shr index and 1 == 1
            return ProtocolConfig(
                role = if (bit(0)) Role.CLIENT else Role.SERVER,
                maxMessagePayloadSize = if (bit(1)) 0 else 1000,
                maxFramePayloadSize = if (bit(2)) 0 else 500,
                utf8validateIncoming = !bit(3),
                requireMasked = !bit(0) && !bit(4),
                acceptMasked = !bit(0) || bit(4),
                applyMask = !bit(5),
                echoCloseCodeReason = bit(6),
            )
        }
    }
}

/** Violations that need an extension. */
internal val OF_EXTENSIONS = setOf(Violation.CODED_DATA_INVALID, Violation.EXPANDS_TOO_MUCH)
