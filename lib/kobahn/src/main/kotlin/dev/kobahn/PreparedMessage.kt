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
    /** The properties of the message on every connection. */
    public val options: SendOptions = SendOptions.DEFAULT,
) {
    /** Creates a text message. */
    public constructor(text: String) : this(Message.Text(text))

    /** Creates a binary message of [bytes], which are not copied. */
    public constructor(bytes: ByteArray) : this(Message.Binary(bytes))

    @get:JvmSynthetic
    internal val forms: PreparedEncodings = PreparedEncodings()
}
