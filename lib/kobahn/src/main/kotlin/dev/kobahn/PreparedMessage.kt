package dev.kobahn

import dev.kobahn.protocol.PreparedEncodings

/**
 * A message to be sent to many connections. It is encoded once, and the connections share its
 * bytes.
 *
 * It is compressed once for all connections with the same compression settings, without reference
 * to their earlier messages. Threads that send it for the first time at the same moment do not wait
 * for each other: each of them compresses it. A connection that masks its frames does so while it
 * writes, with its own key. The rules for sending are those of any other message. Immutable and
 * thread-safe. Autobahn: `prepareMessage`, `PreparedMessage`.
 *
 * ```
 * val news = PreparedMessage("it begins")
 * for (webSocket in audience) webSocket.send(news)
 * ```
 */
public class PreparedMessage
@JvmOverloads
constructor(
    /** The message itself. */
    public val message: Message,
    /** Whether the message stays uncompressed on connections that compress messages. */
    public val doNotCompress: Boolean = false,
) {
    /** Creates a text message. */
    @JvmOverloads
    public constructor(text: String, doNotCompress: Boolean = false) :
        this(Message.Text(text), doNotCompress)

    /** Creates a binary message of [bytes], which are not copied. */
    @JvmOverloads
    public constructor(bytes: ByteArray, doNotCompress: Boolean = false) :
        this(Message.Binary(bytes), doNotCompress)

    @get:JvmSynthetic
    internal val forms: PreparedEncodings = PreparedEncodings()

    override fun toString(): String = message.toString()
}
