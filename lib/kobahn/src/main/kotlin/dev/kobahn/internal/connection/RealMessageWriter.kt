package dev.kobahn.internal.connection

import dev.kobahn.FrameWriter
import dev.kobahn.MessageWriter
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.SendStep

/**
 * Sends one message piece by piece. What fails in between leaves half a message, which only the end
 * of the connection keeps the peer from waiting for.
 */
internal class RealMessageWriter(
    private val outbox: Outbox,
    private val owner: Outbox.Owner,
    private val type: MessageType,
    private val doNotCompress: Boolean,
    private val maxFrameSize: Int,
) : MessageWriter {
    private var ended = false

    /** The first half of a surrogate pair that was split, or empty. */
    private var half = ""

    /** Sends the message that [block] writes. */
    suspend fun send(block: suspend MessageWriter.() -> Unit) {
        try {
            outbox.sendPiece { SendStep.of(beginMessage(type, doNotCompress)) }
            block()
            if (!ended) end(ByteArray(0))
        } catch (failure: Throwable) {
            owner.abandonMessage(failure)
            throw failure
        } finally {
            ended = true
        }
    }

    override suspend fun write(octets: ByteArray, offset: Int, length: Int) {
        checkPart(octets, offset, length)
        flushHalf()
        inSlices(octets, offset, length) { beginSendingFrame(it, fin = false) }
    }

    override suspend fun write(text: String) {
        val whole = half + text
        half = if (whole.isNotEmpty() && whole.last().isHighSurrogate()) whole.takeLast(1) else ""
        val octets = whole.dropLast(half.length).encodeToByteArray()
        checkOpen()
        inSlices(octets, 0, octets.size) { beginSendingFrame(it, fin = false) }
    }

    override suspend fun frame(length: Long, block: suspend FrameWriter.() -> Unit) {
        require(length >= 0) { "the frame's length is $length, must be 0 or more" }
        checkOpen()
        flushHalf()
        outbox.sendPiece { SendStep.of(beginMessageFrame(length)) }
        val frame = Frame(length)
        frame.block()
        frame.close()
        owner.frameEnded()
    }

    override suspend fun end(octets: ByteArray) {
        checkOpen()
        val last = half.encodeToByteArray() + octets
        half = ""
        // At once: who does not wait for room has ended the message all the same.
        outbox.sendPiece { beginSendingFrame(last, fin = true).also { ended = true } }
    }

    /** A half that stays alone is sent as `?`, as any other. */
    private suspend fun flushHalf() {
        if (half.isEmpty()) return
        val octets = half.encodeToByteArray()
        half = ""
        outbox.sendPiece { beginSendingFrame(octets, fin = false) }
    }

    private fun checkOpen() = check(!ended) { "the message has ended" }

    private fun checkPart(octets: ByteArray, offset: Int, length: Int) {
        checkOpen()
        if (offset < 0 || length < 0 || offset > octets.size - length) {
            throw IndexOutOfBoundsException(
                "offset $offset, length $length of ${octets.size} octets",
            )
        }
    }

    /** Copied, for what is sent must not change until it is written, and the caller may go on with its array. */
    private suspend fun inSlices(
        octets: ByteArray,
        offset: Int,
        length: Int,
        send: Protocol.(ByteArray) -> SendStep,
    ) {
        var start = offset
        val end = offset + length
        while (start < end) {
            val slice = octets.copyOfRange(start, minOf(end, start + maxFrameSize))
            outbox.sendPiece { send(slice) }
            start += slice.size
        }
    }

    private inner class Frame(override var remaining: Long) : FrameWriter {
        private var closed = false

        override suspend fun write(octets: ByteArray, offset: Int, length: Int) {
            this@RealMessageWriter.checkPart(octets, offset, length)
            check(!closed) { "the frame has ended" }
            require(length <= remaining) { "the frame has room for $remaining octets, not $length" }
            this@RealMessageWriter.inSlices(octets, offset, length) {
                remaining = sendMessageFrameData(it)
                SendStep.SENT
            }
        }

        fun close() {
            closed = true
            check(remaining == 0L) { "the frame lacks $remaining octets" }
        }
    }
}
