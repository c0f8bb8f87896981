package dev.kobahn.internal.connection

import dev.kobahn.MessageWriter
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.SendState
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.endpoint.SendStep

/**
 * Sends one message in pieces. A failure in between leaves half a message; only the end of the
 * connection tells the peer not to wait for the rest.
 */
internal class RealMessageWriter(
    private val connection: Connection,
    private val type: MessageType,
    private val doNotCompress: Boolean,
    private val maxFrameSize: Int,
) : MessageWriter {
    private val protocol get() = connection.protocol
    private var ended = false

    /** The first half of a surrogate pair that was split, or empty. */
    private var half = ""

    /** Sends the message that [block] writes. */
    suspend fun send(block: suspend MessageWriter.() -> Unit) {
        try {
            connection.outgoing.sendPiece { SendStep.of(beginMessage(type, doNotCompress)) }
            block()
            if (!ended) end(ByteArray(0))
        } catch (failure: Throwable) {
            abandon(failure)
            throw failure
        } finally {
            ended = true
        }
    }

    /** The message will not be completed, because of [failure]. */
    private fun abandon(failure: Throwable) {
        // Asked first, because a Close that was sent before has cut the message off.
        val isClosedBefore: Boolean
        val state = synchronized(connection.output) {
            isClosedBefore = protocol.localClose != null
            protocol.abandonMessage()
        }
        when {
            state == SendState.INSIDE_MESSAGE_FRAME -> connection.drop(failure)
            state != SendState.INSIDE_MESSAGE -> Unit
            isClosedBefore -> frameEnded()
            else -> connection.beginClose(CloseCode.INTERNAL_ERROR, "", failure)
        }
    }

    /** No frame is open any more: a Close that waited for its end is sent. */
    private fun frameEnded() {
        if (protocol.localClose == null) return
        connection.onLoop { if (!connection.isClosed) connection.closing.advance() }
    }

    override suspend fun write(bytes: ByteArray, offset: Int, length: Int) {
        checkPart(bytes, offset, length)
        flushHalf()
        inSlices(bytes, offset, length) { beginSendingFrame(it, fin = false) }
    }

    override suspend fun write(text: String) {
        val whole = half + text
        half = if (whole.isNotEmpty() && whole.last().isHighSurrogate()) whole.takeLast(1) else ""
        val bytes = whole.dropLast(half.length).encodeToByteArray()
        checkOpen()
        inSlices(bytes, 0, bytes.size) { beginSendingFrame(it, fin = false) }
    }

    override suspend fun frame(length: Long, block: suspend MessageWriter.Frame.() -> Unit) {
        require(length >= 0) { "the frame's length is $length, must be 0 or more" }
        checkOpen()
        flushHalf()
        connection.outgoing.sendPiece { SendStep.of(beginMessageFrame(length)) }
        val frame = Frame(length)
        frame.block()
        frame.close()
        frameEnded()
    }

    override suspend fun end(bytes: ByteArray) {
        checkOpen()
        val last = half.encodeToByteArray() + bytes
        half = ""
        // Set at once: a caller that is cancelled while it waits for space has ended the message too.
        connection.outgoing.sendPiece { beginSendingFrame(last, fin = true).also { ended = true } }
    }

    /** Sends a half of a surrogate pair that stays alone, which becomes `?` as in any text. */
    private suspend fun flushHalf() {
        if (half.isEmpty()) return
        val bytes = half.encodeToByteArray()
        half = ""
        connection.outgoing.sendPiece { beginSendingFrame(bytes, fin = false) }
    }

    private fun checkOpen() = check(!ended) { "the message has ended" }

    private fun checkPart(bytes: ByteArray, offset: Int, length: Int) {
        checkOpen()
        if (offset < 0 || length < 0 || offset > bytes.size - length) {
            throw IndexOutOfBoundsException(
                "offset $offset, length $length of ${bytes.size} bytes",
            )
        }
    }

    /** Copies each slice: it must not change until it is written, and the caller may reuse its array. */
    private suspend fun inSlices(
        bytes: ByteArray,
        offset: Int,
        length: Int,
        send: Protocol.(ByteArray) -> SendStep,
    ) {
        var start = offset
        val end = offset + length
        while (start < end) {
            val slice = bytes.copyOfRange(start, minOf(end, start + maxFrameSize))
            connection.outgoing.sendPiece { send(slice) }
            start += slice.size
        }
    }

    private inner class Frame(override var remaining: Long) : MessageWriter.Frame {
        private var closed = false

        override suspend fun write(bytes: ByteArray, offset: Int, length: Int) {
            this@RealMessageWriter.checkPart(bytes, offset, length)
            check(!closed) { "the frame has ended" }
            require(length <= remaining) { "the frame has room for $remaining bytes, not $length" }
            this@RealMessageWriter.inSlices(bytes, offset, length) {
                remaining = sendMessageFrameData(it)
                SendStep.SENT
            }
        }

        fun close() {
            closed = true
            check(remaining == 0L) { "the frame lacks $remaining bytes" }
        }
    }
}
