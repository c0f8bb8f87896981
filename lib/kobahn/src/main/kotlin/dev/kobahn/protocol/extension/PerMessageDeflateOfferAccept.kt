package dev.kobahn.protocol.extension

/**
 * A server's decision to accept permessage-deflate (RFC 7692 section 7.1). It grants everything that
 * the client asks for. Autobahn: `PerMessageDeflateOfferAccept`.
 *
 * @property offer the accepted offer
 * @property requestMaxWindowBits the largest window that the client may use, 8 to 15, which the
 * client has to accept; 0 does not ask. A client that offered to use a smaller one is held to that.
 * @property announced whether the answer names [noContextTakeover] and [windowBits] even if the
 * client did not ask for them, so that the client can save memory. Not in Autobahn.
 * @throws IllegalArgumentException for a value that is out of its range or that the client does not
 * accept, naming it
 */
public class PerMessageDeflateOfferAccept internal constructor(
    override val offer: PerMessageDeflateOffer,
    public val requestMaxWindowBits: Int,
    public val announced: Boolean,
    private val parameters: DeflateParameters,
) : PerMessageCompressOfferAccept() {
    /** Grants all that [offer] asks for, and asks for nothing. */
    public constructor(offer: PerMessageDeflateOffer) :
        this(offer, requestNoContextTakeover = false)

    /** Accepts [offer]; each parameter sets the property of its name. */
    public constructor(
        offer: PerMessageDeflateOffer,
        requestNoContextTakeover: Boolean = false,
        requestMaxWindowBits: Int = 0,
        noContextTakeover: Boolean? = null,
        windowBits: Int? = null,
        memLevel: Int? = null,
        maxMessageSize: Long? = null,
        compressionLevel: Int = DeflateParameters.DEFAULT_COMPRESSION_LEVEL,
        threshold: Int = 0,
        maxInflateRatio: Int = DeflateParameters.DEFAULT_MAX_INFLATE_RATIO,
        announced: Boolean = false,
    ) : this(
        offer,
        requestMaxWindowBits,
        announced,
        DeflateParameters(
            windowBits,
            noContextTakeover,
            requestNoContextTakeover,
            compressionLevel,
            memLevel,
            threshold,
            maxInflateRatio,
            maxMessageSize,
        ),
    )

    /** Whether the client must send without context takeover, which the client has to accept. */
    public val requestNoContextTakeover: Boolean get() = parameters.receiveNoContextTakeover

    /**
     * Whether the server sends without context takeover. Null does as the client asks; false is an
     * error if the client asks for it.
     */
    public val noContextTakeover: Boolean? get() = parameters.sendNoContextTakeover

    /**
     * The server's window, at least 8 and at most the one that the client asks for. Null is that
     * one.
     */
    public val windowBits: Int? get() = parameters.sendWindowBits

    /** See [PerMessageDeflateOptions.memLevel]; null is 5. */
    public val memLevel: Int? get() = parameters.memLevel

    /**
     * The longest message in bytes after inflating, if that is less than `maxMessagePayloadSize`;
     * null and 0 set no limit.
     */
    public val maxMessageSize: Long? get() = parameters.maxMessageSize

    /** 0 to 9, or -1 for zlib's default. Not in Autobahn. */
    public val compressionLevel: Int get() = parameters.compressionLevel

    /** Messages of fewer bytes are sent uncompressed. Not in Autobahn. */
    public val threshold: Int get() = parameters.threshold

    /**
     * The factor by which a message may grow if it inflates to more than a MiB; 0 is no limit. Not
     * in Autobahn.
     */
    public val maxInflateRatio: Int get() = parameters.maxInflateRatio

    private val sendNoContextTakeover = noContextTakeover ?: offer.requestNoContextTakeover
    private val sendWindowBits = windowBits ?: offer.requestMaxWindowBits.orMaxWindowBits()

    init {
        require(!requestNoContextTakeover || offer.acceptNoContextTakeover) {
            "requestNoContextTakeover is true, but the client does not accept it"
        }
        DeflateParameters.checkRequest("requestMaxWindowBits", requestMaxWindowBits)
        require(requestMaxWindowBits == 0 || offer.acceptMaxWindowBits) {
            "requestMaxWindowBits is $requestMaxWindowBits, but the client does not accept it"
        }
        require(sendNoContextTakeover || !offer.requestNoContextTakeover) {
            "noContextTakeover is false, but the client asks for it"
        }
        val largestWindow = offer.requestMaxWindowBits.orMaxWindowBits()
        DeflateParameters.checkWindow("windowBits", sendWindowBits, largestWindow)
    }

    /** Returns a copy with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageDeflateOfferAccept =
        with(parameters.copy(receiveNoContextTakeover = on))

    /** Returns a copy with another [requestMaxWindowBits]. */
    public fun withRequestMaxWindowBits(bits: Int): PerMessageDeflateOfferAccept =
        PerMessageDeflateOfferAccept(offer, bits, announced, parameters)

    /** Returns a copy with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageDeflateOfferAccept =
        with(parameters.copy(sendNoContextTakeover = on))

    /** Returns a copy with another [windowBits]. */
    public fun withWindowBits(bits: Int): PerMessageDeflateOfferAccept =
        with(parameters.copy(sendWindowBits = bits))

    /** Returns a copy with another [memLevel]. */
    public fun withMemLevel(level: Int): PerMessageDeflateOfferAccept =
        with(parameters.copy(memLevel = level))

    /** Returns a copy with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageDeflateOfferAccept =
        with(parameters.copy(maxMessageSize = bytes))

    /** Returns a copy with another [compressionLevel]. */
    public fun withCompressionLevel(level: Int): PerMessageDeflateOfferAccept =
        with(parameters.copy(compressionLevel = level))

    /** Returns a copy with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageDeflateOfferAccept =
        with(parameters.copy(threshold = bytes))

    /** Returns a copy with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageDeflateOfferAccept =
        with(parameters.copy(maxInflateRatio = ratio))

    /** Returns a copy with another [announced]. */
    public fun withAnnounced(on: Boolean): PerMessageDeflateOfferAccept =
        PerMessageDeflateOfferAccept(offer, requestMaxWindowBits, on, parameters)

    private fun with(changed: DeflateParameters) =
        PerMessageDeflateOfferAccept(offer, requestMaxWindowBits, announced, changed)

    override fun toHeader(): ExtensionHeader = compression.header(
        flag(DeflateCompression.SERVER_NO_CONTEXT_TAKEOVER, answersNoContextTakeover()),
        number(DeflateCompression.SERVER_MAX_WINDOW_BITS, answeredWindowBits()),
        flag(DeflateCompression.CLIENT_NO_CONTEXT_TAKEOVER, requestNoContextTakeover),
        number(DeflateCompression.CLIENT_MAX_WINDOW_BITS, requestedWindowBits()),
    )

    private fun answersNoContextTakeover() =
        offer.requestNoContextTakeover || (announced && sendNoContextTakeover)

    private fun answeredWindowBits(): Int {
        val isLimited = sendWindowBits < DeflateParameters.MAX_WINDOW_BITS
        return if (announced && isLimited) sendWindowBits else offer.requestMaxWindowBits
    }

    /** A limit above the one that the client offered would have no effect. */
    private fun requestedWindowBits() =
        minOf(requestMaxWindowBits, offer.maxWindowBits.orMaxWindowBits())

    override fun agree(): AgreedExtension =
        AgreedDeflate(toHeader(), parameters.agreed(sendWindowBits, sendNoContextTakeover))

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "offer" to offer,
        "request_no_context_takeover" to requestNoContextTakeover,
        "request_max_window_bits" to requestMaxWindowBits,
        "no_context_takeover" to noContextTakeover,
        "window_bits" to windowBits,
    ) + parameters.fields() + ("announced" to announced)
}
