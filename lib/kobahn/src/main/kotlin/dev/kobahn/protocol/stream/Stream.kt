package dev.kobahn.protocol.stream

import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.endpoint.CloseFrameScanner
import dev.kobahn.protocol.endpoint.FrameReceiver
import dev.kobahn.protocol.endpoint.TrafficCounts
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One end of a connection as a mailbox. Bytes go into [receive], and their content waits in
 * [message], [pings], [pongs], [closing] and [errors] until the program takes it. A stream sends
 * nothing, not even Pongs, but makes messages and frames for the program to write. It has the rules
 * of a [Protocol][dev.kobahn.protocol.endpoint.Protocol], which answers on its own and is the
 * better choice for new code. ws4py: `Stream`.
 *
 * Memory that the peer controls is bounded: a message by its limits, waiting messages by the input
 * of one [receive], and Pings and Pongs by [MAX_WAITING] of each, of which the newest are kept.
 *
 * Belongs to one thread at a time.
 *
 * @param maxMessagePayloadSize see [ProtocolConfig.maxMessagePayloadSize]
 * @param maxFramePayloadSize see [ProtocolConfig.maxFramePayloadSize]
 */
public class Stream(
    /** Whether received frames must be masked, as for a server. If false, they must not be. */
    public val expectMasking: Boolean = true,
    private val maskingKeys: MaskingKeys? = null,
    maxMessagePayloadSize: Long = ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE,
    maxFramePayloadSize: Long = 0,
) {
    /** A stream with the usual limits; [expectMasking] and [maskingKeys] are those of its role. */
    public constructor(expectMasking: Boolean, maskingKeys: MaskingKeys?) :
        this(expectMasking, maskingKeys, ProtocolConfig.DEFAULT_MAX_MESSAGE_PAYLOAD_SIZE)

    private val config = ProtocolConfig(
        if (expectMasking) Role.SERVER else Role.CLIENT,
        maxMessagePayloadSize,
        maxFramePayloadSize,
    )
    private val receiver = object : FrameReceiver(config, Mailbox()) {
        override val traffic = TrafficCounts()

        override fun onPing(payload: ByteArray) = keep(pingQueue, PingControlMessage(payload))
    }
    private var scanner: CloseFrameScanner? = null
    private var closed = false

    private val messages = ArrayDeque<DataMessage>()
    private var open: DataMessage? = null
    private val pingQueue = ArrayDeque<PingControlMessage>()
    private val pongQueue = ArrayDeque<PongControlMessage>()

    /** Whether this stream masks the frames it makes: it has masking keys, like a client. */
    public val alwaysMask: Boolean get() = maskingKeys != null

    /** The oldest message that was not taken, complete or not, or null. */
    public val message: DataMessage? get() = messages.firstOrNull()

    /** Whether [message] exists and is complete. */
    public val hasMessage: Boolean get() = message.let { it != null && it !== open }

    /** The Pings that were not taken, oldest first, at most [MAX_WAITING]. */
    public val pings: List<PingControlMessage> get() = pingQueue.toList()

    /** The Pongs that were not taken, oldest first, at most [MAX_WAITING]. */
    public val pongs: List<PongControlMessage> get() = pongQueue.toList()

    /** The peer's Close, or null. Nothing is received after it. */
    public var closing: CloseControlMessage? = null
        private set

    /**
     * The peer's violation of the protocol in the form of the Close to send: the first one only.
     */
    public var errors: List<CloseControlMessage> = emptyList()
        private set

    /**
     * The least number of bytes missing now: of the header, then of the payload; 0 after a Close
     * or a violation. This is a hint for reading; [receive] accepts any number.
     */
    public val bytesWanted: Long
        get() = if (closed || scanner != null) 0 else receiver.bytesWanted

    /**
     * Consumes all of [input] and changes its content. Never throws because of what the peer sent,
     * but adds to [errors]; after an error everything except the peer's Close is discarded.
     *
     * @throws IllegalStateException if a complete message waits. Take it first: this bounds the
     * messages that wait to those of one call.
     */
    public fun receive(input: ByteBuffer) {
        check(!hasMessage) { "a complete message waits to be taken" }
        input.order(ByteOrder.BIG_ENDIAN)
        if (!closed && scanner == null) receiveFrames(input)
        if (!closed) scanner?.let { scanForClose(it, input) }
        input.position(input.limit())
    }

    /** Receives all of [bytes], and leaves them unchanged. */
    public fun receive(bytes: ByteArray): Unit = receive(ByteBuffer.wrap(bytes.copyOf()))

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

    /** Removes and returns [pings]. At least the last one must be answered (section 5.5.3). */
    public fun takePings(): List<PingControlMessage> = pings.also { pingQueue.clear() }

    /** Removes and returns [pongs]. */
    public fun takePongs(): List<PongControlMessage> = pongs.also { pongQueue.clear() }

    /**
     * Returns the bytes of a Ping with [payload].
     *
     * @throws IllegalArgumentException if [payload] has more than 125 bytes
     */
    public fun ping(payload: ByteArray): ByteArray = single(PingControlMessage(payload))

    /** Returns the bytes of a Ping with [text] in UTF-8. */
    public fun ping(text: String): ByteArray = single(PingControlMessage(text))

    /**
     * Returns the bytes of a Pong with [payload].
     *
     * @throws IllegalArgumentException if [payload] has more than 125 bytes
     */
    public fun pong(payload: ByteArray): ByteArray = single(PongControlMessage(payload))

    /** Returns the bytes of a Pong with [text] in UTF-8. */
    public fun pong(text: String): ByteArray = single(PongControlMessage(text))

    /**
     * Returns the bytes of [message] in one frame, masked if this stream masks. ws4py makes its
     * messages by `text_message`, `binary_message` and `close`; here they are [TextMessage],
     * [BinaryMessage] and [CloseControlMessage].
     */
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
