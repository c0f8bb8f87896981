package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.FrameLengthUnknownException
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.OctetQueue
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
 * I/O, time or randomness: bring your own. Octets go in through [receive] and come back as
 * [events][ProtocolEvents]; what is to be sent goes in through `send…` and waits in [output] for
 * whoever writes it. Pings are answered, the closing handshake is done and a peer that breaks a
 * rule is failed here.
 *
 * House rules of the closing handshake:
 * - At most one Close frame is sent, and after it nothing: every `send…` then returns false.
 * - At most one is received, and after it nothing.
 * - [failure] is set at most once, before any Close of the peer, and from then on everything
 *   but the peer's Close is discarded.
 *
 * The caller keeps time: when [closeExpected] turns true it sets a timer, after which it drops the
 * connection. When the peer's Close has been received and ours sent, the server ends the
 * connection and the client waits for that (section 7.1.1).
 *
 * Thread safety: [receive] belongs to one thread at a time. Everything else may be called by any;
 * it is guarded by the monitor of [output].
 */
public class Protocol(
    private val config: ProtocolConfig,
    /** What is to be written; take it under its own monitor. */
    public val output: OctetQueue,
    maskingKeys: MaskingKeys,
    private val events: ProtocolEvents,
) {
    private val sender = FrameSender(config, output, maskingKeys, TrafficCounts())
    private val receiver: FrameReceiver = Receiver()
    private var scanner: CloseFrameScanner? = null

    private inner class Receiver : FrameReceiver(config, events, traffic) {
        override fun onPing(payload: ByteArray) = pinged(payload)
    }

    /** What went over the connection so far. */
    internal val traffic: TrafficCounts get() = sender.traffic

    /** Has every frame shown to [sent] and [received] from now on. */
    internal fun observe(sent: FrameObserver, received: FrameObserver) {
        sender.observer = sent
        receiver.observer = received
    }

    private var isExtended = false

    /** The Close to be sent when the events' owner says so; guarded by [output]. */
    private var dueClose: CloseFrame? = null

    /** The Ping whose answer waits for room; guarded by [output]. */
    private var unanswered: ByteArray? = null

    /** The Close that was sent, or null. One sent while a frame is open leaves right behind it. */
    public val localClose: CloseFrame? get() = sender.close

    /** Whether the Close that was sent waits for the end of the frame that is open. */
    internal val isCloseHeld: Boolean get() = synchronized(output) { sender.isCloseHeld }

    /** Whether everything that was sent in messages was taken out of [output]. */
    internal val isDataWritten: Boolean get() = synchronized(output) { sender.isDataWritten }

    /** Whether a part of a message was sent, and its end was not. */
    internal val isInsideMessage: Boolean get() = synchronized(output) { sender.isInsideMessage }

    /** Whether the Close that was sent was taken out of [output], as was everything sent before. */
    internal val isCloseWritten: Boolean get() = synchronized(output) { sender.isCloseWritten }

    /** How far the message that is sent piece by piece has come. */
    public val sendState: SendState get() = synchronized(output) { sender.state }

    /** The Close that was received, or null. */
    @Volatile
    public var remoteClose: CloseFrame? = null
        private set

    /** How the peer broke the protocol, or null. */
    @Volatile
    public var failure: ProtocolException? = null
        private set

    /** Whether the peer's Close has arrived, be it a valid one or not. */
    @Volatile
    public var closeReceived: Boolean = false
        private set

    /** Whether the connection should end soon, so that the caller has to set a timer for it. */
    public val closeExpected: Boolean
        get() = localClose != null || closeReceived || failure != null

    /**
     * Has all messages from now on go through [extensions], in this order when they are sent and in
     * the reverse order when they are received, as RFC 6455 section 9.1 has it. Once at most, before
     * anything is sent or received.
     */
    @JvmOverloads
    public fun extend(extensions: List<AgreedExtension>, pool: CodecPool = CodecPool()) {
        if (extensions.isEmpty()) return
        check(!isExtended) { "extensions were set before" }
        isExtended = true
        traffic.extend()
        receiver.extend(extensions, pool)
        synchronized(output) { sender.extend(extensions, pool) }
    }

    /**
     * Gives back what extensions hold, some of it outside of the JVM's memory. Belongs to the thread
     * that receives; nothing can be received or sent in messages afterwards.
     */
    public fun close() {
        if (!isExtended) return
        closeAll(listOf(receiver::close, { synchronized(output) { sender.release() } }))
    }

    /**
     * Consumes all of [input], unless an event calls [pauseReceiving], and changes its content. Never
     * throws because of what the peer sent.
     */
    public fun receive(input: ByteBuffer): Unit = receive(input, Long.MAX_VALUE)

    /**
     * As [receive], but returns as well, with what it has not consumed left in [input], once
     * extensions have restored [mostRestored] octets: a few octets may become very many, and who
     * serves others too goes on after them. A MiB more may come with permessage-deflate.
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
     * To be called from within an event: [receive] then returns as soon as it can, with what it has
     * not consumed left in its input, and consumes nothing until [resumeReceiving]. The next call
     * has to begin with what was left. A message that extensions restore may
     * still make events of some of its octets, a MiB of them with permessage-deflate.
     */
    public fun pauseReceiving() {
        receiver.isPaused = true
    }

    /** Whether [pauseReceiving] was called and [resumeReceiving] not since. */
    internal val isReceivingPaused: Boolean get() = receiver.isPaused

    /** Ends what [pauseReceiving] began; on the thread that receives. */
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
     * Takes messages of at most [octets] from now on, where 0 is no limit, instead of what the
     * config says. One that is open and longer already is failed as one that comes. Belongs to the
     * thread that receives.
     */
    public fun limitMessages(octets: Long) {
        require(octets >= 0) { "the limit is $octets, must be 0 (no limit) or more" }
        try {
            receiver.limitMessages(octets)
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

    /** Sends the Close that [ProtocolEvents.onCloseDue] put off; false if none is due or one was sent. */
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
     * To be called when [output] has been written: answers the last of the Pings that came while
     * too much was waiting or a frame was open. A peer that sends Pings and does not read so costs no memory; section
     * 5.5.3 lets an endpoint answer only the most recent.
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

    /**
     * Sends a message in one frame, or in frames of at most [fragmentSize] octets if that is above
     * 0. False, and nothing is sent, after a Close. [octets] are handed over: they must not be
     * changed until they left [output]. Text is not checked to be UTF-8. [doNotCompress] sends them
     * as they are where extensions would transform them.
     *
     * @throws IllegalStateException if a message is open, see [sendState]
     */
    @JvmOverloads
    public fun sendMessage(
        type: MessageType,
        octets: ByteArray,
        fragmentSize: Int = 0,
        doNotCompress: Boolean = false,
    ): Boolean = synchronized(output) {
        completed(sender.message(type, octets, fragmentSize, doNotCompress))
    }

    /**
     * As [sendMessage], but where extensions transform the message it is only begun: that takes
     * time, in which nobody should have to wait for the monitor of [output].
     */
    internal fun beginSending(
        type: MessageType,
        octets: ByteArray,
        fragmentSize: Int,
        doNotCompress: Boolean,
    ): SendStep = synchronized(output) { sender.message(type, octets, fragmentSize, doNotCompress) }

    /** As [beginSending]; what extensions make of the message is kept in [encodings] where they allow it. */
    internal fun beginSending(
        type: MessageType,
        octets: ByteArray,
        fragmentSize: Int,
        encodings: PreparedEncodings,
    ): SendStep = synchronized(output) { sender.prepared(type, octets, encodings, fragmentSize) }

    /** As [sendMessageFrame], or [endMessage] if [fin], but only begun as by [beginSending]. */
    internal fun beginSendingFrame(octets: ByteArray, fin: Boolean): SendStep =
        synchronized(output) { sender.messageFrame(octets, 0, octets.size, fin) }

    /**
     * Encodes what was begun, if that is [SendStep.ENCODING]. Not under the monitor of [output]. What
     * an encoder throws is thrown, and then nothing more is to be done for that message.
     */
    internal fun encode() {
        try {
            sender.encode()
        } catch (failure: Throwable) {
            synchronized(output) { sender.discardEncoded() }
            throw failure
        }
    }

    /** Sends what [encode] made; false, and nothing is sent, after a Close. */
    internal fun sendEncoded(): Boolean = synchronized(output) { sender.sendEncoded() }

    /** Has what [encode] made not be sent. */
    internal fun discardEncoded(): Unit = synchronized(output) { sender.discardEncoded() }

    private fun completed(sending: SendStep): Boolean {
        if (sending != SendStep.ENCODING) return sending == SendStep.SENT
        encode()
        return sender.sendEncoded()
    }

    /** Whether an extension failed to encode a message, so that none can be sent any more. */
    internal val hasEncoderFailed: Boolean
        get() = synchronized(output) { sender.hasEncoderFailed }

    /**
     * Begins a message whose frames follow one by one. Nothing is sent yet; false after a Close.
     * Autobahn: `beginMessage`.
     *
     * @throws IllegalStateException if a message is open, see [sendState]
     */
    @JvmOverloads
    public fun beginMessage(type: MessageType, doNotCompress: Boolean = false): Boolean =
        synchronized(output) { sender.beginMessage(type, doNotCompress) }

    /**
     * Begins a frame of the open message, with [length] octets of payload to follow in
     * [sendMessageFrameData]. False, and nothing is sent, after a Close. Autobahn:
     * `beginMessageFrame`.
     *
     * @throws IllegalStateException if no message is open, or a frame of it is
     * @throws FrameLengthUnknownException if extensions transform the message
     * @throws IllegalArgumentException if [length] is negative
     */
    public fun beginMessageFrame(length: Long): Boolean =
        synchronized(output) { sender.beginFrame(length) }

    /**
     * Sends [length] octets of [octets] from [offset] on as payload of the open frame, as many as
     * the frame has room for. Returns how many it still lacks, or minus the number of octets that
     * were left over. They are handed over as in [sendMessage]. Autobahn: `sendMessageFrameData`.
     *
     * @throws IllegalStateException if no frame is open
     */
    @JvmOverloads
    public fun sendMessageFrameData(
        octets: ByteArray,
        offset: Int = 0,
        length: Int = octets.size - offset,
    ): Long = synchronized(output) {
        // Who sends long frames one after another would else never get to answer.
        sender.frameData(octets, offset, length).also { if (it <= 0) answerPing() }
    }

    /**
     * Sends one whole frame of the open message. False, and nothing is sent, after a Close.
     * Autobahn: `sendMessageFrame`.
     *
     * @throws IllegalStateException if no message is open, or a frame of it is
     */
    @JvmOverloads
    public fun sendMessageFrame(
        octets: ByteArray,
        offset: Int = 0,
        length: Int = octets.size - offset,
    ): Boolean = synchronized(output) {
        completed(sender.messageFrame(octets, offset, length, fin = false))
    }

    /**
     * Ends the open message with a last frame, which carries [octets] or nothing. False, and
     * nothing is sent, after a Close. Autobahn: `endMessage`.
     *
     * @throws IllegalStateException if no message is open, or a frame of it is
     */
    @JvmOverloads
    public fun endMessage(octets: ByteArray = ByteArray(0)): Boolean =
        synchronized(output) { completed(sender.messageFrame(octets, 0, octets.size, fin = true)) }

    /**
     * Gives the open message up. Returns the state afterwards: [SendState.GROUND] if nothing of it
     * was sent yet. Otherwise the message was begun on the wire, and only the end of the connection
     * can keep the peer from waiting for the rest: from now on every `send…` of a message returns
     * false, within a frame those of control frames too.
     */
    public fun abandonMessage(): SendState = synchronized(output) { sender.abandonMessage() }

    /** Sends a Ping with at most 125 octets of [payload]; false, and nothing is sent, after a Close. */
    @JvmOverloads
    public fun sendPing(payload: ByteArray = ByteArray(0)): Boolean {
        Opcode.checkControl(payload)
        return synchronized(output) { sender.ping(payload) }
    }

    /** Sends a Pong nobody asked for, with at most 125 octets of [payload]; false, and nothing is sent, after a Close. */
    @JvmOverloads
    public fun sendPong(payload: ByteArray = ByteArray(0)): Boolean {
        Opcode.checkControl(payload)
        return synchronized(output) { sender.pong(payload) }
    }

    /**
     * Sends a Close: [code] is null or one of those in [CloseCode.isAllowedOnWire]; [reason] needs
     * a code and is cut to 123 octets at the end of a code point. A Close that is due is sent in its
     * place. False if one was sent before.
     *
     * @throws IllegalArgumentException if the code must not be sent, or a reason stands without one
     */
    @JvmOverloads
    public fun sendClose(code: Int? = CloseCode.NORMAL_CLOSURE, reason: String = ""): Boolean {
        val close = CloseFrame.of(code, reason)
        return synchronized(output) { sender.close(dueClose ?: close) }
    }

    /**
     * Sends [frame] as it is, be it allowed or not and whatever was sent before; this end takes no
     * note of it: a Close sent so closes nothing here, and in an open frame it lands among its data.
     * The payload is handed over as in [sendMessage].
     *
     * @param chopSize has it leave in writes of this many octets, if above 0
     * @param sync has it leave apart from what is sent before and after it
     * @throws IllegalArgumentException if [chopSize] is negative, or more than 2^62 octets would wait
     */
    @DelicateWebSocketApi
    @JvmOverloads
    public fun sendFrame(frame: RawFrame, chopSize: Int = 0, sync: Boolean = false): Unit =
        synchronized(output) {
            output.appendWithBoundary(chopSize, sync) {
                appendFrame(frame, config, sender.maskingKeys)
            }
            sender.passed(frame)
        }

    /** Sends [octets], which need be no frames, as [sendFrame] does. They are handed over. */
    @DelicateWebSocketApi
    @JvmOverloads
    public fun sendData(octets: ByteArray, chopSize: Int = 0, sync: Boolean = false): Unit =
        synchronized(output) {
            output.appendWithBoundary(chopSize, sync) {
                appendPayload(octets, 0, octets.size, 0, masked = false)
            }
        }

    private companion object {
        const val MAX_BACKLOG = 64 * 1024
        val NORMAL_CLOSE = CloseFrame.of(CloseCode.NORMAL_CLOSURE, "")
    }
}
