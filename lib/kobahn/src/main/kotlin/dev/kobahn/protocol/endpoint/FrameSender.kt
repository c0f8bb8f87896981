package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.FrameLengthUnknownException
import dev.kobahn.protocol.FrameMask
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.PreparedEncodings
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.SendState
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.EncoderChain
import dev.kobahn.protocol.frame.FrameHeader
import dev.kobahn.protocol.frame.FrameHeaderWriter
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer

/**
 * The sending half: messages in, frames out, with the rules for what may be sent when (RFC 6455
 * sections 5.4 and 5.5.1):
 *
 * - A message is sent whole, or piece by piece as [state] says; never both at once.
 * - Control frames go between frames. While a data frame is open they are held until it is
 *   complete.
 * - No message begins after a Close. A call that returns null or false has sent nothing.
 * - Extensions mark a transformed message on its first frame. Each of its frames contains the
 *   encoded form of the bytes that were given for it.
 * - Encoding takes time, so [encode] is a step of its own, between beginning a message and
 *   [sendEncoded]. The caller that was told to encode owns the encoders until then.
 *
 * Guarded by the monitor of [output], except for [encode].
 */
internal class FrameSender(
    private val config: ProtocolConfig,
    private val output: ByteQueue,
    val maskingKeys: MaskingKeys,
    val traffic: TrafficCounts,
) {
    /** Observes every frame, or null. */
    var observer: FrameObserver? = null

    /** Transforms messages, or null without extensions. */
    private var encoders: EncoderChain? = null

    /** The message or frame that is being encoded, or null. */
    private var unencoded: Unencoded? = null

    /** Whether to close the encoders as soon as no message is being encoded. */
    private var isReleased = false

    /** The message that is sent piece by piece, or the last such one; null before the first. */
    private var open: OpenMessage? = null

    private class OpenMessage {
        /** The opcode of the next frame, with the reserved bits that mark the message. */
        var nextOpcode = Opcode.CONTINUATION
        var isTransformed = false
        var frameRest = 0L
        var frameKey = 0
        var framePhase = 0

        /** The control frames that wait for the end of the open frame, or null. */
        var held: ArrayDeque<HeldFrame>? = null
    }

    private class HeldFrame(val opcode: Int, val payload: ByteArray)

    var state = SendState.GROUND
        private set

    /** The Close that was sent, or is held until the open frame is complete. */
    @Volatile
    var close: CloseFrame? = null
        private set

    /** Whether [close] is held. */
    val isCloseHeld: Boolean get() = close != null && open?.held != null

    // The ends of the last data frame and of the Close in the stream of the output.
    private var dataEnd = 0L
    private var closeEnd = Long.MAX_VALUE

    /** Whether all frames of messages were written. */
    val isDataWritten: Boolean get() = output.position >= dataEnd

    /** Whether [close] and everything sent before it were written. */
    val isCloseWritten: Boolean get() = output.position >= closeEnd

    /** Whether a part of a message was sent, but not its end. */
    val isInsideMessage: Boolean
        get() = state == SendState.INSIDE_MESSAGE || state == SendState.INSIDE_MESSAGE_FRAME

    /** Whether a message was abandoned after a part of it was sent. No message can follow it. */
    private var isCutOff = false

    /** Whether no message, nor a further frame of one, may be sent. */
    private val isOver get() = close != null || isCutOff

    /** Whether even control frames cannot be sent: the peer would read them as data. */
    private val isInCutOffFrame get() = isCutOff && state == SendState.INSIDE_MESSAGE_FRAME

    /** Whether an extension failed to encode. No message can be sent any more. */
    val hasEncoderFailed: Boolean get() = encoders?.failure != null

    fun extend(extensions: List<AgreedExtension>, pool: CodecPool) {
        encoders = EncoderChain(extensions, pool)
    }

    /** Gives back the resources of the encoders as soon as no message is being encoded. */
    fun release() {
        isReleased = true
        if (unencoded == null) encoders?.close()
    }

    fun message(
        type: MessageType,
        bytes: ByteArray,
        fragmentSize: Int,
        doNotCompress: Boolean,
    ): SendStep {
        if (isOver) return SendStep.CLOSED
        expect("sendMessage", SendState.GROUND)
        val encoders = encodersFor(type, bytes, doNotCompress)
        if (encoders == null) {
            frames(type.opcode, bytes, fragmentSize)
            traffic.messageSent()
            return SendStep.SENT
        }
        return encodeNext(Unencoded.Whole(marked(type, encoders), bytes, fragmentSize))
    }

    /**
     * Like [message], but shares the encoding with all senders of [encodings] if it is standalone.
     */
    fun prepared(
        type: MessageType,
        bytes: ByteArray,
        encodings: PreparedEncodings,
        fragmentSize: Int,
    ): SendStep {
        if (encoders == null) return shared(type, bytes, encodings, fragmentSize)
        val form = encoders?.standaloneForm ?: return message(type, bytes, fragmentSize, false)
        if (isOver) return SendStep.CLOSED
        expect("sendMessage", SendState.GROUND)
        val encoders = encodersFor(type, bytes, doNotCompress = false)
            ?: return message(type, bytes, fragmentSize, doNotCompress = true)
        val message =
            Unencoded.Prepared(marked(type, encoders), bytes, fragmentSize, encodings, form)
        message.encoded = encodings.get(form) ?: return encodeNext(message)
        send(message, encoders)
        return SendStep.SENT
    }

    private fun encodeNext(next: Unencoded): SendStep {
        check(unencoded == null) { "a message is being encoded" }
        unencoded = next
        return SendStep.ENCODING
    }

    /** Encodes the next message or frame, without the monitor. If it fails, nothing is sent. */
    fun encode() {
        val encoders = encoders!!
        when (val next = unencoded!!) {
            is Unencoded.Whole -> encoders.encode(next.bytes, 0, next.bytes.size, end = true)

            is Unencoded.Part -> encoders.encode(next.bytes, next.offset, next.length, next.fin)

            is Unencoded.Prepared -> {
                val encoded = encoders.encodeStandalone(next.bytes)
                next.encoded = next.encodings.keep(next.form, encoded)
            }
        }
    }

    /**
     * Sends the encoded message or frame. Returns false and sends nothing if a Close was sent
     * meanwhile.
     */
    fun sendEncoded(): Boolean {
        val next = unencoded!!
        val encoders = encoders!!
        if (isOver || isReleased) {
            discardEncoded()
            return false
        }
        unencoded = null
        when (next) {
            is Unencoded.Whole -> send(next, encoders)
            is Unencoded.Part -> send(next, encoders)
            is Unencoded.Prepared -> send(next, encoders)
        }
        return true
    }

    /** Forgets the message that is being encoded. */
    fun discardEncoded() {
        unencoded = null
        encoders?.output?.clear()
        if (isReleased) encoders?.close()
    }

    private fun send(message: Unencoded.Whole, encoders: EncoderChain) {
        encodedFrames(encoders, message.opcode, message.fragmentSize)
        traffic.applicationSent(message.bytes.size)
        traffic.messageSent()
    }

    private fun send(message: Unencoded.Prepared, encoders: EncoderChain) {
        val encoded = message.encoded!!
        encoders.sentStandalone(message.bytes)
        frames(message.opcode, encoded, message.fragmentSize)
        output.shareLast(message.encodings)
        traffic.applicationSent(message.bytes.size - encoded.size)
        traffic.messageSent()
    }

    private fun send(part: Unencoded.Part, encoders: EncoderChain) {
        val count = Math.toIntExact(encoders.output.size)
        encodedFrame(part.fin, part.opcode, encoders.output, count)
        traffic.applicationSent(part.length)
        frameSent(part.fin)
    }

    /**
     * Like [message] where nothing transforms it: the frame is the same for all connections that do
     * not mask, and is made once. A message to thousands of connections takes no segment for each.
     */
    private fun shared(
        type: MessageType,
        bytes: ByteArray,
        encodings: PreparedEncodings,
        fragmentSize: Int,
    ): SendStep {
        val isWhole = fragmentSize == 0 || bytes.size <= fragmentSize
        if (!isWhole || config.maskOutgoing || observer != null) {
            return message(type, bytes, fragmentSize, doNotCompress = true)
        }
        if (isOver) return SendStep.CLOSED
        expect("sendMessage", SendState.GROUND)
        val isShort = bytes.size <= ByteQueue.COPY_LIMIT
        val head = encodings.head ?: FrameHeaderWriter
            .frame(type.opcode, bytes.size.toLong(), if (isShort) bytes else NO_BYTES)
            .also { encodings.head = it }
        output.appendShared(head, encodings.takeIf { isShort })
        if (!isShort) {
            output.appendPayload(bytes, 0, bytes.size, 0, masked = false)
            output.shareLast(encodings)
        }
        dataEnd = output.endPosition
        traffic.frameSent()
        traffic.dataSent(bytes.size)
        traffic.messageSent()
        return SendStep.SENT
    }

    /**
     * Returns the encoders if they transform the message that begins, or null if it is sent as it
     * is.
     */
    private fun encodersFor(type: MessageType, bytes: ByteArray, doNotCompress: Boolean) =
        encoders?.takeIf { it.begin(type, bytes.size.toLong(), doNotCompress) }

    private fun marked(type: MessageType, encoders: EncoderChain) =
        type.opcode or (encoders.reservedBits shl FrameHeader.RSV_SHIFT)

    /** Sends [bytes] in frames of which the first has [opcode]. */
    private fun frames(opcode: Int, bytes: ByteArray, fragmentSize: Int) {
        val size = if (fragmentSize > 0) fragmentSize else Int.MAX_VALUE
        var next = opcode
        var start = 0
        do {
            val length = minOf(size, bytes.size - start)
            frame(start + length == bytes.size, next, bytes, start, length)
            traffic.dataSent(length)
            next = Opcode.CONTINUATION
            start += length
        } while (start < bytes.size)
    }

    /** Sends the encoded message in frames of which the first has [opcode]. */
    private fun encodedFrames(encoders: EncoderChain, opcode: Int, fragmentSize: Int) {
        val size = if (fragmentSize > 0) fragmentSize else Int.MAX_VALUE
        var next = opcode
        do {
            val left = Math.toIntExact(encoders.output.size)
            val length = minOf(size, left)
            encodedFrame(length == left, next, encoders.output, length)
            next = Opcode.CONTINUATION
        } while (length < left)
    }

    fun beginMessage(type: MessageType, doNotCompress: Boolean): Boolean {
        if (isOver) return false
        expect("beginMessage", SendState.GROUND)
        val encoders = encoders?.takeIf { it.begin(type, -1, doNotCompress) }
        val open = open ?: OpenMessage().also { open = it }
        open.isTransformed = encoders != null
        open.nextOpcode = if (encoders == null) type.opcode else marked(type, encoders)
        traffic.messageSent()
        state = SendState.MESSAGE_BEGIN
        return true
    }

    fun beginFrame(length: Long): Boolean {
        expect("beginMessageFrame", SendState.MESSAGE_BEGIN, SendState.INSIDE_MESSAGE)
        require(length >= 0) { "frame length is $length, must be 0 or more" }
        val open = open!!
        if (open.isTransformed) throw FrameLengthUnknownException()
        if (isOver) return false
        traffic.frameSent()
        open.frameKey = if (config.maskOutgoing) maskingKeys.next() else 0
        open.framePhase = 0
        open.frameRest = length
        header(fin = false, open.nextOpcode, length, open.frameKey)
        observer?.begin(open.nextOpcode, config.maskOutgoing, length)
        if (length == 0L) observer?.end()
        open.nextOpcode = Opcode.CONTINUATION
        state = if (length == 0L) SendState.INSIDE_MESSAGE else SendState.INSIDE_MESSAGE_FRAME
        return true
    }

    /**
     * Returns the bytes left of the frame, or minus the number of bytes that did not fit into it.
     */
    fun frameData(bytes: ByteArray, offset: Int, length: Int): Long {
        expect("sendMessageFrameData", SendState.INSIDE_MESSAGE_FRAME)
        val open = open!!
        val count = minOf(length.toLong(), open.frameRest).toInt()
        traffic.dataSent(count)
        observer?.data(ByteBuffer.wrap(bytes, offset, count), count)
        val masked = config.maskOutgoing && config.applyMask
        // A key rotated by the phase masks a later part as the key itself would.
        val key = Integer.rotateLeft(open.frameKey, open.framePhase * Byte.SIZE_BITS)
        output.appendPayload(bytes, offset, count, key, masked)
        dataEnd = output.endPosition
        open.framePhase = (open.framePhase + count) and PHASES
        open.frameRest -= count
        if (open.frameRest > 0) return open.frameRest
        state = SendState.INSIDE_MESSAGE
        observer?.end()
        sendHeld(open)
        return (count - length).toLong()
    }

    private fun sendHeld(open: OpenMessage) {
        val frames = open.held ?: return
        open.held = null
        for (frame in frames) control(frame.opcode, frame.payload)
    }

    /** Sends [bytes] as one frame of the open message; [fin] makes it the last. */
    fun messageFrame(bytes: ByteArray, offset: Int, length: Int, fin: Boolean): SendStep {
        expect(
            if (fin) "endMessage" else "sendMessageFrame",
            SendState.MESSAGE_BEGIN,
            SendState.INSIDE_MESSAGE,
        )
        if (isOver) return SendStep.CLOSED
        val open = open!!
        if (open.isTransformed) {
            return encodeNext(Unencoded.Part(open.nextOpcode, bytes, offset, length, fin))
        }
        frame(fin, open.nextOpcode, bytes, offset, length)
        traffic.dataSent(length)
        frameSent(fin)
        return SendStep.SENT
    }

    /** Updates the state after a frame of the open message; [fin] if it was the last. */
    private fun frameSent(fin: Boolean) {
        open!!.nextOpcode = Opcode.CONTINUATION
        state = if (fin) SendState.GROUND else SendState.INSIDE_MESSAGE
    }

    fun abandonMessage(): SendState {
        if (state == SendState.MESSAGE_BEGIN) {
            state = SendState.GROUND
            traffic.messageRevoked()
        }
        isCutOff = state != SendState.GROUND
        return state
    }

    fun ping(payload: ByteArray): Boolean = sendControl(Opcode.PING, payload)

    fun pong(payload: ByteArray): Boolean = sendControl(Opcode.PONG, payload)

    private fun sendControl(opcode: Int, payload: ByteArray): Boolean {
        if (close != null || isInCutOffFrame) return false
        control(opcode, payload)
        return true
    }

    fun close(frame: CloseFrame): Boolean {
        if (!sendControl(Opcode.CLOSE, frame.encode())) return false
        close = frame
        traffic.isOpen = false
        return true
    }

    private fun control(opcode: Int, payload: ByteArray) {
        val open = open
        if (open != null && state == SendState.INSIDE_MESSAGE_FRAME) {
            val frames = open.held ?: ArrayDeque<HeldFrame>().also { open.held = it }
            frames.addLast(HeldFrame(opcode, payload))
        } else {
            frame(fin = true, opcode, payload, 0, payload.size)
            if (opcode == Opcode.CLOSE) closeEnd = output.endPosition
        }
    }

    private fun frame(fin: Boolean, opcode: Int, payload: ByteArray, offset: Int, length: Int) {
        if (!Opcode.isControl(opcode)) traffic.frameSent()
        observer?.show(fin, opcode, ByteBuffer.wrap(payload, offset, length))
        val key = if (config.maskOutgoing) maskingKeys.next() else 0
        header(fin, opcode, length.toLong(), key)
        output.appendPayload(payload, offset, length, key, config.maskOutgoing && config.applyMask)
        if (!Opcode.isControl(opcode)) dataEnd = output.endPosition
    }

    private fun header(fin: Boolean, opcode: Int, length: Long, key: Int) =
        FrameHeaderWriter.append(output, fin, opcode, length, config.maskOutgoing, key)

    /** Sends the first [length] bytes of [payload] as a frame. */
    private fun encodedFrame(fin: Boolean, opcode: Int, payload: ByteQueue, length: Int) {
        traffic.frameSent()
        traffic.encodedSent(length)
        observer?.let { it.show(fin, opcode, payload.head(length)) }
        val key = if (config.maskOutgoing) maskingKeys.next() else 0
        header(fin, opcode, length.toLong(), key)
        output.transfer(payload, length, key, config.maskOutgoing && config.applyMask)
        dataEnd = output.endPosition
    }

    /** Returns a copy, because an observer gets the payload in one piece. */
    private fun ByteQueue.head(count: Int): ByteBuffer {
        val copy = ByteBuffer.allocate(count)
        copyTo(copy)
        copy.flip()
        return copy
    }

    /** Observes and counts a frame that was sent without checks. */
    fun passed(frame: RawFrame) {
        if (!Opcode.isControl(frame.opcode)) traffic.frameSent()
        val observer = observer ?: return
        val fin = if (frame.fin) FrameHeader.FIN else 0
        val usual = frame.mask === FrameMask.USUAL && config.maskOutgoing
        val first = fin or (frame.rsv shl FrameHeader.RSV_SHIFT) or frame.opcode
        observer.begin(first, usual || frame.mask.key != null, frame.payloadLength)
        val count = minOf(frame.payload.size.toLong(), frame.payloadLength).toInt()
        observer.data(ByteBuffer.wrap(frame.payload, 0, count), count)
        observer.end()
    }

    private fun FrameObserver.show(fin: Boolean, opcode: Int, payload: ByteBuffer) {
        val length = payload.remaining()
        begin(opcode or if (fin) FrameHeader.FIN else 0, config.maskOutgoing, length.toLong())
        data(payload, length)
        end()
    }

    private fun expect(call: String, allowed: SendState) {
        check(state == allowed) { "$call in state $state, must be $allowed" }
    }

    private fun expect(call: String, one: SendState, other: SendState) {
        check(state == one || state == other) { "$call in state $state, must be $one or $other" }
    }

    private companion object {
        val NO_BYTES = ByteArray(0)
        const val PHASES = 3
    }
}
