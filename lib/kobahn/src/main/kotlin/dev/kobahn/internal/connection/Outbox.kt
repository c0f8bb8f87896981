package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.MessageWriter
import dev.kobahn.PayloadExceededException
import dev.kobahn.PreparedMessage
import dev.kobahn.Timings
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Protocol
import dev.kobahn.protocol.SendStep
import dev.kobahn.protocol.extension.EncodedForms
import java.util.concurrent.atomic.AtomicBoolean

/**
 * What the application sends: messages in the order of its calls, one at a time, and no more than
 * may wait to be written. From any thread; it meets the loop at the monitor of the transport's
 * output, which nobody holds while extensions transform a message: who has them do that has the turn
 * meanwhile, and other senders of messages wait for it.
 */
internal class Outbox(private val owner: Owner) {
    /** What the connection has and does for its senders. */
    interface Owner {
        val config: ConnectionConfig
        val transport: Transport
        val protocol: Protocol

        /** The times, or null where they are not tracked. */
        val timings: Timings?

        /** Whether more waits for the application, which then will probably send again at once. */
        val expectsAnswers: Boolean

        /** A message that is sent piece by piece will not be completed, because of [failure]. */
        fun abandonMessage(failure: Throwable)

        /** No frame is open any more: a Close that was held has been sent behind it. */
        fun frameEnded()

        /** An extension failed to encode a message, so that no other can be sent. On the loop. */
        fun encoderFailed(failure: Throwable)

        /** Whether no more may wait than one message, because all connections hold too much. */
        val isMemoryShort: Boolean

        /** More waits than is for free: the connection's memory is to be counted. */
        fun weigh()

        /** What a call that comes too late throws. */
        fun closedException(): ConnectionClosedException
    }

    private val config get() = owner.config
    private val transport get() = owner.transport
    private val protocol get() = owner.protocol
    private val loop get() = transport.loop
    private val output get() = transport.output

    /** How many octets may wait before senders have to. */
    private val limit get() = if (owner.isMemoryShort) 0 else config.maxOutgoingQueueSize

    // Most connections never need what follows: each is made when it is first wanted.

    @Volatile
    private var gate: SendGate? = null
    private var turns: SendTurns? = null

    @Volatile
    private var laterFlush: LaterFlush? = null

    /** Whether the connection is gone, so that nothing may be sent any more. */
    var isClosed = false
        get() = synchronized(output) { field }
        private set

    /** @param forms keeps what extensions make of the message, where it goes to many */
    suspend fun send(
        type: MessageType,
        octets: ByteArray,
        fragmentSize: Int = config.autoFragmentSize,
        doNotCompress: Boolean = false,
        forms: EncodedForms? = null,
    ) {
        require(fragmentSize >= 0) { "fragmentSize is $fragmentSize, must be 0 (off) or more" }
        checkSize(octets)
        owner.timings?.track("sendMessage")
        val backlog = synchronized(output) {
            if (isTurnTaken) {
                WAIT
            } else {
                sendNow { sendWhole(type, octets, fragmentSize, doNotCompress, forms) }.claiming()
            }
        }
        if (backlog == WAIT) {
            return sendLater { sendWhole(type, octets, fragmentSize, doNotCompress, forms) }
        }
        written(if (backlog == ENCODE) encodeInTurn() else backlog)
    }

    suspend fun send(message: PreparedMessage) = send(
        message.message.type,
        message.message.octets,
        doNotCompress = message.doNotCompress,
        forms = message.forms,
    )

    private fun Protocol.sendWhole(
        type: MessageType,
        octets: ByteArray,
        fragmentSize: Int,
        doNotCompress: Boolean,
        forms: EncodedForms?,
    ) = if (forms == null || doNotCompress) {
        beginSending(type, octets, fragmentSize, doNotCompress)
    } else {
        beginSending(type, octets, fragmentSize, forms)
    }

    /** Has the protocol send a whole message when it is its turn. */
    private suspend fun sendLater(send: Protocol.() -> SendStep) {
        val turns = turns()
        turns.await()
        val backlog = try {
            sendOrEncode(send)
        } finally {
            turns.release()
        }
        written(backlog)
    }

    /** Sends a message piece by piece; other senders of messages wait for its end. */
    suspend fun sendMessage(
        type: MessageType,
        doNotCompress: Boolean,
        block: suspend MessageWriter.() -> Unit,
    ) {
        owner.timings?.track("sendMessage")
        val frameSize = if (config.autoFragmentSize > 0) config.autoFragmentSize else FRAME_SIZE
        turns().take { RealMessageWriter(this, owner, type, doNotCompress, frameSize).send(block) }
    }

    /** Has the protocol send something, and suspends while too much waits to be written. */
    suspend fun sendPiece(send: Protocol.() -> SendStep) {
        written(sendOrEncode(send))
    }

    private inline fun sendOrEncode(send: Protocol.() -> SendStep): Long {
        val backlog = synchronized(output) { sendNow(send) }
        return if (backlog == ENCODE) encode() else backlog
    }

    /** Returns what waits to be written afterwards, in octets, or [ENCODE]. Guarded by [output]. */
    private inline fun sendNow(send: Protocol.() -> SendStep): Long {
        if (isClosed) throw owner.closedException()
        return when (encoding { protocol.send() }) {
            SendStep.SENT -> output.size
            SendStep.CLOSED -> throw owner.closedException()
            SendStep.ENCODING -> ENCODE
        }
    }

    /** Who is told to [ENCODE] has the turn. Guarded by [output]. */
    private fun Long.claiming(): Long {
        if (this == ENCODE) turns().claim()
        return this
    }

    private fun encodeInTurn(): Long = try {
        encode()
    } finally {
        turns().release()
    }

    /** Encodes and sends what was begun; returns what waits to be written afterwards. */
    private fun encode(): Long {
        encoding { protocol.encode() }
        return synchronized(output) {
            if (isClosed) protocol.discardEncoded()
            if (isClosed || !encoding { protocol.sendEncoded() }) throw owner.closedException()
            output.size
        }
    }

    private inline fun <T> encoding(call: () -> T): T = try {
        call()
    } catch (failure: Throwable) {
        // Of a frame a part may have been written.
        if (failure is VirtualMachineError) transport.giveUp(failure)
        // not from here, where the monitor may be held
        if (protocol.hasEncoderFailed) {
            loop.execute {
                transport.guarded { owner.encoderFailed(failure) }
            }
        }
        throw failure
    }

    private suspend fun written(backlog: Long) {
        flush(backlog)
        weigh(backlog)
        if (backlog > limit) gate().awaitRoom()
    }

    private fun weigh(backlog: Long) {
        if (backlog >= MemoryBudget.GRAIN) owner.weigh()
    }

    /** As [send] where there is room; where there is none it returns false and has sent nothing. */
    fun trySend(
        type: MessageType,
        octets: ByteArray,
        doNotCompress: Boolean,
        forms: EncodedForms? = null,
    ): Boolean {
        checkSize(octets)
        val backlog = synchronized(output) {
            val hasRoom = !isTurnTaken && output.size <= limit
            if (!hasRoom && !isClosed) return false
            sendNow {
                sendWhole(type, octets, config.autoFragmentSize, doNotCompress, forms)
            }.claiming()
        }
        val waiting = if (backlog == ENCODE) encodeInTurn() else backlog
        flush(waiting)
        weigh(waiting)
        return true
    }

    fun trySend(message: PreparedMessage): Boolean =
        message.message.let { trySend(it.type, it.octets, message.doNotCompress, message.forms) }

    private fun checkSize(octets: ByteArray) {
        val limit = config.protocol.maxMessagePayloadSize
        if (limit in 1 until octets.size) throw PayloadExceededException(octets.size, limit)
    }

    /** Has [send] send what the rules of [send] do not hold for; suspends for room, or until it is written. */
    suspend fun sendRaw(untilWritten: Boolean, send: Protocol.() -> Unit) {
        var end = 0L
        val backlog = synchronized(output) {
            if (isClosed) throw owner.closedException()
            protocol.send()
            end = output.position + output.size
            output.size
        }
        transport.flush()
        weigh(backlog)
        if (untilWritten) return gate().awaitWritten(end)
        if (backlog > limit) gate().awaitRoom()
    }

    /** Guarded by [output]. */
    private val isTurnTaken get() = turns?.isTaken == true

    private fun turns() = synchronized(output) {
        turns ?: SendTurns(output).also {
            turns = it
            if (isClosed) it.close(owner::closedException)
        }
    }

    private fun gate() = synchronized(output) {
        gate ?: SendGate(::limit, output).also {
            gate = it
            if (isClosed) it.close(owner::closedException)
        }
    }

    /** Elsewhere than on the loop, a [backlog] that is worth a system call is written at once. */
    private fun flush(backlog: Long) {
        val isMuch = backlog >= WORTH_WRITING || backlog > config.maxOutgoingQueueSize
        if (loop.isCurrent || isMuch) return transport.flush()
        // Two threads may make one each, and flush once more than they need to.
        val flush = laterFlush ?: LaterFlush(transport).also { laterFlush = it }
        flush.post(owner)
    }

    /** Writes all that was sent until then, where more will probably be sent at once. */
    private class LaterFlush(private val transport: Transport) : Runnable {
        private val isPosted = AtomicBoolean()

        /**
         * A handler that has more messages to answer will send again: the loop writes for it. Else
         * writing here and now is quicker than waking the loop.
         */
        fun post(owner: Owner) {
            when {
                !isPosted.compareAndSet(false, true) -> Unit
                transport.loop.putOff(this) -> Unit
                owner.expectsAnswers -> transport.loop.execute(this)
                else -> run()
            }
        }

        override fun run() {
            isPosted.set(false)
            transport.guarded { transport.flush() }
        }
    }

    /**
     * Runs [action], which must not suspend, when those who wait for their turn to send have had it;
     * [waiting] counts until then.
     */
    suspend fun inTurn(waiting: ProgressTimer, action: () -> Unit) {
        if (!synchronized(output) { isTurnTaken }) return action()
        waiting.start()
        try {
            turns().await()
        } finally {
            waiting.stop()
        }
        try {
            action()
        } finally {
            turns().release()
        }
    }

    /** Whether somebody who sends waits for room. */
    val isAwaited: Boolean get() = gate?.isAwaited == true

    /** Octets were written, or memory is no longer short. */
    fun onWritten() {
        gate?.onWritten()
    }

    /** The connection is gone: whoever waits is told so. */
    fun close() {
        val turns = synchronized(output) {
            isClosed = true
            turns
        }
        gate?.close(owner::closedException)
        turns?.close(owner::closedException)
    }

    private companion object {
        /** Not now: somebody else has the turn. */
        const val WAIT = -1L

        /** Extensions have to transform it first, without the monitor. */
        const val ENCODE = -2L

        /** In octets; a system call costs as much as copying that many. */
        const val WORTH_WRITING = 16 * 1024

        /** The frames of a message that is sent piece by piece, in octets. */
        const val FRAME_SIZE = 64 * 1024
    }
}
