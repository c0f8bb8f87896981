package dev.kobahn.protocol.extension

/**
 * A client's decision to accept the server's answer about permessage-deflate (RFC 7692 section 7.1).
 * Autobahn: `PerMessageDeflateResponseAccept`.
 *
 * @property response the accepted answer
 * @throws IllegalArgumentException for a value that is out of its range or denies what the server
 * asks for, naming it
 */
public class PerMessageDeflateResponseAccept internal constructor(
    override val response: PerMessageDeflateResponse,
    private val parameters: DeflateParameters,
) : PerMessageCompressResponseAccept() {
    /** Accepts [response] as it is. */
    public constructor(response: PerMessageDeflateResponse) :
        this(response, noContextTakeover = null)

    /** Accepts [response]; each parameter sets the property of its name. */
    public constructor(
        response: PerMessageDeflateResponse,
        noContextTakeover: Boolean? = null,
        windowBits: Int? = null,
        memLevel: Int? = null,
        maxMessageSize: Long? = null,
        compressionLevel: Int = DeflateParameters.DEFAULT_COMPRESSION_LEVEL,
        threshold: Int = 0,
        maxInflateRatio: Int = DeflateParameters.DEFAULT_MAX_INFLATE_RATIO,
    ) : this(
        response,
        DeflateParameters(
            windowBits,
            noContextTakeover,
            response.serverNoContextTakeover,
            compressionLevel,
            memLevel,
            threshold,
            maxInflateRatio,
            maxMessageSize,
        ),
    )

    /**
     * Whether the client sends without context takeover. Null does as the client offered and the
     * server asks; false is an error if the server asks for it.
     */
    public val noContextTakeover: Boolean? get() = parameters.sendNoContextTakeover

    /**
     * The client's window, at least 8 and at most the one that the server asks for. Null is that
     * one. The client never uses a larger one than it offered.
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

    private val allowedWindowBits = response.clientMaxWindowBits.orMaxWindowBits()

    init {
        require(noContextTakeover != false || !response.clientNoContextTakeover) {
            "noContextTakeover is false, but the server asks for it"
        }
        val bits = windowBits ?: allowedWindowBits
        DeflateParameters.checkWindow("windowBits", bits, allowedWindowBits)
    }

    /** Returns a copy with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageDeflateResponseAccept =
        with(parameters.copy(sendNoContextTakeover = on))

    /** Returns a copy with another [windowBits]. */
    public fun withWindowBits(bits: Int): PerMessageDeflateResponseAccept =
        with(parameters.copy(sendWindowBits = bits))

    /** Returns a copy with another [memLevel]. */
    public fun withMemLevel(level: Int): PerMessageDeflateResponseAccept =
        with(parameters.copy(memLevel = level))

    /** Returns a copy with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageDeflateResponseAccept =
        with(parameters.copy(maxMessageSize = bytes))

    /** Returns a copy with another [compressionLevel]. */
    public fun withCompressionLevel(level: Int): PerMessageDeflateResponseAccept =
        with(parameters.copy(compressionLevel = level))

    /** Returns a copy with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageDeflateResponseAccept =
        with(parameters.copy(threshold = bytes))

    /** Returns a copy with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageDeflateResponseAccept =
        with(parameters.copy(maxInflateRatio = ratio))

    private fun with(changed: DeflateParameters) =
        PerMessageDeflateResponseAccept(response, changed)

    /**
     * The client keeps what it offered about its own sending "even if the server doesn't include"
     * it in the answer (RFC 7692 sections 7.1.1.2 and 7.1.2.2). An acceptor may still override
     * `client_no_context_takeover`, which Autobahn's offers always have.
     */
    override fun agree(offer: PerMessageCompressOffer): AgreedExtension {
        offer as PerMessageDeflateOffer
        val agreed = parameters.agreed(
            minOf(windowBits ?: allowedWindowBits, offer.maxWindowBits.orMaxWindowBits()),
            noContextTakeover
                ?: (response.clientNoContextTakeover || offer.acceptNoContextTakeover),
        )
        return AgreedDeflate(response.toHeader(), agreed)
    }

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "response" to response,
        "no_context_takeover" to noContextTakeover,
        "window_bits" to windowBits,
    ) + parameters.fields()
}
