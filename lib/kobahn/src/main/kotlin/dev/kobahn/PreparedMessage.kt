package dev.kobahn

import dev.kobahn.protocol.extension.EncodedForms

/**
 * A message to be sent to many connections: it is brought into the form in which it is sent once for
 * all of them, and its octets are shared: compression is done once for all connections that were
 * agreed on alike, without reference to what else they sent. Threads that send it for the first time at
 * the same moment do not wait for each other: each of them compresses it. A connection that masks what it sends does so while the
 * octets are written, with a key of its own. It is sent under the same rules as any other message.
 * Immutable and thread-safe. Autobahn: `prepareMessage`, `PreparedMessage`.
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
    /** Whether it is sent as it is also where messages are compressed. */
    public val doNotCompress: Boolean = false,
) {
    /** A text message. */
    @JvmOverloads
    public constructor(text: String, doNotCompress: Boolean = false) :
        this(Message.Text(text), doNotCompress)

    /** A binary message of [octets], which are handed over. */
    @JvmOverloads
    public constructor(octets: ByteArray, doNotCompress: Boolean = false) :
        this(Message.Binary(octets), doNotCompress)

    @get:JvmSynthetic
    internal val forms: EncodedForms = EncodedForms()

    override fun toString(): String = message.toString()
}
