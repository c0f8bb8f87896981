package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.Masking
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Utf8Transitions
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.DecoderChain
import dev.kobahn.protocol.frame.FrameHeaderReader
import dev.kobahn.protocol.frame.HeaderRules
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer

/**
 * The receiving half: frames in, events out, with the rules for what a peer may send (RFC 6455
 * section 5). This class decides whether a frame is allowed; [HeaderRules] has the rules that a
 * header breaks on its own. A violation is thrown once, as a [ProtocolException] out of [receive].
 *
 * Belongs to the receiving thread.
 */
internal abstract class FrameReceiver(
    private val config: ProtocolConfig,
    private val events: ProtocolEvents,
) {
    /** Counts the traffic of the connection. */
    protected abstract val traffic: TrafficCounts

    /** A Ping with [payload] arrived. */
    protected abstract fun onPing(payload: ByteArray)

    /** Observes every frame, or null. */
    var observer: FrameObserver? = null

    /** Restores messages that extensions transformed, or null without extensions. */
    private var decoders: DecoderChain? = null

    /** Whether to consume nothing; an event that sets it takes effect after the event. */
    var isPaused = false

    /** The number of bytes that extensions may still restore before [receive] returns. */
    private var restorable = Long.MAX_VALUE

    private val header = FrameHeaderReader()
    private var textState = Utf8Transitions.ACCEPTED
    private var message: MessageType? = null
    private var isTransformed = false
    private var messageLength = 0L
    private var maxMessageSize = config.maxMessagePayloadSize
    private var isLimitDue = false
    private var isReceiving = false
    private var insideFrame = false
    private var control: ByteArray? = null
    private var received = 0L

    /**
     * Whether the last frame that arrived is a Close, valid or not. Nothing is received after it.
     */
    var closed = false
        private set

    /** The number of bytes still missing of the open frame. */
    val frameRest: Long get() = if (insideFrame) header.length - received else 0

    /** The least number of bytes still missing of the open header or frame. */
    val bytesWanted: Long get() = if (insideFrame) frameRest else header.bytesWanted.toLong()

    fun extend(extensions: List<AgreedExtension>, pool: CodecPool) {
        decoders = DecoderChain(extensions, pool, Restored())
    }

    /** Accepts the restored bytes of a message as the decoders produce them. */
    private inner class Restored : ByteSink {
        override fun write(bytes: ByteArray, offset: Int, length: Int) {
            restorable -= length
            data(bytes, offset, length)
        }

        override val room: Long
            get() = if (maxMessageSize > 0) maxMessageSize - messageLength else Long.MAX_VALUE
    }

    /**
     * Consumes [input] until it is empty, [isPaused] is set, or extensions have restored
     * [mostRestored] bytes; they may exceed that by the content of one [SLICE]. Returns the peer's
     * Close when it is complete, else null.
     */
    fun receive(input: ByteBuffer, mostRestored: Long = Long.MAX_VALUE): CloseFrame? {
        restorable = mostRestored
        isReceiving = true
        try {
            return receiveFrames(input)
        } finally {
            isReceiving = false
        }
    }

    private fun receiveFrames(input: ByteBuffer): CloseFrame? {
        while (!hasEnough) {
            if (!insideFrame) {
                if (!header.read(input)) return null
                beginFrame()
            }
            if (!payload(input)) return null
            insideFrame = false
            val close = endFrame()
            if (close != null) return close
            checkLimit()
        }
        return null
    }

    private val hasEnough get() = isPaused || restorable <= 0

    private fun beginFrame() {
        insideFrame = true
        received = 0
        closed = header.opcode == Opcode.CLOSE
        observer?.begin(header.firstByte, header.masked, header.length)
        HeaderRules.check(header, config.requireMasked, config.acceptMasked, allowedBits)
        if (Opcode.isControl(header.opcode)) {
            control = ByteArray(header.length.toInt())
        } else {
            beginDataFrame()
        }
    }

    /** Extensions mark a transformed message on its first frame (RFC 7692 section 6). */
    private val allowedBits: Int
        get() {
            val decoders = decoders ?: return 0
            val begins = header.opcode == Opcode.TEXT || header.opcode == Opcode.BINARY
            return if (begins) decoders.reservedBits else 0
        }

    private fun beginDataFrame() {
        val continues = header.opcode == Opcode.CONTINUATION
        if (continues && message == null) violate(Violation.CONTINUATION_WITHOUT_MESSAGE)
        if (!continues && message != null) violate(Violation.MESSAGE_INSIDE_MESSAGE)
        if (!continues) isTransformed = decoders?.begin(header.rsv) == true
        checkSize()
        if (!continues) beginMessage()
        if (!isTransformed) messageLength += header.length
        events.onFrameBegin(header.length)
    }

    private fun checkSize() {
        if (!isTransformed) {
            checkMessageSize(if (message == null) header.length else messageLength + header.length)
        }
        val mostInFrame = config.maxFramePayloadSize
        if (mostInFrame > 0 && header.length > mostInFrame) {
            violate(Violation.FRAME_TOO_BIG, "more than $mostInFrame bytes")
        }
    }

    private fun checkMessageSize(size: Long) {
        val most = maxMessageSize
        // A sum that overflows is too big as well.
        if (most > 0 && (size > most || size < 0)) {
            violate(Violation.MESSAGE_TOO_BIG, "more than $most bytes")
        }
    }

    /**
     * Sets a new limit for messages, including the open one. If an event calls this, [receive]
     * applies it to the open message, because it has to stop there.
     */
    fun limitMessages(bytes: Long) {
        maxMessageSize = bytes
        isLimitDue = true
        if (!isReceiving) checkLimit()
    }

    /** Applies a new limit to the open message. */
    private fun checkLimit() {
        if (!isLimitDue) return
        isLimitDue = false
        if (message != null) checkMessageSize(messageLength)
    }

    private fun beginMessage() {
        val type = if (header.opcode == Opcode.TEXT) MessageType.TEXT else MessageType.BINARY
        message = type
        messageLength = 0
        textState = Utf8Transitions.ACCEPTED
        events.onMessageBegin(type)
    }

    /** Consumes the payload in [input]; returns whether the frame is complete. */
    private fun payload(input: ByteBuffer): Boolean {
        checkLimit()
        while (received < header.length) {
            if (hasEnough) return false
            val most = if (control == null && isTransformed) SLICE else Int.MAX_VALUE
            val left = minOf(header.length - received, most.toLong())
            val start = input.position()
            val count = minOf(left, input.remaining().toLong()).toInt()
            if (count == 0) return false
            if (header.masked && config.applyMask) {
                val phase = (received and 3).toInt()
                Masking.mask(input, start, start + count, header.maskingKey, phase)
            }
            observer?.data(input, count)
            part(input, count)
            received += count
            checkLimit()
        }
        return true
    }

    private fun part(input: ByteBuffer, count: Int) {
        val control = control
        if (control != null) {
            input.get(control, received.toInt(), count)
            return
        }
        traffic.payloadReceived(count)
        if (isTransformed) return decode(input, count)
        traffic.applicationReceived(count)
        data(input, input.position() + count)
    }

    private fun decode(input: ByteBuffer, count: Int) {
        val decoders = decoders!!
        val segments = decoders.segments
        val slice = segments.take()
        val start = input.position()
        try {
            input.get(slice, 0, count)
            // A frame that breaks a rule is consumed no further, see frameRest.
            input.position(start)
            decoders.decode(slice, 0, count)
            input.position(start + count)
        } finally {
            segments.recycle(slice)
        }
    }

    private fun data(bytes: ByteArray, offset: Int, length: Int) {
        messageLength += length
        checkMessageSize(messageLength)
        traffic.applicationReceived(length)
        // Not kept in a field: an idle connection must not keep a borrowed array.
        data(ByteBuffer.wrap(bytes, offset, length), offset + length)
    }

    private fun data(input: ByteBuffer, end: Int) {
        if (validatesText) validate(input, end)
        val start = input.position()
        val limit = input.limit()
        input.limit(end)
        try {
            events.onFrameData(input)
        } finally {
            input.limit(limit)
            input.position(start)
        }
        input.position(end)
    }

    private fun validate(input: ByteBuffer, end: Int) {
        val start = input.position()
        val after = Utf8Transitions.feed(input, start, end, textState)
        if (after == Utf8Transitions.REJECTED) {
            // The length counts the whole frame, but of restored bytes only those that came out so
            // far.
            val before = messageLength - if (isTransformed) (end - start).toLong() else frameRest
            val valid = Utf8Transitions.validCount(input, start, textState)
            violate(Violation.TEXT_NOT_UTF8, "byte ${before + valid}")
        }
        textState = after
    }

    private val validatesText get() = message == MessageType.TEXT && config.utf8validateIncoming

    private fun endFrame(): CloseFrame? {
        observer?.end()
        val payload = control
        if (payload == null) {
            endDataFrame()
            return null
        }
        control = null
        when (header.opcode) {
            Opcode.PING -> onPing(payload)
            Opcode.PONG -> events.onPong(payload)
            else -> return CloseFrame.parse(payload)
        }
        return null
    }

    private fun endDataFrame() {
        traffic.frameReceived()
        if (header.fin && isTransformed) decoders!!.end()
        events.onFrameEnd()
        if (!header.fin) return
        if (validatesText && textState != Utf8Transitions.ACCEPTED) {
            violate(Violation.TEXT_NOT_UTF8, "it ends inside a code point")
        }
        message = null
        traffic.messageReceived()
        events.onMessageEnd()
    }

    /** Gives back the resources of the decoders. */
    fun close() {
        decoders?.close()
    }

    private fun violate(violation: Violation, detail: String? = null): Nothing =
        throw ProtocolException(violation, detail)

    private companion object {
        /**
         * A KiB of deflated data can become a MiB, which is the most that is decoded before a
         * pause.
         */
        const val SLICE = 1024
    }
}
