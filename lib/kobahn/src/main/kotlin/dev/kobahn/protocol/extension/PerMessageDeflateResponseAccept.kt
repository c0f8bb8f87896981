package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.deflate.AgreedDeflate
import dev.kobahn.protocol.extension.deflate.DeflateRanges
import dev.kobahn.protocol.extension.deflate.DeflateSettings

/**
 * How a client takes a server's answer about permessage-deflate (RFC 7692 section 7.1). Autobahn:
 * `PerMessageDeflateResponseAccept`.
 *
 * @property response the answer
 * @property noContextTakeover whether the client sends without context takeover; null is as it
 * offered and the server asks, and what the server asks must not be denied
 * @property windowBits the window the client uses, 8 to what the server asks for; null is that.
 * More than the client offered counts as what it offered.
 * @property memLevel as [PerMessageDeflate.memLevel]; null is 5
 * @property maxMessageSize the longest message in octets after inflating, if that is less than
 * `maxMessagePayloadSize`; null or 0 is no limit of its own
 * @property compressionLevel 0 to 9, or -1 for zlib's default. Not in Autobahn.
 * @property threshold messages of fewer octets are sent as they are. Not in Autobahn.
 * @property maxInflateRatio how many times its size on the wire a message may have that inflates to
 * more than a MiB; 0 is no limit. Not in Autobahn.
 * @throws IllegalArgumentException for a value that is out of its range or denies what the server
 * asks for, naming it
 */
public class PerMessageDeflateResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageDeflateResponse,
    public val noContextTakeover: Boolean? = null,
    public val windowBits: Int? = null,
    public val memLevel: Int? = null,
    public val maxMessageSize: Long? = null,
    public val compressionLevel: Int = DeflateRanges.COMPRESSION_LEVEL,
    public val threshold: Int = 0,
    public val maxInflateRatio: Int = DeflateRanges.MAX_INFLATE_RATIO,
) : PerMessageCompressResponseAccept() {
    private val allowedWindowBits = response.clientMaxWindowBits.or15()

    init {
        require(noContextTakeover != false || !response.clientNoContextTakeover) {
            "noContextTakeover is false, but the server asks for it"
        }
        DeflateRanges.checkWindow("windowBits", windowBits ?: allowedWindowBits, allowedWindowBits)
        DeflateRanges.checkOwn(
            memLevel,
            maxMessageSize,
            compressionLevel,
            threshold,
            maxInflateRatio,
        )
    }

    /** This with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageDeflateResponseAccept =
        copy(noContextTakeover = on)

    /** This with another [windowBits]. */
    public fun withWindowBits(bits: Int): PerMessageDeflateResponseAccept = copy(windowBits = bits)

    /** This with another [memLevel]. */
    public fun withMemLevel(level: Int): PerMessageDeflateResponseAccept = copy(memLevel = level)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageDeflateResponseAccept =
        copy(maxMessageSize = octets)

    /** This with another [compressionLevel]. */
    public fun withCompressionLevel(level: Int): PerMessageDeflateResponseAccept =
        copy(compressionLevel = level)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageDeflateResponseAccept =
        copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageDeflateResponseAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        noContextTakeover: Boolean? = this.noContextTakeover,
        windowBits: Int? = this.windowBits,
        memLevel: Int? = this.memLevel,
        maxMessageSize: Long? = this.maxMessageSize,
        compressionLevel: Int = this.compressionLevel,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageDeflateResponseAccept(
        response,
        noContextTakeover,
        windowBits,
        memLevel,
        maxMessageSize,
        compressionLevel,
        threshold,
        maxInflateRatio,
    )

    /**
     * What the offer says of the client holds without an answer too: "even if the server doesn't
     * include" it (RFC 7692 sections 7.1.1.2 and 7.1.2.2). Only the application takes back the one
     * that Autobahn's offers say without meaning it.
     */
    override fun agree(offer: PerMessageCompressOffer): AgreedExtension {
        offer as PerMessageDeflateOffer
        val settings = DeflateSettings(
            sendWindowBits = minOf(windowBits ?: allowedWindowBits, offer.maxWindowBits.or15()),
            sendNoContextTakeover = noContextTakeover
                ?: (response.clientNoContextTakeover || offer.acceptNoContextTakeover),
            receiveNoContextTakeover = response.serverNoContextTakeover,
            compressionLevel = compressionLevel,
            memLevel = memLevel ?: DeflateRanges.MEM_LEVEL,
            threshold = threshold,
        )
        return AgreedDeflate(response.toHeader(), settings, maxMessageSize ?: 0, maxInflateRatio)
    }

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "response" to response,
        "no_context_takeover" to noContextTakeover,
        "window_bits" to windowBits,
        "mem_level" to memLevel,
        "max_message_size" to maxMessageSize,
        "compression_level" to compressionLevel,
        "threshold" to threshold,
        "max_inflate_ratio" to maxInflateRatio,
    )
}
