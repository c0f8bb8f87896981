package dev.kobahn.internal.connection

import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.protocol.MessageAssembler
import dev.kobahn.protocol.MessageType
import java.nio.ByteBuffer
import kotlinx.coroutines.channels.ReceiveChannel

/**
 * What was received and is not yet with the application. It wants messages either whole or in
 * pieces, and the first it asks for decides; until then they are kept in pieces, which can become
 * either. Of whole ones it is itself the sink, and puts them together.
 *
 * @param limit how many octets may wait
 */
internal class Inbox(limit: Long, private val owner: Owner) : MessageSink {
    /** What the connection does for its receiver. */
    interface Owner : IncomingStreams.Owner {
        val transport: Transport

        /** The application wants messages whole. On the loop. */
        fun onWhole()
    }

    private enum class Choice(val property: String) {
        WHOLE("incoming"),
        STREAMS("incomingStreams"),
    }

    private class End(val cause: Throwable?)

    private val messages = object : IncomingMessages<Message>(limit, owner) {
        override fun costOf(message: Message) = maxOf(message.size.toLong(), LEAST)
    }

    @Volatile
    private var choice: Choice? = null

    @Volatile
    private var streams: IncomingStreams? = null

    @Volatile
    private var end: End? = null

    // These belong to the loop. Messages are put together once they are wanted whole.
    private var assembler: MessageAssembler? = null
    private var type = MessageType.BINARY

    /** Where what arrives goes. On the loop. */
    val sink: MessageSink
        get() = when {
            isReleased -> Nowhere
            isWhole -> this
            else -> madeStreams()
        }

    /** Whether nothing is taken any more, not even to be put together. */
    private var isReleased = false

    private object Nowhere : MessageSink {
        override fun beginMessage(type: MessageType) = Unit

        override fun beginFrame(length: Long) = Unit

        override fun data(chunk: ByteBuffer) = Unit

        override fun endFrame() = Unit

        override fun endMessage() = Unit

        override fun abandon() = Unit
    }

    /** How many octets are held; from any thread, which may see an older number. */
    val weight: Long
        get() = messages.weight + (streams?.weight ?: 0) + (assembler?.capacity ?: 0)

    private val isWhole get() = assembler != null

    /** Whether the beginning of the message that comes was discarded, so that its rest is too. */
    private var isHeadless = false

    override fun beginMessage(type: MessageType) {
        isHeadless = false
        this.type = type
    }

    override fun beginFrame(length: Long) {
        if (!isHeadless) assembler!!.beginFrame(length)
    }

    override fun data(chunk: ByteBuffer) {
        if (!isHeadless) assembler!!.append(chunk)
    }

    override fun endFrame() = Unit

    override fun endMessage() {
        if (isHeadless) return
        val octets = assembler!!.end()
        val message = when (type) {
            MessageType.TEXT -> Message.Text(octets)
            MessageType.BINARY -> Message.Binary(octets)
        }
        if (messages.offer(message)) owner.onFull()
    }

    override fun abandon() = assembler!!.clear()

    /** The messages, whole. IllegalStateException if they are wanted in pieces. */
    fun whole(): ReceiveChannel<Message> {
        if (choose(Choice.WHOLE)) beginWholeSoon(owner.transport)
        return messages
    }

    /** The messages, in pieces. IllegalStateException if they are wanted whole. */
    fun streams(): ReceiveChannel<MessageReader> {
        choose(Choice.STREAMS)
        return madeStreams().readers
    }

    /** Whether it is this call that chooses [wanted]. */
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

    private fun makeStreams() = IncomingStreams(messages.limit, owner).also {
        streams = it
        if (messages.isDiscarding) it.discard()
        end?.let { end -> it.end(end.cause) }
    }

    private fun beginWholeSoon(transport: Transport) =
        transport.loop.runSoon { transport.guarded(::beginWhole) }

    private fun beginWhole() {
        assembler = MessageAssembler()
        isHeadless = streams?.isOpenForgotten == true
        streams?.moveTo(this)
        streams = null
        owner.onWhole()
        end?.let { messages.end(it.cause) }
        owner.onRoom()
        if (isIdle) owner.onIdle()
    }

    /** Whether more waits than the limit allows. */
    val isFull: Boolean get() = messages.isFull || streams?.isFull == true

    /**
     * Whether so much more waits that the rest of what was read has to stay as it is: it may expand,
     * or consist of many short messages. Else it is better parsed, for a Close may be in it.
     */
    val isOverfull: Boolean
        get() {
            val limit = messages.limit
            val bound = if (limit < Long.MAX_VALUE - SLACK) limit + SLACK else limit
            return messages.isOver(bound) || streams?.isOver(bound) == true
        }

    /** How many have what waits forgotten when it is too much and nobody has asked for messages. */
    @Volatile
    private var discarders = 0

    /** From here to [endDiscarding] what nobody asks for is forgotten. From any thread. */
    @Synchronized
    fun beginDiscarding() {
        discarders++
    }

    @Synchronized
    fun endDiscarding() {
        discarders--
    }

    /** Forgets what waits, if it is too much and nobody wants it; whether that was so. On the loop. */
    fun discardUnread(): Boolean {
        if (discarders == 0 || choice != null || !isFull) return false
        streams?.forget()
        return true
    }

    /** Whether the application has taken everything; it may still have something in hand. */
    val isEmptied: Boolean get() = messages.isEmptied && streams?.isEmptied != false

    /** Whether the application has nothing to take and nothing in hand. */
    val isIdle: Boolean get() = messages.isIdle && streams?.isIdle != false

    /** No more comes: with [cause] null receiving ends quietly after what waits, else it throws [cause]. On the loop. */
    fun end(cause: Throwable?) {
        if (end == null) end = End(cause)
        if (isWhole) messages.end(cause)
        streams?.end(cause)
    }

    /** Has all who wait look again. From any thread. */
    fun tellAll() {
        messages.tellAll()
        streams?.readers?.tellAll()
    }

    /** Forgets what waits and takes no more, while the end is yet to come. On the loop. */
    fun discard() {
        messages.discard()
        streams?.discard()
    }

    /** The message that comes will not be completed. Allocates nothing. On the loop. */
    fun forgetUnfinished() {
        assembler?.clear()
    }

    /** Memory is short: as [discard], and of the message that comes as well. Allocates nothing. On the loop. */
    fun release() {
        isReleased = true
        forgetUnfinished()
        messages.release()
        streams?.release()
    }

    /** After the [end], memory is short: as [release], and receiving throws [cause] from now on. On the loop. */
    fun fail(cause: Throwable) {
        release()
        end = End(cause)
        messages.fail(cause)
        streams?.fail(cause)
    }

    private companion object {
        const val LEAST = 64L

        /** As much as one read. */
        const val SLACK = 128L * 1024
    }
}
