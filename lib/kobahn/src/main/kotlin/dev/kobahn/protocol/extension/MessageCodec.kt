package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType

/** Takes octets that a codec makes, as they come. */
public fun interface OctetSink {
    /** Takes [length] octets of [octets] from [offset] on, which are only good during the call. */
    public fun write(octets: ByteArray, offset: Int, length: Int)

    /**
     * How many octets it still takes before it throws because of a limit; [Long.MAX_VALUE], the
     * default, if there is none. For a codec that cannot let out what it was given before a message
     * is complete.
     */
    public val room: Long get() = Long.MAX_VALUE
}

/**
 * Transforms the messages one end of a connection sends, one after another: [begin], then [encode]
 * as often as there are pieces, with a [flush] where a frame ends, then [end]. Used by one thread at a
 * time, the one that sends; [begin] and [sentStandalone] hold up the connection's event loop and have to be
 * quick, the others may take their time.
 */
public interface MessageEncoder {
    /**
     * A message begins, of [length] octets or of -1 if that is not known. False leaves the message
     * as it is: then it is not marked, and no further call is made for it. That is not for an
     * extension without reserved bits, whose peer transforms every message. Another message may
     * begin before anything of this one was encoded.
     */
    public fun begin(type: MessageType, length: Long): Boolean

    /** Transforms [length] octets of [octets] from [offset] on. What it makes of them may come later. */
    public fun encode(octets: ByteArray, offset: Int, length: Int, output: OctetSink)

    /** Has everything come out with which the peer can decode what was encoded so far. */
    public fun flush(output: OctetSink)

    /** The message is complete. */
    public fun end(output: OctetSink)

    /**
     * Equal for encoders that make the same octets of a message when each makes them without regard
     * to messages before it, so that it has to be done once for all; null if this one never does.
     * See [encodeStandalone].
     */
    public val standaloneForm: Any? get() = null

    /**
     * Transforms a whole message without regard to what was sent before, and with no effect on
     * this encoder: [sentStandalone] is called when, and if, the result is sent.
     */
    public fun encodeStandalone(octets: ByteArray, output: OctetSink): Unit =
        throw UnsupportedOperationException("$this encodes no message alone")

    /** [octets] were sent as [encodeStandalone] transforms them, here or in an encoder of the same form. */
    public fun sentStandalone(octets: ByteArray) {}

    /**
     * Gives back what it holds, in whatever state it is; only further calls of this follow. Called
     * at the end of every connection.
     */
    public fun close()
}

/**
 * Restores the messages one end of a connection receives, one after another: [decode] as often as
 * pieces of one arrive, then [end]. Not thread-safe.
 *
 * What the peer sends must not make it buffer: everything that can come out goes to the output,
 * which throws a [ProtocolException][dev.kobahn.protocol.ProtocolException] where a limit is
 * exceeded. That is to be passed on, and then only [close] follows.
 */
public interface MessageDecoder {
    /**
     * Restores [length] octets of [octets] from [offset] on.
     *
     * @throws dev.kobahn.protocol.ProtocolException if the data is not what an encoder makes
     */
    public fun decode(octets: ByteArray, offset: Int, length: Int, output: OctetSink)

    /**
     * The message is complete.
     *
     * @throws dev.kobahn.protocol.ProtocolException if the data ends too early
     */
    public fun end(output: OctetSink)

    /** As [MessageEncoder.close]. */
    public fun close()
}
