package dev.kobahn.protocol.extension

/**
 * permessage-deflate (RFC 7692) as one end of a connection wants it, for either role. Immutable. The
 * first four properties are the parameters of the RFC, which are negotiated with the peer; each end
 * chooses the others for itself.
 *
 * A server grants what the client asks for, accepts the first readable offer and adds its own wishes
 * to the answer; it leaves out [clientMaxWindowBits] if the client does not accept a limit. A client
 * asks for everything and offers, as a fallback, compression without wishes about the server's
 * sending. Whatever the answer is, the client keeps to its own wishes about its own sending.
 *
 * @property serverNoContextTakeover whether no message of the server refers to an earlier one, which
 * saves memory at both ends and costs compression
 * @property clientNoContextTakeover the same for messages of the client
 * @property serverMaxWindowBits the window of the server, 8 to 15: its messages refer back to at most
 * 2 to the power of this many bytes
 * @property clientMaxWindowBits the same for a client
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class PerMessageDeflate
@JvmOverloads
constructor(
    public val serverNoContextTakeover: Boolean = false,
    public val clientNoContextTakeover: Boolean = false,
    public val serverMaxWindowBits: Int = DeflateParameters.MAX_WINDOW_BITS,
    public val clientMaxWindowBits: Int = DeflateParameters.MAX_WINDOW_BITS,
    compressionLevel: Int = DeflateParameters.DEFAULT_COMPRESSION_LEVEL,
    memLevel: Int = DeflateParameters.DEFAULT_MEM_LEVEL,
    threshold: Int = THRESHOLD,
    maxInflateRatio: Int = DeflateParameters.DEFAULT_MAX_INFLATE_RATIO,
    maxMessageSize: Long = 0,
) : ServerExtension,
    ClientExtension {
    @get:JvmSynthetic
    internal val parameters: DeflateParameters = DeflateParameters(
        compressionLevel = compressionLevel,
        memLevel = memLevel,
        threshold = threshold,
        maxInflateRatio = maxInflateRatio,
        maxMessageSize = maxMessageSize,
    )

    init {
        DeflateParameters.checkWindow("serverMaxWindowBits", serverMaxWindowBits)
        DeflateParameters.checkWindow("clientMaxWindowBits", clientMaxWindowBits)
    }

    /** 0 to 9, or -1 for zlib's default. */
    public val compressionLevel: Int get() = parameters.compressionLevel

    /**
     * The memory of the compressor, 1 to 9 as in zlib. A connection keeps 8 KiB with 5, the default,
     * and half or twice as much with one less or more, up to 32 KiB. With 8 and 9 it keeps a
     * compressor of its own, 256 KiB outside of the heap: the fastest choice where one connection is
     * busy alone, and the slowest where many take turns. More memory makes messages 1 to 6 percent
     * smaller, short ones most.
     */
    public val memLevel: Int get() = parameters.memLevel!!

    /** Messages of fewer bytes are sent uncompressed. */
    public val threshold: Int get() = parameters.threshold

    /**
     * The factor by which a message may grow if it inflates to more than a MiB; a longer one fails
     * the connection with 1009. 0 is no limit. The factor holds for each message alone, not for all
     * together: blank pictures and silence grow by a factor of 500 and are no attack. Many such
     * messages cannot starve other connections, because a connection's turn on its event loop ends
     * after a MiB of inflated bytes.
     */
    public val maxInflateRatio: Int get() = parameters.maxInflateRatio

    /**
     * The longest message in bytes after inflating, if that is less than `maxMessagePayloadSize`; a
     * longer one fails the connection with 1009. 0 sets no limit.
     */
    public val maxMessageSize: Long get() = parameters.maxMessageSize!!

    private val server = ServerCompression { accept(it.first() as PerMessageDeflateOffer) }
    private val client = ClientCompression(wishes()) { accept(it as PerMessageDeflateResponse) }

    override val offers: List<ExtensionHeader> get() = client.offers

    override fun accept(offers: List<ExtensionHeader>): AgreedExtension? = server.accept(offers)

    override fun confirm(answer: ExtensionHeader): AgreedExtension? = client.confirm(answer)

    private fun accept(offer: PerMessageDeflateOffer) = PerMessageDeflateOfferAccept(
        offer,
        requestMaxWindowBits = if (offer.acceptMaxWindowBits) limit(clientMaxWindowBits) else 0,
        announced = true,
        parameters.copy(
            sendWindowBits =
            minOf(serverMaxWindowBits, offer.requestMaxWindowBits.orMaxWindowBits()),
            sendNoContextTakeover = if (serverNoContextTakeover) true else null,
            receiveNoContextTakeover = clientNoContextTakeover,
        ),
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

    private fun accept(response: PerMessageDeflateResponse): PerMessageDeflateResponseAccept {
        val peer = response.serverNoContextTakeover
        val own = parameters.copy(receiveNoContextTakeover = peer)
        return PerMessageDeflateResponseAccept(response, own)
    }

    /** Window bits for an offer or an answer, where 0 stands for the default of 15. */
    private fun limit(bits: Int) = if (bits == DeflateParameters.MAX_WINDOW_BITS) 0 else bits

    @JvmSynthetic
    internal fun copy(
        serverNoContextTakeover: Boolean = this.serverNoContextTakeover,
        clientNoContextTakeover: Boolean = this.clientNoContextTakeover,
        serverMaxWindowBits: Int = this.serverMaxWindowBits,
        clientMaxWindowBits: Int = this.clientMaxWindowBits,
        parameters: DeflateParameters = this.parameters,
    ): PerMessageDeflate = PerMessageDeflate(
        serverNoContextTakeover,
        clientNoContextTakeover,
        serverMaxWindowBits,
        clientMaxWindowBits,
        parameters.compressionLevel,
        parameters.memLevel!!,
        parameters.threshold,
        parameters.maxInflateRatio,
        parameters.maxMessageSize!!,
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
        /** Deflate saves too little of shorter messages to be worth its time. */
        const val THRESHOLD = 64
    }
}
