package dev.kobahn.internal.connection

import dev.kobahn.MessageWriter
import dev.kobahn.PayloadExceededException
import dev.kobahn.PreparedMessage
import dev.kobahn.SendOptions
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.PreparedEncodings
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.endpoint.SendStep
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

/**
 * The messages that the application sends: in the order of its calls, one at a time. Senders suspend
 * while too many bytes wait to be written. From any thread.
 *
 * The monitor of the connection's output guards everything. Nobody holds it while extensions encode a
 * message: the sender holds [SendMutex] meanwhile, and other senders of messages wait for that.
 */
internal class Outgoing(private val connection: Connection) {
    private val config get() = connection.config
    private val transport get() = connection.transport
    private val protocol get() = connection.protocol
    private val loop get() = transport.loop
    private val output get() = transport.output

    /** The bytes that may wait before senders suspend. */
    private val limit get() = if (connection.isMemoryShort) 0 else config.maxOutgoingQueueSize

    // Most connections never need these: each is made when it is first needed.

    @Volatile
    private var highWaterMark: HighWaterMark? = null
    private var mutex: SendMutex? = null

    @Volatile
    private var deferredFlush: DeferredFlush? = null

    @Volatile
    private var writeTimeout: WriteTimeout? = null

    /** @param forms keeps the encodings of a message that goes to many connections */
    suspend fun send(
        type: MessageType,
        bytes: ByteArray,
        options: SendOptions = SendOptions.DEFAULT,
        forms: PreparedEncodings? = null,
    ) {
        checkSize(bytes)
        connection.timings?.track("sendMessage")
        var backlog = 0L
        val step = synchronized(output) {
            if (isLocked) {
                null
            } else {
                val step = sendNow { sendWhole(type, bytes, options, forms) }
                lockIfEncoding(step).also { backlog = output.size }
            }
        }
        when (step) {
            null -> return sendWhenUnlocked { sendWhole(type, bytes, options, forms) }
            SendStep.ENCODING -> backlog = encodeAndUnlock()
            else -> Unit
        }
        flushAndAwaitSpace(backlog)
    }

    suspend fun send(message: PreparedMessage) = send(
        message.message.type,
        message.message.bytes,
        message.options,
        message.forms,
    )

    private fun Protocol.sendWhole(
        type: MessageType,
        bytes: ByteArray,
        options: SendOptions,
        forms: PreparedEncodings?,
    ) = if (forms == null || !options.compress) {
        beginSending(type, bytes, options.frameSize(), !options.compress)
    } else {
        beginSending(type, bytes, options.frameSize(), forms)
    }

    private fun SendOptions.frameSize() = fragmentSize ?: config.autoFragmentSize

    private suspend fun sendWhenUnlocked(send: Protocol.() -> SendStep) {
        val mutex = mutex()
        mutex.lock()
        val backlog = try {
            sendAndEncode(send)
        } finally {
            mutex.unlock()
        }
        flushAndAwaitSpace(backlog)
    }

    /** Sends a message in pieces. Other senders of messages wait for its end. */
    suspend fun sendMessage(
        type: MessageType,
        options: SendOptions,
        block: suspend MessageWriter.() -> Unit,
    ) {
        connection.timings?.track("sendMessage")
        val frameSize = options.frameSize().takeIf { it > 0 } ?: FRAME_SIZE
        mutex().withLock {
            RealMessageWriter(connection, type, !options.compress, frameSize).send(block)
        }
    }

    /** Sends by [send], and suspends while too many bytes wait to be written. */
    suspend fun sendPiece(send: Protocol.() -> SendStep) {
        flushAndAwaitSpace(sendAndEncode(send))
    }

    private inline fun sendAndEncode(send: Protocol.() -> SendStep): Long {
        synchronized(output) {
            if (sendNow(send) != SendStep.ENCODING) return output.size
        }
        return encode()
    }

    /** Guarded by [output]. */
    private inline fun sendNow(send: Protocol.() -> SendStep): SendStep {
        if (connection.isClosed) throw connection.closedException()
        val step = encoding { protocol.send() }
        if (step == SendStep.CLOSED) throw connection.closedException()
        return step
    }

    /** Locks the mutex if extensions have to encode the message. Guarded by [output]. */
    private fun lockIfEncoding(step: SendStep): SendStep {
        if (step == SendStep.ENCODING) mutex().lockNow()
        return step
    }

    private fun encodeAndUnlock(): Long = try {
        encode()
    } finally {
        mutex().unlock()
    }

    /** Encodes and sends the message that was begun. Returns how many bytes wait to be written. */
    private fun encode(): Long {
        encoding { protocol.encode() }
        return synchronized(output) {
            val isClosed = connection.isClosed
            if (isClosed) protocol.discardEncoded()
            if (isClosed || !encoding { protocol.sendEncoded() }) throw connection.closedException()
            output.size
        }
    }

    private inline fun <T> encoding(call: () -> T): T = try {
        call()
    } catch (failure: Throwable) {
        // A part of a frame may have been written.
        if (failure is VirtualMachineError) transport.giveUp(failure)
        // On the loop, because the monitor may be held here.
        if (protocol.hasEncoderFailed) {
            loop.execute { transport.guarded { encoderFailed(failure) } }
        }
        throw failure
    }

    private fun encoderFailed(failure: Throwable) = connection.fail(failure) {
        "a message to ${transport.peer} could not be encoded"
    }

    private suspend fun flushAndAwaitSpace(backlog: Long) {
        flush(backlog)
        countMemory(backlog)
        if (backlog > limit) highWaterMark().awaitSpace()
    }

    private fun countMemory(backlog: Long) {
        if (backlog >= MemoryBudget.GRAIN) connection.updateMemory()
    }

    /** Sends as [send] does if there is space. Else returns false and has sent nothing. */
    fun trySend(
        type: MessageType,
        bytes: ByteArray,
        options: SendOptions,
        forms: PreparedEncodings? = null,
    ): Boolean {
        checkSize(bytes)
        var backlog = 0L
        val step = synchronized(output) {
            val hasSpace = !isLocked && output.size <= limit
            if (!hasSpace && !connection.isClosed) return false
            val step = sendNow { sendWhole(type, bytes, options, forms) }
            lockIfEncoding(step).also { backlog = output.size }
        }
        if (step == SendStep.ENCODING) backlog = encodeAndUnlock()
        flush(backlog)
        countMemory(backlog)
        return true
    }

    fun trySend(message: PreparedMessage): Boolean =
        message.message.let { trySend(it.type, it.bytes, message.options, message.forms) }

    private fun checkSize(bytes: ByteArray) {
        val limit = config.protocol.maxMessagePayloadSize
        if (limit in 1 until bytes.size) throw PayloadExceededException(bytes.size, limit)
    }

    /**
     * Sends by [send], which may break the protocol. Suspends while too many bytes wait, or if
     * [awaitsWritten] is set, until these bytes are written.
     */
    suspend fun sendRaw(awaitsWritten: Boolean, send: Protocol.() -> Unit) {
        val end: Long
        val backlog = synchronized(output) {
            if (connection.isClosed) throw connection.closedException()
            protocol.send()
            end = output.endPosition
            output.size
        }
        transport.flush()
        countMemory(backlog)
        when {
            awaitsWritten -> highWaterMark().awaitWritten(end)
            backlog > limit -> highWaterMark().awaitSpace()
        }
    }

    /** Writes what waits, and suspends until it is written. */
    suspend fun flush() = sendRaw(awaitsWritten = true) {}

    /** Guarded by [output]. */
    private val isLocked get() = mutex?.isLocked == true

    private fun mutex() = synchronized(output) {
        mutex ?: SendMutex(connection).also { mutex = it }
    }

    private fun highWaterMark() = synchronized(output) {
        highWaterMark ?: HighWaterMark(connection, ::limit).also { highWaterMark = it }
    }

    /** From another thread than the loop's, a [backlog] that is worth a system call is written at once. */
    private fun flush(backlog: Long) {
        val isMuch = backlog >= WORTH_WRITING || backlog > config.maxOutgoingQueueSize
        if (loop.isCurrent || isMuch) return transport.flush()
        // Two threads may each make one; one flush is superfluous then.
        val flush = deferredFlush ?: DeferredFlush(connection).also { deferredFlush = it }
        flush.post()
    }

    /** Writes later if more messages will probably be sent at once, so that one write takes them all. */
    private class DeferredFlush(private val connection: Connection) : Runnable {
        private val isPosted = AtomicBoolean()

        /**
         * A handler that has more messages to answer will send again: then the loop writes. Otherwise
         * writing here and now is quicker than waking the loop.
         */
        fun post() {
            val loop = connection.loop
            when {
                !isPosted.compareAndSet(false, true) -> Unit
                loop.defer(this) -> Unit
                !connection.incomingMessages.isEmptied -> loop.execute(this)
                else -> run()
            }
        }

        override fun run() {
            isPosted.set(false)
            connection.transport.guarded { connection.transport.flush() }
        }
    }

    /**
     * Runs [action], which must not suspend, after the messages of the senders that wait for the
     * mutex. [waiting] runs until then.
     */
    suspend fun inTurn(waiting: ProgressTimer, action: () -> Unit) {
        if (!synchronized(output) { isLocked }) return action()
        val mutex = mutex()
        waiting.start()
        try {
            mutex.lock()
        } finally {
            waiting.stop()
        }
        try {
            action()
        } finally {
            mutex.unlock()
        }
    }

    val isAwaited: Boolean get() = highWaterMark?.isAwaited == true

    /** Bytes were written, or memory is no longer short. */
    fun onWritten() {
        highWaterMark?.onWritten()
    }

    /** The transport tried to write, and bytes are left. */
    fun onBlocked() = writeTimeout().onBlocked()

    private fun writeTimeout() = writeTimeout ?: synchronized(output) {
        writeTimeout ?: WriteTimeout(connection).also { writeTimeout = it }
    }

    /** The connection is CLOSED: every sender that waits throws. */
    fun close() {
        writeTimeout?.stop()
        val mutex = synchronized(output) { mutex }
        highWaterMark?.close()
        mutex?.close()
    }

    private companion object {
        /** In bytes. A system call costs as much as copying that many. */
        const val WORTH_WRITING = 16 * 1024

        /** The frames of a message that is sent in pieces, in bytes. */
        const val FRAME_SIZE = 64 * 1024
    }
}

/**
 * Lets one sender of messages at a time through, while it sends a message in pieces or has one
 * encoded; the others wait, first come first served. Guarded by the monitor of the connection's
 * output, so that locking and sending can be one step: the mutex of kotlinx.coroutines cannot do that.
 */
internal class SendMutex(private val connection: Connection) {
    private val output = connection.output
    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)

    var isLocked = false
        private set

    /** Marks the coroutines that send a message in pieces. */
    private class Holder(val mutex: SendMutex, val outer: Holder?) : CoroutineContext.Element {
        override val key: CoroutineContext.Key<*> get() = Key

        companion object Key : CoroutineContext.Key<Holder>
    }

    /** Runs [block] while it holds the mutex. Throws as [lock] does. */
    suspend fun withLock(block: suspend () -> Unit) {
        lock()
        try {
            withContext(Holder(this, coroutineContext[Holder])) { block() }
        } finally {
            unlock()
        }
    }

    /** Locks the mutex, which is not locked. Guarded by [output]. */
    fun lockNow() {
        isLocked = true
    }

    /**
     * Suspends until the caller holds the mutex. Throws ConnectionClosedException if the connection
     * ends first, and IllegalStateException inside [withLock]: the caller would wait for itself.
     */
    suspend fun lock() {
        check(generateSequence(coroutineContext[Holder]) { it.outer }.none { it.mutex === this }) {
            "a message is open: only its writer can send"
        }
        awaitLock()
    }

    private suspend fun awaitLock() = connection.suspendSender(
        {
            if (isLocked) {
                waiting.addLast(it)
            } else {
                isLocked = true
                it.resume(Unit, ::passOn)
            }
        },
        { waiting.remove(it) },
    )

    /** Hands the mutex to the sender that has waited longest. */
    fun unlock() {
        val next = synchronized(output) {
            waiting.removeFirstOrNull().also { isLocked = it != null }
        }
        next?.resume(Unit, ::passOn)
    }

    /** The mutex was handed to a sender that was cancelled meanwhile. */
    @Suppress("UNUSED_PARAMETER")
    private fun passOn(cause: Throwable, value: Unit, context: CoroutineContext) = unlock()

    /** The connection is CLOSED: every sender that waits throws. */
    fun close() {
        val senders = synchronized(output) { waiting.toList().also { waiting.clear() } }
        senders.forEach { it.resumeWithException(connection.closedException()) }
    }
}

/**
 * Suspends senders while more than [limit] bytes wait to be written, until no more than half of that
 * do; and suspends those that want to know that their bytes are written. Guarded by the monitor of
 * the connection's output.
 */
internal class HighWaterMark(private val connection: Connection, private val limit: () -> Long) {
    private val output = connection.output

    private class Waiting(val sender: CancellableContinuation<Unit>, val end: Long)

    private val waiting = ArrayDeque<CancellableContinuation<Unit>>(0)

    /** The senders that wait for the stream to be written up to an end, in no order. */
    private val waitingForEnd = ArrayList<Waiting>(0)

    /** Suspends until there is space. Throws ConnectionClosedException if the connection ends first. */
    suspend fun awaitSpace() = connection.suspendSender(
        { if (output.size > limit()) waiting.addLast(it) else it.resume(Unit) },
        { waiting.remove(it) },
    )

    /** Suspends until the stream is written up to [end]. Throws as [awaitSpace] does. */
    suspend fun awaitWritten(end: Long) = connection.suspendSender(
        { if (isWritten(end)) it.resume(Unit) else waitingForEnd.add(Waiting(it, end)) },
        { sender -> waitingForEnd.removeAll { it.sender === sender } },
    )

    private fun isWritten(end: Long) = output.position - end >= 0

    val isAwaited: Boolean get() = synchronized(output) { waiting.isNotEmpty() }

    /** Bytes were written, or the limit has changed. */
    fun onWritten() {
        val senders = synchronized(output) {
            val hasSpace = output.size <= limit() / 2
            if (waitingForEnd.isEmpty() && (waiting.isEmpty() || !hasSpace)) return
            takeReady(hasSpace)
        }
        senders.forEach { it.resume(Unit) }
    }

    private fun takeReady(hasSpace: Boolean): List<CancellableContinuation<Unit>> {
        val ready = waitingForEnd.filter { isWritten(it.end) }
        waitingForEnd.removeAll(ready)
        val senders = ready.mapTo(ArrayList()) { it.sender }
        if (hasSpace) {
            senders += waiting
            waiting.clear()
        }
        return senders
    }

    /** The connection is CLOSED: every sender that waits throws. */
    fun close() {
        val senders = synchronized(output) {
            if (waiting.isEmpty() && waitingForEnd.isEmpty()) return
            (waiting + waitingForEnd.map { it.sender }).also {
                waiting.clear()
                waitingForEnd.clear()
            }
        }
        senders.forEach { it.resumeWithException(connection.closedException()) }
    }
}

/**
 * Suspends a sender until it is resumed. [begin] resumes it or adds it to those that wait, and
 * [forget] removes it if it is cancelled; both hold the monitor of the output. Throws
 * ConnectionClosedException if the connection is CLOSED.
 */
private suspend inline fun Connection.suspendSender(
    crossinline begin: (CancellableContinuation<Unit>) -> Unit,
    crossinline forget: (CancellableContinuation<Unit>) -> Unit,
): Unit = suspendCancellableCoroutine { sender ->
    val hasEnded = synchronized(output) { isClosed.also { if (!it) begin(sender) } }
    if (hasEnded) sender.resumeWithException(closedException())
    sender.invokeOnCancellation { synchronized(output) { forget(sender) } }
}
