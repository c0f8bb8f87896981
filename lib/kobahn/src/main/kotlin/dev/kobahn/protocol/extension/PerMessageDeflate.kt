package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.deflate.DeflateCompression
import dev.kobahn.protocol.extension.deflate.DeflateRanges
import dev.kobahn.protocol.extension.deflate.DeflateSettings

/**
 * permessage-deflate (RFC 7692) with what is wished for, for either role. Immutable. The first four
 * are the parameters of the RFC, negotiated with the peer; the others are this end's own business.
 *
 * A server grants what the client asks for, takes the first offer that can be read, and answers
 * with its wishes; that for [clientMaxWindowBits] is left out if the client cannot keep it. A client
 * asks for all of it and, in case the server declines that, for compression with no wish as to how
 * the server sends; it keeps what concerns itself whatever the answer is.
 *
 * @property serverNoContextTakeover whether messages of the server refer to none before them, which
 * saves memory on both sides and costs compression
 * @property clientNoContextTakeover the same for messages of the client
 * @property serverMaxWindowBits how far back what a server sends may refer: 2 to the power of this
 * many octets. 8 to 15.
 * @property clientMaxWindowBits the same for a client
 * @property compressionLevel 0 to 9, or -1 for zlib's default
 * @property memLevel the memory of the compressor, 1 to 9 as in zlib. A connection keeps 8 KiB with
 * 5, the default, and half or twice as much with one less or more, up to 32 KiB; with 8 and 9 a
 * compressor of its own, 256 KiB outside of the heap. That takes the least time where one connection
 * is busy alone, and the most where many take turns. On the wire it saves 1 to 6 percent, most of
 * short messages.
 * @property threshold messages of fewer octets are sent as they are
 * @property maxInflateRatio how many times its size on the wire a message may have that inflates to
 * more than a MiB; a longer one fails the connection with 1009. 0 is no limit. It counts for each
 * message by itself, not for all together: blank pictures and silence have a ratio of 500, and are no
 * attack. What many such messages cost others is bounded otherwise: after a MiB that was inflated the
 * connection's turn on its event loop is over.
 * @property maxMessageSize the longest message in octets after inflating, if that is less than
 * `maxMessagePayloadSize`; a longer one fails the connection with 1009. 0 is no limit of its own.
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class PerMessageDeflate
@JvmOverloads
constructor(
    public val serverNoContextTakeover: Boolean = false,
    public val clientNoContextTakeover: Boolean = false,
    public val serverMaxWindowBits: Int = DeflateSettings.MAX_WINDOW_BITS,
    public val clientMaxWindowBits: Int = DeflateSettings.MAX_WINDOW_BITS,
    public val compressionLevel: Int = DeflateRanges.COMPRESSION_LEVEL,
    public val memLevel: Int = DeflateRanges.MEM_LEVEL,
    public val threshold: Int = THRESHOLD,
    public val maxInflateRatio: Int = DeflateRanges.MAX_INFLATE_RATIO,
    public val maxMessageSize: Long = 0,
) : ServerExtension,
    ClientExtension {
    init {
        DeflateRanges.checkWindow("serverMaxWindowBits", serverMaxWindowBits)
        DeflateRanges.checkWindow("clientMaxWindowBits", clientMaxWindowBits)
        DeflateRanges.checkOwn(
            memLevel,
            maxMessageSize,
            compressionLevel,
            threshold,
            maxInflateRatio,
        )
    }

    private val server = ServerCompression { accept(it.first() as PerMessageDeflateOffer) }
    private val client = ClientCompression(wishes()) { accept(it as PerMessageDeflateResponse) }

    override val offers: List<ExtensionHeader> get() = client.offers

    override fun accept(offers: List<ExtensionHeader>): AgreedExtension? = server.accept(offers)

    override fun confirm(answer: ExtensionHeader): AgreedExtension? = client.confirm(answer)

    private fun accept(offer: PerMessageDeflateOffer) = PerMessageDeflateOfferAccept(
        offer,
        requestNoContextTakeover = clientNoContextTakeover,
        requestMaxWindowBits = if (offer.acceptMaxWindowBits) limit(clientMaxWindowBits) else 0,
        noContextTakeover = if (serverNoContextTakeover) true else null,
        windowBits = minOf(serverMaxWindowBits, offer.requestMaxWindowBits.or15()),
        memLevel = memLevel,
        maxMessageSize = maxMessageSize,
        compressionLevel = compressionLevel,
        threshold = threshold,
        maxInflateRatio = maxInflateRatio,
        announced = true,
    )

    private fun wishes(): List<PerMessageDeflateOffer> {
        val wish = PerMessageDeflateOffer(
            acceptNoContextTakeover = clientNoContextTakeover,
            requestNoContextTakeover = serverNoContextTakeover,
            requestMaxWindowBits = limit(serverMaxWindowBits),
            maxWindowBits = limit(clientMaxWindowBits),
        )
        val lessWished = wish.withRequestNoContextTakeover(false).withRequestMaxWindowBits(0)
        return listOf(wish, lessWished).distinct()
    }

    private fun accept(response: PerMessageDeflateResponse) = PerMessageDeflateResponseAccept(
        response,
        memLevel = memLevel,
        maxMessageSize = maxMessageSize,
        compressionLevel = compressionLevel,
        threshold = threshold,
        maxInflateRatio = maxInflateRatio,
    )

    /** Window bits, where 0 stands for the most there are, which need no saying. */
    private fun limit(bits: Int) = if (bits == DeflateSettings.MAX_WINDOW_BITS) 0 else bits

    @JvmSynthetic
    internal fun copy(
        serverNoContextTakeover: Boolean = this.serverNoContextTakeover,
        clientNoContextTakeover: Boolean = this.clientNoContextTakeover,
        serverMaxWindowBits: Int = this.serverMaxWindowBits,
        clientMaxWindowBits: Int = this.clientMaxWindowBits,
        compressionLevel: Int = this.compressionLevel,
        memLevel: Int = this.memLevel,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
        maxMessageSize: Long = this.maxMessageSize,
    ): PerMessageDeflate = PerMessageDeflate(
        serverNoContextTakeover,
        clientNoContextTakeover,
        serverMaxWindowBits,
        clientMaxWindowBits,
        compressionLevel,
        memLevel,
        threshold,
        maxInflateRatio,
        maxMessageSize,
    )

    private fun fields() = linkedMapOf(
        DeflateCompression.SERVER_NO_CONTEXT_TAKEOVER to serverNoContextTakeover,
        DeflateCompression.CLIENT_NO_CONTEXT_TAKEOVER to clientNoContextTakeover,
        DeflateCompression.SERVER_MAX_WINDOW_BITS to serverMaxWindowBits,
        DeflateCompression.CLIENT_MAX_WINDOW_BITS to clientMaxWindowBits,
        "compression_level" to compressionLevel,
        "mem_level" to memLevel,
        "threshold" to threshold,
        "max_inflate_ratio" to maxInflateRatio,
        "max_message_size" to maxMessageSize,
    )

    override fun equals(other: Any?): Boolean =
        other is PerMessageDeflate && other.fields() == fields()

    override fun hashCode(): Int = fields().hashCode()

    override fun toString(): String = "${DeflateCompression.extensionName} ${fields()}"

    private companion object {
        /** What deflate saves of less is not worth its time. */
        const val THRESHOLD = 64
    }
}
