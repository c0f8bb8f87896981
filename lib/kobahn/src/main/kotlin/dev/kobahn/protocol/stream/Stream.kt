package dev.kobahn.protocol.stream

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.endpoint.CloseFrameScanner
import dev.kobahn.protocol.endpoint.FrameReceiver
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One end of a connection as a mailbox: octets go in through [receive], and what they said lies in
 * [message], [pings], [pongs], [closing] and [errors] until it is taken. It sends nothing, not even
 * a Pong: it makes messages and frames for whoever writes. The rules are those of a
 * [Protocol][dev.kobahn.protocol.endpoint.Protocol], which answers by itself and is the better start for
 * anything new. ws4py: `Stream`.
 *
 * What the peer controls is bounded: a message by its limits, the messages that wait by what one
 * [receive] was given, Pings and Pongs by [MAX_WAITING] of each, of which the newest stay.
 *
 * Belongs to one thread at a time.
 *
 * @param maxMessagePayloadSize see [ProtocolConfig.maxMessagePayloadSize]
 * @param maxFramePayloadSize see [ProtocolConfig.maxFramePayloadSize]
 */
public class Stream
@JvmOverloads
constructor(
    /** Whether received frames must be masked, as a server's are; if not, they must not be. */
    public val expectMasking: Boolean = true,
    private val maskingKeys: MaskingKeys? = null,
    maxMessagePayloadSize: Long = ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE,
    maxFramePayloadSize: Long = 0,
) {
    private val config = ProtocolConfig(
        if (expectMasking) Role.SERVER else Role.CLIENT,
        maxMessagePayloadSize,
        maxFramePayloadSize,
    )
    private val receiver = object : FrameReceiver(config, Mailbox()) {
        override fun onPing(payload: ByteArray) = keep(pingQueue, PingControlMessage(payload))
    }
    private var scanner: CloseFrameScanner? = null
    private var closed = false

    private val messages = ArrayDeque<DataMessage>()
    private var open: DataMessage? = null
    private val pingQueue = ArrayDeque<PingControlMessage>()
    private val pongQueue = ArrayDeque<PongControlMessage>()

    /** Whether the frames made here are masked: whether there are masking keys, as a client has. */
    public val alwaysMask: Boolean get() = maskingKeys != null

    /** The oldest message that was not taken, complete or not; null if there is none. */
    public val message: DataMessage? get() = messages.firstOrNull()

    /** Whether [message] is there and complete. */
    public val hasMessage: Boolean get() = message.let { it != null && it !== open }

    /** The Pings that were not taken, oldest first, at most [MAX_WAITING]. */
    public val pings: List<PingControlMessage> get() = pingQueue.toList()

    /** The Pongs that were not taken, oldest first, at most [MAX_WAITING]. */
    public val pongs: List<PongControlMessage> get() = pongQueue.toList()

    /** The peer's Close, or null. Nothing is received after it. */
    public var closing: CloseControlMessage? = null
        private set

    /** How the peer broke the protocol, as the Close to be sent: one at most, the first. */
    public var errors: List<CloseControlMessage> = emptyList()
        private set

    /**
     * At least how many octets are missing now: of the header, then of the payload; 0 after a Close
     * or a violation. A hint: [receive] takes more as well as less.
     */
    public val octetsWanted: Long
        get() = if (closed || scanner != null) 0 else receiver.octetsWanted

    /**
     * Consumes all of [input] and changes its content. Never throws because of what the peer sent:
     * see [errors]; after an error everything but the peer's Close is discarded.
     *
     * @throws IllegalStateException if a complete message waits: take it first, so that no more
     * wait than one call brings
     */
    public fun receive(input: ByteBuffer) {
        check(!hasMessage) { "a complete message waits to be taken" }
        input.order(ByteOrder.BIG_ENDIAN)
        if (!closed && scanner == null) receiveFrames(input)
        if (!closed) scanner?.let { scanForClose(it, input) }
        input.position(input.limit())
    }

    /** The same with all of [octets], which stay as they are. */
    public fun receive(octets: ByteArray): Unit = receive(ByteBuffer.wrap(octets.copyOf()))

    private fun receiveFrames(input: ByteBuffer) {
        try {
            receiver.receive(input)?.let(::closed)
        } catch (e: ProtocolException) {
            failed(e)
        }
    }

    private fun scanForClose(scanner: CloseFrameScanner, input: ByteBuffer) {
        scanner.receive(input)?.let(::closed)
        closed = scanner.closed
    }

    private fun closed(close: CloseFrame) {
        closed = true
        closing = CloseControlMessage(close.code, close.reason)
    }

    private fun failed(cause: ProtocolException) {
        closed = receiver.closed
        scanner = CloseFrameScanner(receiver.frameRest, config.applyMask)
        errors = listOf(CloseControlMessage(cause.closeCode, cause.message.orEmpty()))
        if (open != null) messages.removeLast()
        open = null
    }

    private fun <T> keep(queue: ArrayDeque<T>, message: T) {
        if (queue.size == MAX_WAITING) queue.removeFirst()
        queue.addLast(message)
    }

    /** Removes and returns [message] if it is complete, else null. */
    public fun takeMessage(): DataMessage? = if (hasMessage) messages.removeFirst() else null

    /** Removes and returns [pings]; the last at least is to be answered (section 5.5.3). */
    public fun takePings(): List<PingControlMessage> = pings.also { pingQueue.clear() }

    /** Removes and returns [pongs]. */
    public fun takePongs(): List<PongControlMessage> = pongs.also { pongQueue.clear() }

    /** A message of [text]. */
    public fun textMessage(text: String): TextMessage = TextMessage(text)

    /** A message of [octets], which are handed over. */
    public fun binaryMessage(octets: ByteArray): BinaryMessage = BinaryMessage(octets)

    /**
     * A Close.
     *
     * @throws IllegalArgumentException as [CloseControlMessage] does
     */
    @JvmOverloads
    public fun close(
        code: Int? = CloseCode.NORMAL_CLOSURE,
        reason: String = "",
    ): CloseControlMessage = CloseControlMessage(code, reason)

    /**
     * The octets of a Ping with [payload].
     *
     * @throws IllegalArgumentException if [payload] has more than 125 octets
     */
    @JvmOverloads
    public fun ping(payload: ByteArray = ByteArray(0)): ByteArray =
        single(PingControlMessage(payload))

    /** The same with [text] in UTF-8. */
    public fun ping(text: String): ByteArray = single(PingControlMessage(text))

    /**
     * The octets of a Pong with [payload].
     *
     * @throws IllegalArgumentException if [payload] has more than 125 octets
     */
    @JvmOverloads
    public fun pong(payload: ByteArray = ByteArray(0)): ByteArray =
        single(PongControlMessage(payload))

    /** The same with [text] in UTF-8. */
    public fun pong(text: String): ByteArray = single(PongControlMessage(text))

    /** The octets of [message] in one frame, masked if this stream masks. */
    public fun single(message: StreamMessage): ByteArray = message.single(maskingKeys?.next())

    private inner class Mailbox : ProtocolEvents {
        override fun onMessageBegin(type: MessageType) {
            val begun = when (type) {
                MessageType.TEXT -> TextMessage(EMPTY)
                MessageType.BINARY -> BinaryMessage(EMPTY)
            }
            open = begun
            messages.addLast(begun)
        }

        override fun onFrameData(chunk: ByteBuffer) {
            open?.extend(chunk)
        }

        override fun onMessageEnd() {
            open?.completed = true
            open = null
        }

        override fun onPong(payload: ByteArray) = keep(pongQueue, PongControlMessage(payload))
    }

    /** The bounds of every stream. */
    public companion object {
        /** How many Pings, and how many Pongs, wait to be taken at most. */
        public const val MAX_WAITING: Int = 16

        private val EMPTY = ByteArray(0)
    }
}
