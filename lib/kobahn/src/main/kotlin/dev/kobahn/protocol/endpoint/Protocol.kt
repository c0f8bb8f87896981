package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.FrameLengthUnknownException
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.PreparedEncodings
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.SendState
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.closeAll
import dev.kobahn.protocol.frame.Opcode
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One end of a WebSocket connection after its opening handshake (RFC 6455 sections 5 to 7), without
 * I/O, time or randomness: bring your own. Received bytes go into [receive] and come back as
 * [events][ProtocolEvents]. Messages and frames to send go into `send…` and wait in [output] for
 * the program to write them. The protocol answers Pings, performs the closing handshake and fails a
 * peer that breaks a rule.
 *
 * Rules of the closing handshake:
 * - At most one Close frame is sent, and nothing after it: every `send…` then returns false.
 * - At most one Close frame is received, and nothing after it.
 * - [failure] is set at most once, before any Close of the peer. From then on everything but the
 *   peer's Close is discarded.
 *
 * The caller keeps time: when [closeExpected] turns true, it sets a timer, and when that expires,
 * it drops the connection. When both Close frames have crossed, the server ends the connection and
 * the client waits for that (section 7.1.1).
 *
 * Thread safety: [receive] belongs to one thread at a time. Any thread may call everything else,
 * which is guarded by the monitor of [output].
 */
public class Protocol(
    private val config: ProtocolConfig,
    /** The bytes to write; take them under the monitor of this queue. */
    public val output: ByteQueue,
    maskingKeys: MaskingKeys,
    private val events: ProtocolEvents,
) {
    private val sender = FrameSender(config, output, maskingKeys, TrafficCounts())
    private val receiver: FrameReceiver = Receiver()
    private var scanner: CloseFrameScanner? = null

    private inner class Receiver : FrameReceiver(config, events) {
        override val traffic get() = sender.traffic

        override fun onPing(payload: ByteArray) = pinged(payload)
    }

    /** Counts the traffic of the connection. */
    internal val traffic: TrafficCounts get() = sender.traffic

    /** Shows all frames from now on to the observers [sent] and [received]. */
    internal fun observe(sent: FrameObserver, received: FrameObserver) {
        sender.observer = sent
        receiver.observer = received
    }

    private var isExtended = false

    /** The Close to send when the events' owner permits it; guarded by [output]. */
    private var dueClose: CloseFrame? = null

    /** The Ping whose answer waits for room; guarded by [output]. */
    private var unanswered: ByteArray? = null

    /**
     * The sent Close, or null. A Close sent while a frame is open leaves right behind that frame.
     */
    public val localClose: CloseFrame? get() = sender.close

    /** Whether the sent Close waits for the end of the open frame. */
    internal val isCloseHeld: Boolean get() = synchronized(output) { sender.isCloseHeld }

    /** Whether all frames of messages were taken out of [output]. */
    internal val isDataWritten: Boolean get() = synchronized(output) { sender.isDataWritten }

    /** Whether a part of a message was sent, but not its end. */
    internal val isInsideMessage: Boolean get() = synchronized(output) { sender.isInsideMessage }

    /** Whether the sent Close, and everything sent before it, was taken out of [output]. */
    internal val isCloseWritten: Boolean get() = synchronized(output) { sender.isCloseWritten }

    /** The progress of the message that is sent piece by piece. */
    public val sendState: SendState get() = synchronized(output) { sender.state }

    /** The received Close, or null. */
    @Volatile
    public var remoteClose: CloseFrame? = null
        private set

    /** The peer's violation of the protocol, or null. */
    @Volatile
    public var failure: ProtocolException? = null
        private set

    /** Whether the peer's Close has arrived, valid or not. */
    @Volatile
    public var closeReceived: Boolean = false
        private set

    /** Whether the connection should end soon, so that the caller has to set a timer for it. */
    public val closeExpected: Boolean
        get() = localClose != null || closeReceived || failure != null

    /** Like the other [extend], with codecs that no other connection shares. */
    public fun extend(extensions: List<AgreedExtension>): Unit = extend(extensions, CodecPool())

    /**
     * Passes all messages from now on through [extensions], in this order when they are sent and in
     * the reverse order when they are received (RFC 6455 section 9.1). Call this at most once,
     * before anything is sent or received. The codecs come from [pool].
     */
    public fun extend(extensions: List<AgreedExtension>, pool: CodecPool) {
        if (extensions.isEmpty()) return
        check(!isExtended) { "extensions were set before" }
        isExtended = true
        traffic.extend()
        receiver.extend(extensions, pool)
        synchronized(output) { sender.extend(extensions, pool) }
    }

    /**
     * Frees the resources of the extensions, some of which are outside of the JVM's heap. Belongs
     * to the receiving thread; no messages can be received or sent afterwards.
     */
    public fun close() {
        if (!isExtended) return
        closeAll(listOf(receiver::close, { synchronized(output) { sender.release() } }))
    }

    /**
     * Consumes all of [input], unless an event calls [pauseReceiving], and changes its content.
     * Never throws because of what the peer sent.
     */
    public fun receive(input: ByteBuffer): Unit = receive(input, Long.MAX_VALUE)

    /**
     * Like [receive], but also returns once extensions have restored [mostRestored] bytes, with
     * the rest left in [input]: a few bytes may become very many, and a caller that serves other
     * connections too must get its turn. With permessage-deflate a MiB more may be restored.
     */
    internal fun receive(input: ByteBuffer, mostRestored: Long) {
        input.order(ByteOrder.BIG_ENDIAN)
        if (!closeReceived && failure == null) {
            receiveFrames(input, mostRestored)
            if (!closeReceived && failure == null) return
        }
        if (!closeReceived) scanner?.let { scanForClose(it, input) }
        input.position(input.limit())
    }

    /**
     * Call this from within an event: [receive] then returns as soon as it can, with the rest left
     * in its input, and consumes nothing until [resumeReceiving]. The next call must begin with
     * that rest. A message that extensions restore may still cause events for some of its bytes, a
     * MiB of them with permessage-deflate.
     */
    public fun pauseReceiving() {
        receiver.isPaused = true
    }

    /**
     * Whether receiving is paused: [pauseReceiving] was called, and [resumeReceiving] not since.
     */
    internal val isReceivingPaused: Boolean get() = receiver.isPaused

    /** Ends what [pauseReceiving] began. Belongs to the receiving thread. */
    public fun resumeReceiving() {
        receiver.isPaused = false
    }

    private fun receiveFrames(input: ByteBuffer, mostRestored: Long) {
        val close = try {
            receiver.receive(input, mostRestored)
        } catch (e: ProtocolException) {
            failed(e)
            null
        }
        if (close != null) closed(close)
    }

    /**
     * Limits messages to [bytes] from now on, instead of the limit of the config; 0 is no limit.
     * If the open message is longer already, it fails the connection. Belongs to the receiving
     * thread.
     */
    public fun limitMessages(bytes: Long) {
        require(bytes >= 0) { "the limit is $bytes, must be 0 (no limit) or more" }
        try {
            receiver.limitMessages(bytes)
        } catch (e: ProtocolException) {
            if (failure == null && !closeReceived) failed(e)
        }
    }

    private fun scanForClose(scanner: CloseFrameScanner, input: ByteBuffer) {
        val close = scanner.receive(input)
        closeReceived = scanner.closed
        if (close != null) closed(close)
    }

    private fun closed(close: CloseFrame) {
        closeReceived = true
        remoteClose = close
        events.onClose(close.code, close.reason)
        if (failure == null) {
            due(if (config.echoCloseCodeReason) close else NORMAL_CLOSE)
        }
    }

    private fun failed(cause: ProtocolException) {
        failure = cause
        closeReceived = receiver.closed
        scanner = CloseFrameScanner(receiver.frameRest, config.applyMask)
        events.onFailure(cause)
        due(CloseFrame.of(cause.closeCode, cause.message.orEmpty()))
    }

    private fun due(close: CloseFrame) {
        synchronized(output) { dueClose = close }
        if (events.onCloseDue()) sendDueClose()
    }

    /**
     * Sends the Close that [ProtocolEvents.onCloseDue] put off; false if none is due or one was
     * sent.
     */
    public fun sendDueClose(): Boolean =
        synchronized(output) { dueClose?.let(sender::close) ?: false }

    private fun pinged(payload: ByteArray) {
        events.onPing(payload)
        if (!events.onPongDue(payload)) return
        synchronized(output) {
            unanswered = payload
            answerPing()
        }
    }

    /**
     * Call this when [output] has been written: it answers the latest of the Pings that arrived
     * while too much was waiting or a frame was open. A peer that sends Pings without reading costs
     * no memory that way; section 5.5.3 allows to answer only the most recent Ping.
     */
    public fun outputWritten() {
        synchronized(output) { answerPing() }
    }

    private fun answerPing() {
        val payload = unanswered ?: return
        if (output.size >= MAX_BACKLOG || sender.state == SendState.INSIDE_MESSAGE_FRAME) return
        unanswered = null
        sender.pong(payload)
    }

    /** Sends a message in one frame, compressed if extensions do that; like the other function. */
    public fun sendMessage(type: MessageType, bytes: ByteArray): Boolean =
        sendMessage(type, bytes, fragmentSize = 0)

    /**
     * Sends a message in one frame, or in frames of at most [fragmentSize] bytes if that is above
     * 0. After a Close it sends nothing and returns false. [bytes] are handed over: they must not
     * change until they left [output]. Text is not checked to be UTF-8. [doNotCompress] sends the
     * message as it is where extensions would compress it.
     *
     * @throws IllegalStateException if a message is open, see [sendState]
     */
    public fun sendMessage(
        type: MessageType,
        bytes: ByteArray,
        fragmentSize: Int = 0,
        doNotCompress: Boolean = false,
    ): Boolean = synchronized(output) {
        completed(sender.message(type, bytes, fragmentSize, doNotCompress))
    }

    /**
     * Like [sendMessage], but if extensions transform the message, this only begins it: encoding
     * takes time, and must not block others that need the monitor of [output].
     */
    internal fun beginSending(
        type: MessageType,
        bytes: ByteArray,
        fragmentSize: Int,
        doNotCompress: Boolean,
    ): SendStep = synchronized(output) { sender.message(type, bytes, fragmentSize, doNotCompress) }

    /**
     * Like the other [beginSending], and shares the encoded message through [encodings] where
     * possible.
     */
    internal fun beginSending(
        type: MessageType,
        bytes: ByteArray,
        fragmentSize: Int,
        encodings: PreparedEncodings,
    ): SendStep = synchronized(output) { sender.prepared(type, bytes, encodings, fragmentSize) }

    /**
     * Like [sendMessageFrame], or [endMessage] if [fin], but only begins it like [beginSending].
     */
    internal fun beginSendingFrame(bytes: ByteArray, fin: Boolean): SendStep =
        synchronized(output) { sender.messageFrame(bytes, 0, bytes.size, fin) }

    /**
     * Encodes the message that was begun, after [SendStep.ENCODING]. Call it without the monitor of
     * [output]. An exception of an encoder passes through; the message needs no further call then.
     */
    internal fun encode() {
        try {
            sender.encode()
        } catch (failure: Throwable) {
            synchronized(output) { sender.discardEncoded() }
            throw failure
        }
    }

    /** Sends the encoded message. After a Close it sends nothing and returns false. */
    internal fun sendEncoded(): Boolean = synchronized(output) { sender.sendEncoded() }

    /** Discards the encoded message. */
    internal fun discardEncoded(): Unit = synchronized(output) { sender.discardEncoded() }

    private fun completed(sending: SendStep): Boolean {
        if (sending != SendStep.ENCODING) return sending == SendStep.SENT
        encode()
        return sender.sendEncoded()
    }

    /** Whether an extension failed to encode a message. No message can be sent any more. */
    internal val hasEncoderFailed: Boolean
        get() = synchronized(output) { sender.hasEncoderFailed }

    /** Begins a message that extensions may compress; like the other function. */
    public fun beginMessage(type: MessageType): Boolean = beginMessage(type, false)

    /**
     * Begins a message whose frames follow one by one. Sends nothing yet; returns false after a
     * Close. Autobahn: `beginMessage`.
     *
     * @throws IllegalStateException if a message is open, see [sendState]
     */
    public fun beginMessage(type: MessageType, doNotCompress: Boolean): Boolean =
        synchronized(output) { sender.beginMessage(type, doNotCompress) }

    /**
     * Begins a frame of the open message; its [length] bytes of payload follow by
     * [sendMessageFrameData]. After a Close it sends nothing and returns false. Autobahn:
     * `beginMessageFrame`.
     *
     * @throws IllegalStateException if no message is open, or a frame of it is
     * @throws FrameLengthUnknownException if extensions transform the message
     * @throws IllegalArgumentException if [length] is negative
     */
    public fun beginMessageFrame(length: Long): Boolean =
        synchronized(output) { sender.beginFrame(length) }

    /** Sends [bytes] as payload of the open frame, like the other function. */
    public fun sendMessageFrameData(bytes: ByteArray): Long =
        sendMessageFrameData(bytes, 0, bytes.size)

    /**
     * Sends [length] bytes of [bytes] from [offset] on as payload of the open frame, as many as
     * fit. Returns the number of bytes that the frame still lacks, or minus the number that did
     * not fit. The bytes are handed over like in [sendMessage]. Autobahn: `sendMessageFrameData`.
     *
     * @throws IllegalStateException if no frame is open
     */
    public fun sendMessageFrameData(bytes: ByteArray, offset: Int, length: Int): Long =
        synchronized(output) {
            // Otherwise a sender of one long frame after another would never answer.
            sender.frameData(bytes, offset, length).also { if (it <= 0) answerPing() }
        }

    /** Sends [bytes] as a whole frame of the open message, like the other function. */
    public fun sendMessageFrame(bytes: ByteArray): Boolean = sendMessageFrame(bytes, 0, bytes.size)

    /**
     * Sends a whole frame of the open message, with [length] bytes of [bytes] from [offset] on. After a Close it sends nothing and returns false.
     * Autobahn: `sendMessageFrame`.
     *
     * @throws IllegalStateException if no message is open, or a frame of it is
     */
    public fun sendMessageFrame(bytes: ByteArray, offset: Int, length: Int): Boolean =
        synchronized(output) { completed(sender.messageFrame(bytes, offset, length, fin = false)) }

    /** Ends the open message with an empty frame, like the other function. */
    public fun endMessage(): Boolean = endMessage(NOTHING)

    /**
     * Ends the open message with a last frame, which carries [bytes]. After a Close it
     * sends nothing and returns false. Autobahn: `endMessage`.
     *
     * @throws IllegalStateException if no message is open, or a frame of it is
     */
    public fun endMessage(bytes: ByteArray): Boolean =
        synchronized(output) { completed(sender.messageFrame(bytes, 0, bytes.size, fin = true)) }

    /**
     * Abandons the open message and returns the state afterwards: [SendState.GROUND] if nothing of
     * it was sent yet. Otherwise the peer waits for the rest, and only the end of the connection
     * can stop that: from now on every `send…` of a message returns false, and within a frame those
     * of control frames too.
     */
    public fun abandonMessage(): SendState = synchronized(output) { sender.abandonMessage() }

    /** Sends a Ping without payload, like the other function. */
    public fun sendPing(): Boolean = sendPing(NOTHING)

    /**
     * Sends a Ping with at most 125 bytes of [payload]. After a Close it sends nothing and returns
     * false.
     */
    public fun sendPing(payload: ByteArray): Boolean {
        Opcode.checkControl(payload)
        return synchronized(output) { sender.ping(payload) }
    }

    /** Sends a Pong without payload, like the other function. */
    public fun sendPong(): Boolean = sendPong(NOTHING)

    /**
     * Sends an unsolicited Pong with at most 125 bytes of [payload]. After a Close it sends
     * nothing and returns false.
     */
    public fun sendPong(payload: ByteArray): Boolean {
        Opcode.checkControl(payload)
        return synchronized(output) { sender.pong(payload) }
    }

    /**
     * Sends a Close. [code] is null or a code that [CloseCode.isAllowedOnWire]; [reason] needs a
     * code and is cut to 123 bytes at the end of a code point. If a Close is due, that one is sent
     * instead. Returns false if a Close was sent before.
     *
     * @throws IllegalArgumentException if the code must not be sent, or a reason stands without a
     * code
     */
    public fun sendClose(code: Int? = CloseCode.NORMAL_CLOSURE, reason: String = ""): Boolean {
        val close = CloseFrame.of(code, reason)
        return synchronized(output) { sender.close(dueClose ?: close) }
    }

    /**
     * Sends [frame] as it is, whether it is allowed or not and whatever was sent before. This end
     * takes no note of it: a Close sent this way closes nothing here, and in an open frame it
     * becomes part of the data. The payload is handed over like in [sendMessage].
     *
     * @param chopSize splits the frame into writes of this many bytes, if above 0
     * @param sync keeps the frame in a write of its own
     * @throws IllegalArgumentException if [chopSize] is negative, or more than 2^62 bytes would
     * wait
     */
    @DelicateWebSocketApi
    public fun sendFrame(frame: RawFrame, chopSize: Int = 0, sync: Boolean = false): Unit =
        synchronized(output) {
            output.appendWithBoundary(chopSize, sync) {
                appendFrame(frame, config, sender.maskingKeys)
            }
            sender.passed(frame)
        }

    /** Sends [bytes], which need not be frames, like [sendFrame] does. They are handed over. */
    @DelicateWebSocketApi
    public fun sendData(bytes: ByteArray, chopSize: Int = 0, sync: Boolean = false): Unit =
        synchronized(output) {
            output.appendWithBoundary(chopSize, sync) {
                appendPayload(bytes, 0, bytes.size, 0, masked = false)
            }
        }

    private companion object {
        const val MAX_BACKLOG = 64 * 1024
        val NOTHING = ByteArray(0)
        val NORMAL_CLOSE = CloseFrame.of(CloseCode.NORMAL_CLOSURE, "")
    }
}
