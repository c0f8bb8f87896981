package dev.kobahn.protocol

import dev.kobahn.protocol.frame.FrameHeaderReader
import dev.kobahn.protocol.frame.Masking
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer

/**
 * The receiving half: frames in, events out, with the rules for what a peer may send (RFC 6455
 * section 5). House rules: what decides whether a frame is allowed is here, and in [HeaderRules]
 * what its header tells by itself; a broken rule is thrown as [ProtocolException] and leaves
 * [receive] as such, once.
 *
 * Owned by the one thread that receives.
 */
internal class FrameReceiver(
    private val config: ProtocolConfig,
    private val events: ProtocolEvents,
    private val traffic: TrafficCounts = TrafficCounts(),
    private val onPing: (ByteArray) -> Unit,
) {
    /** Is shown every frame, or null. */
    var watch: FrameWatch? = null

    private val header = FrameHeaderReader()
    private var text: Utf8Validator? = null
    private var message: MessageType? = null
    private var messageLength = 0L
    private var maxMessageSize = config.maxMessagePayloadSize
    private var insideFrame = false
    private var control: ByteArray? = null
    private var received = 0L

    /** Whether the last frame that arrived is a Close, good or bad; nothing is received after it. */
    var closed = false
        private set

    /** How many octets of the frame that is open are still to come. */
    val frameRest: Long get() = if (insideFrame) header.length - received else 0

    /** At least how many octets are missing of the header, or of the frame, that is open. */
    val octetsWanted: Long get() = if (insideFrame) frameRest else header.octetsWanted.toLong()

    /** Consumes [input] until it is empty; returns the peer's Close when it is complete, else null. */
    fun receive(input: ByteBuffer): CloseFrame? {
        while (true) {
            if (!insideFrame) {
                if (!header.read(input)) return null
                beginFrame()
            }
            if (!payload(input)) return null
            insideFrame = false
            val close = endFrame()
            if (close != null) return close
        }
    }

    private fun beginFrame() {
        insideFrame = true
        received = 0
        closed = header.opcode == Opcode.CLOSE
        watch?.begin(header.firstOctet, header.masked, header.length)
        HeaderRules.check(header, config.requireMasked, config.acceptMasked)
        if (Opcode.isControl(header.opcode)) {
            control = ByteArray(header.length.toInt())
        } else {
            beginDataFrame()
        }
    }

    private fun beginDataFrame() {
        val continues = header.opcode == Opcode.CONTINUATION
        if (continues && message == null) violate(Violation.CONTINUATION_WITHOUT_MESSAGE)
        if (!continues && message != null) violate(Violation.MESSAGE_INSIDE_MESSAGE)
        checkSize()
        if (!continues) beginMessage()
        messageLength += header.length
        events.onFrameBegin(header.length)
    }

    private fun checkSize() {
        checkMessageSize(if (message == null) header.length else messageLength + header.length)
        val mostInFrame = config.maxFramePayloadSize
        if (mostInFrame > 0 && header.length > mostInFrame) {
            violate(Violation.FRAME_TOO_BIG, "more than $mostInFrame octets")
        }
    }

    private fun checkMessageSize(size: Long) {
        val most = maxMessageSize
        // A sum that overflows is too big as well.
        if (most > 0 && (size > most || size < 0)) {
            violate(Violation.MESSAGE_TOO_BIG, "more than $most octets")
        }
    }

    /** Takes messages of at most [octets] from now on, the one that is open included. */
    fun limitMessages(octets: Long) {
        maxMessageSize = octets
        if (message != null) checkMessageSize(messageLength)
    }

    private fun beginMessage() {
        val type = if (header.opcode == Opcode.TEXT) MessageType.TEXT else MessageType.BINARY
        message = type
        messageLength = 0
        if (type == MessageType.TEXT && config.utf8validateIncoming) {
            text = (text ?: Utf8Validator()).also { it.reset() }
        }
        events.onMessageBegin(type)
    }

    /** Takes what [input] has of the payload; whether the frame is complete. */
    private fun payload(input: ByteBuffer): Boolean {
        val left = header.length - received
        if (left > 0) {
            val start = input.position()
            val count = minOf(left, input.remaining().toLong()).toInt()
            if (count == 0) return false
            if (header.masked && config.applyMask) {
                val phase = (received and 3).toInt()
                Masking.mask(input, start, start + count, header.maskingKey, phase)
            }
            watch?.data(input, count)
            when (val control = control) {
                null -> data(input, start + count)
                else -> input.get(control, received.toInt(), count)
            }
            received += count
        }
        return received == header.length
    }

    private fun data(input: ByteBuffer, end: Int) {
        traffic.dataReceived(end - input.position())
        if (validatesText) {
            val validator = text!!
            if (validator.feed(input, input.position(), end) >= 0) {
                violate(Violation.TEXT_NOT_UTF8, "octet ${validator.totalIndex}")
            }
        }
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

    private val validatesText get() = message == MessageType.TEXT && config.utf8validateIncoming

    private fun endFrame(): CloseFrame? {
        watch?.end()
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
        events.onFrameEnd()
        if (!header.fin) return
        if (validatesText && !text!!.endsOnCodePoint) {
            violate(Violation.TEXT_NOT_UTF8, "it ends inside a code point")
        }
        message = null
        traffic.messageReceived()
        events.onMessageEnd()
    }

    private fun violate(violation: Violation, detail: String? = null): Nothing =
        throw ProtocolException(violation, detail)
}
