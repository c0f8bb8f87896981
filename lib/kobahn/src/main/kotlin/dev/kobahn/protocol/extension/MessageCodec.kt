package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType

/** Receives the bytes that a codec produces. */
public fun interface ByteSink {
    /**
     * Receives [length] bytes of [bytes] from [offset] on, which are valid only during the call.
     */
    public fun write(bytes: ByteArray, offset: Int, length: Int)

    /**
     * The number of bytes that this sink accepts before a limit makes it throw; [Long.MAX_VALUE],
     * the default, without a limit. Useful for a codec that produces nothing before a message is
     * complete.
     */
    public val room: Long get() = Long.MAX_VALUE
}

/**
 * Transforms the messages that one end of a connection sends, one after another: [begin], then
 * [encode] for each piece, with a [flush] at the end of a frame, then [end]. Used by one thread at
 * a time, the sending one. [begin] and [sentStandalone] block the connection's event loop and must
 * be quick; the others may take their time.
 */
public interface MessageEncoder {
    /**
     * Begins a message of [length] bytes, or -1 if unknown. Return false to leave the message as
     * it is: then it is not marked, and no further call follows for it. An extension without
     * reserved bits must return true, because its peer transforms every message. Another message
     * may begin before anything of this one was encoded.
     */
    public fun begin(type: MessageType, length: Long): Boolean

    /** Transforms [length] bytes of [bytes] from [offset] on. The result may come out later. */
    public fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink)

    /** Writes everything that the peer needs to decode the bytes encoded so far. */
    public fun flush(output: ByteSink)

    /** Completes the message. */
    public fun end(output: ByteSink)

    /**
     * A value that is equal for all encoders that produce the same bytes from a message when they
     * ignore earlier messages, so that one of them can encode for all; null if this encoder cannot
     * do that. See [encodeStandalone].
     */
    public val standaloneForm: Any? get() = null

    /**
     * Transforms a whole message without regard to earlier ones, and without any effect on this
     * encoder: [sentStandalone] is called if and when the result is sent.
     */
    public fun encodeStandalone(bytes: ByteArray, output: ByteSink): Unit =
        throw UnsupportedOperationException("$this encodes no message alone")

    /**
     * [bytes] were sent in the form that [encodeStandalone] produces, here or in an encoder of the
     * same form.
     */
    public fun sentStandalone(bytes: ByteArray) {}

    /**
     * Frees all resources, in any state. Only further calls of this function may follow. Called at
     * the end of every connection.
     */
    public fun close()
}

/**
 * Restores the messages that one end of a connection receives, one after another: [decode] for each
 * piece that arrives, then [end]. Not thread-safe.
 *
 * A decoder must not buffer restored data on behalf of the peer: it writes everything it can to the
 * output, which throws a [ProtocolException][dev.kobahn.protocol.ProtocolException] if a limit is
 * exceeded. The decoder must pass that on; then only [close] follows.
 */
public interface MessageDecoder {
    /**
     * Restores [length] bytes of [bytes] from [offset] on.
     *
     * @throws dev.kobahn.protocol.ProtocolException if no encoder produces such data
     */
    public fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink)

    /**
     * Completes the message.
     *
     * @throws dev.kobahn.protocol.ProtocolException if the data ends too early
     */
    public fun end(output: ByteSink)

    /** Frees all resources, see [MessageEncoder.close]. */
    public fun close()
}
