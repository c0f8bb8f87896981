package dev.kobahn.internal.connection

import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer
import kotlinx.coroutines.channels.ReceiveChannel

/** The least that a message or a frame counts, in bytes: many empty ones must not be free. */
internal const val MIN_MESSAGE_COST: Long = 64

/**
 * The messages that have arrived and are not with the application yet. It wants them either whole or
 * in pieces, and decides with its first call of [whole] or [streams]. Until then messages are kept
 * in pieces, which can become either.
 */
internal class Incoming(private val connection: Connection) {
    private enum class Choice(val property: String) {
        WHOLE("incoming"),
        STREAMS("incomingStreams"),
    }

    private val limit get() = connection.config.maxIncomingQueueSize

    private val messages =
        IncomingChannel<Message>(limit, connection) { maxOf(it.size.toLong(), MIN_MESSAGE_COST) }

    @Volatile
    private var choice: Choice? = null

    /** Takes messages in place of [streams]: [WholeMessages], or after [release] nothing. Set on the loop. */
    @Volatile
    private var taker: MessageSink? = null

    @Volatile
    private var streams: IncomingStreams? = null

    @Volatile
    private var end: IncomingChannel.End? = null

    /** The number of callers that have unread messages discarded, see [discardUnread]. */
    @Volatile
    private var discarders = 0

    /** Takes the messages that arrive. On the loop. */
    val sink: MessageSink get() = taker ?: madeStreams()

    private val wholeMessages get() = taker as? WholeMessages

    /** The bytes that are held. From any thread, which may see an older number. */
    val weight: Long
        get() = messages.weight + (streams?.weight ?: 0) + (wholeMessages?.weight ?: 0)

    /** Returns the whole messages. Throws IllegalStateException if they are wanted in pieces. */
    fun whole(): ReceiveChannel<Message> {
        val isFirst = choose(Choice.WHOLE)
        if (isFirst) connection.loop.runSoon { connection.transport.guarded(::beginWhole) }
        return messages
    }

    /** Returns the messages in pieces. Throws IllegalStateException if they are wanted whole. */
    fun streams(): ReceiveChannel<MessageReader> {
        choose(Choice.STREAMS)
        return madeStreams().readers
    }

    /** Returns whether this call is the one that chooses [wanted]. */
    private fun choose(wanted: Choice): Boolean {
        if (choice == wanted) return false
        synchronized(messages) {
            val chosen = choice
            check(chosen == null || chosen == wanted) {
                "${wanted.property} cannot be used: ${chosen?.property} was"
            }
            choice = wanted
            return chosen == null
        }
    }

    private fun madeStreams(): IncomingStreams = streams ?: synchronized(messages) {
        streams ?: makeStreams()
    }

    private fun makeStreams() = IncomingStreams(limit, connection).also {
        streams = it
        if (messages.isDiscarding) it.discard()
        end?.let { end -> it.end(end.cause) }
    }

    private fun beginWhole() {
        val whole = taker ?: WholeMessages(messages).also { taker = it }
        streams?.moveTo(whole)
        streams = null
        // Until now no message was too long, since it could be wanted in pieces.
        connection.protocol.limitMessages(connection.config.protocol.maxMessagePayloadSize)
        end?.let { messages.end(it.cause) }
        connection.onSpace()
        if (isIdle) connection.onIdle()
    }

    /** Whether more waits than the limit allows. */
    val isFull: Boolean get() = isOver(limit)

    /**
     * Whether the queue is so full that input already read must stay unparsed: it may expand, or
     * consist of many short messages. Below this bound it is parsed, because it may have a Close.
     */
    val isOverfull: Boolean
        get() = isOver(if (limit < Long.MAX_VALUE - SLACK) limit + SLACK else limit)

    private fun isOver(bound: Long) = messages.isOver(bound) || streams?.isOver(bound) == true

    /**
     * From here to [endDiscarding], messages are discarded while the application has used neither
     * `incoming` nor `incomingStreams`. From any thread.
     */
    @Synchronized
    fun beginDiscarding() {
        discarders++
    }

    @Synchronized
    fun endDiscarding() {
        discarders--
    }

    /** Discards the messages that wait if they are too many and nobody asks for them. On the loop. */
    fun discardUnread(): Boolean {
        if (discarders == 0 || choice != null || !isFull) return false
        streams?.forget()
        return true
    }

    /** Whether the application has taken every message. It may still be handling one. */
    val isEmptied: Boolean get() = messages.isEmptied && streams?.isEmptied != false

    /** Whether the application has taken and handled every message. */
    val isIdle: Boolean get() = messages.isIdle && streams?.isIdle != false

    /**
     * No more messages come. Receiving ends after those that wait: quietly if [cause] is null, else by
     * throwing [cause]. On the loop.
     */
    fun end(cause: Throwable?) {
        if (end == null) end = IncomingChannel.End(cause)
        if (taker != null) messages.end(cause)
        streams?.end(cause)
    }

    /** Resumes every receiver, so that it looks whether it is cancelled. From any thread. */
    fun resumeAll() {
        messages.resumeAll()
        streams?.readers?.resumeAll()
    }

    /** Discards the messages that wait or arrive. The end is still to come. On the loop. */
    fun discard() {
        messages.discard()
        streams?.discard()
    }

    /** The message that is arriving will not be completed. Allocates nothing. On the loop. */
    fun forgetUnfinished() {
        wholeMessages?.abandon()
    }

    /** Discards as [discard] does, and the message that is arriving too. Allocates nothing. On the loop. */
    fun release() {
        forgetUnfinished()
        taker = NO_SINK
        messages.release()
        streams?.release()
    }

    /** Discards as [release] does. From now on receiving throws [cause], also after the [end]. On the loop. */
    fun fail(cause: Throwable) {
        release()
        end = IncomingChannel.End(cause)
        messages.fail(cause)
        streams?.fail(cause)
    }

    private companion object {
        /** The most that one read brings, in bytes. */
        const val SLACK = 128L * 1024

        /** Made when this class is loaded, since [release] must not allocate. */
        val NO_SINK = object : MessageSink {}
    }
}

/** Takes the messages that the protocol finds, in the order of the wire. On the loop. */
internal interface MessageSink {
    fun beginMessage(type: MessageType) = Unit

    fun beginFrame(length: Long) = Unit

    /** [chunk] is only valid during the call. */
    fun data(chunk: ByteBuffer) = Unit

    fun endFrame() = Unit

    fun endMessage() = Unit

    /** The message that is arriving will not be completed. */
    fun abandon() = Unit
}

/**
 * Puts messages together for an application that wants them whole, and offers them to [channel]. On
 * the loop.
 */
internal class WholeMessages(private val channel: IncomingChannel<Message>) : MessageSink {
    private val assembler = MessageAssembler()

    /** The type of the message that is arriving, or null if its beginning was discarded: then its rest is too. */
    private var type: MessageType? = null

    /** The bytes held for the message that is arriving. From any thread, which may see an older number. */
    val weight: Int get() = assembler.capacity

    override fun beginMessage(type: MessageType) {
        this.type = type
    }

    override fun beginFrame(length: Long) {
        if (type != null) assembler.beginFrame(length)
    }

    override fun data(chunk: ByteBuffer) {
        if (type != null) assembler.append(chunk)
    }

    override fun endMessage() {
        val type = type ?: return
        this.type = null
        val bytes = assembler.end()
        val message = when (type) {
            MessageType.TEXT -> Message.Text.unchecked(bytes)
            MessageType.BINARY -> Message.Binary(bytes)
        }
        if (channel.offer(message)) channel.listener.onFull()
    }

    override fun abandon() = assembler.clear()
}
