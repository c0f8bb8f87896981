package dev.kobahn.protocol.extension

import dev.kobahn.protocol.extension.deflate.AgreedDeflate
import dev.kobahn.protocol.extension.deflate.DeflateCompression
import dev.kobahn.protocol.extension.deflate.DeflateRanges
import dev.kobahn.protocol.extension.deflate.DeflateSettings

/**
 * How a server accepts permessage-deflate (RFC 7692 section 7.1). What the client asks for is
 * granted. Autobahn: `PerMessageDeflateOfferAccept`.
 *
 * @property offer the offer that is accepted
 * @property requestNoContextTakeover whether the client must send without context takeover, which
 * it has to accept
 * @property requestMaxWindowBits the largest window the client may use, 8 to 15, which it has to
 * accept; 0 does not ask. One that will use less by itself is held to that.
 * @property noContextTakeover whether the server sends without context takeover; null is as the
 * client asks, which must not be denied
 * @property windowBits the window the server uses, 8 to what the client asks for; null is that
 * @property memLevel as [PerMessageDeflate.memLevel]; null is 5
 * @property maxMessageSize the longest message in octets after inflating, if that is less than
 * `maxMessagePayloadSize`; null or 0 is no limit of its own
 * @property compressionLevel 0 to 9, or -1 for zlib's default. Not in Autobahn.
 * @property threshold messages of fewer octets are sent as they are. Not in Autobahn.
 * @property maxInflateRatio how many times its size on the wire a message may have that inflates to
 * more than a MiB; 0 is no limit. Not in Autobahn.
 * @property announced whether [noContextTakeover] and [windowBits] stand in the answer even if the
 * client did not ask for them, so that it can save memory. Not in Autobahn.
 * @throws IllegalArgumentException for a value that is out of its range or that the client does not
 * accept, naming it
 */
public class PerMessageDeflateOfferAccept
@JvmOverloads
constructor(
    override val offer: PerMessageDeflateOffer,
    public val requestNoContextTakeover: Boolean = false,
    public val requestMaxWindowBits: Int = 0,
    public val noContextTakeover: Boolean? = null,
    public val windowBits: Int? = null,
    public val memLevel: Int? = null,
    public val maxMessageSize: Long? = null,
    public val compressionLevel: Int = DeflateRanges.COMPRESSION_LEVEL,
    public val threshold: Int = 0,
    public val maxInflateRatio: Int = DeflateRanges.MAX_INFLATE_RATIO,
    public val announced: Boolean = false,
) : PerMessageCompressOfferAccept() {
    private val sendNoContextTakeover = noContextTakeover ?: offer.requestNoContextTakeover
    private val sendWindowBits = windowBits ?: offer.requestMaxWindowBits.or15()

    init {
        require(!requestNoContextTakeover || offer.acceptNoContextTakeover) {
            "requestNoContextTakeover is true, but the client does not accept it"
        }
        DeflateRanges.checkRequest("requestMaxWindowBits", requestMaxWindowBits)
        require(requestMaxWindowBits == 0 || offer.acceptMaxWindowBits) {
            "requestMaxWindowBits is $requestMaxWindowBits, but the client does not accept it"
        }
        require(sendNoContextTakeover || !offer.requestNoContextTakeover) {
            "noContextTakeover is false, but the client asks for it"
        }
        DeflateRanges.checkWindow("windowBits", sendWindowBits, offer.requestMaxWindowBits.or15())
        DeflateRanges.checkOwn(
            memLevel,
            maxMessageSize,
            compressionLevel,
            threshold,
            maxInflateRatio,
        )
    }

    /** This with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageDeflateOfferAccept =
        copy(requestNoContextTakeover = on)

    /** This with another [requestMaxWindowBits]. */
    public fun withRequestMaxWindowBits(bits: Int): PerMessageDeflateOfferAccept =
        copy(requestMaxWindowBits = bits)

    /** This with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageDeflateOfferAccept =
        copy(noContextTakeover = on)

    /** This with another [windowBits]. */
    public fun withWindowBits(bits: Int): PerMessageDeflateOfferAccept = copy(windowBits = bits)

    /** This with another [memLevel]. */
    public fun withMemLevel(level: Int): PerMessageDeflateOfferAccept = copy(memLevel = level)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageDeflateOfferAccept =
        copy(maxMessageSize = octets)

    /** This with another [compressionLevel]. */
    public fun withCompressionLevel(level: Int): PerMessageDeflateOfferAccept =
        copy(compressionLevel = level)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageDeflateOfferAccept = copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageDeflateOfferAccept =
        copy(maxInflateRatio = ratio)

    /** This with another [announced]. */
    public fun withAnnounced(on: Boolean): PerMessageDeflateOfferAccept = copy(announced = on)

    private fun copy(
        requestNoContextTakeover: Boolean = this.requestNoContextTakeover,
        requestMaxWindowBits: Int = this.requestMaxWindowBits,
        noContextTakeover: Boolean? = this.noContextTakeover,
        windowBits: Int? = this.windowBits,
        memLevel: Int? = this.memLevel,
        maxMessageSize: Long? = this.maxMessageSize,
        compressionLevel: Int = this.compressionLevel,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
        announced: Boolean = this.announced,
    ) = PerMessageDeflateOfferAccept(
        offer,
        requestNoContextTakeover,
        requestMaxWindowBits,
        noContextTakeover,
        windowBits,
        memLevel,
        maxMessageSize,
        compressionLevel,
        threshold,
        maxInflateRatio,
        announced,
    )

    override fun toHeader(): ExtensionHeader = compression.header(
        flag(DeflateCompression.SERVER_NO_CONTEXT_TAKEOVER, answersNoContextTakeover()),
        number(DeflateCompression.SERVER_MAX_WINDOW_BITS, answeredWindowBits()),
        flag(DeflateCompression.CLIENT_NO_CONTEXT_TAKEOVER, requestNoContextTakeover),
        number(DeflateCompression.CLIENT_MAX_WINDOW_BITS, requestedWindowBits()),
    )

    private fun answersNoContextTakeover() =
        offer.requestNoContextTakeover || (announced && sendNoContextTakeover)

    private fun answeredWindowBits() =
        if (announced && sendWindowBits < MAX) sendWindowBits else offer.requestMaxWindowBits

    /** More than the client will use by itself would say nothing. */
    private fun requestedWindowBits() = minOf(requestMaxWindowBits, offer.maxWindowBits.or15())

    override fun agree(): AgreedExtension = AgreedDeflate(
        toHeader(),
        DeflateSettings(
            sendWindowBits = sendWindowBits,
            sendNoContextTakeover = sendNoContextTakeover,
            receiveNoContextTakeover = requestNoContextTakeover,
            compressionLevel = compressionLevel,
            memLevel = memLevel ?: DeflateRanges.MEM_LEVEL,
            threshold = threshold,
        ),
        maxMessageSize ?: 0,
        maxInflateRatio,
    )

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "offer" to offer,
        "request_no_context_takeover" to requestNoContextTakeover,
        "request_max_window_bits" to requestMaxWindowBits,
        "no_context_takeover" to noContextTakeover,
        "window_bits" to windowBits,
        "mem_level" to memLevel,
        "max_message_size" to maxMessageSize,
        "compression_level" to compressionLevel,
        "threshold" to threshold,
        "max_inflate_ratio" to maxInflateRatio,
        "announced" to announced,
    )

    private companion object {
        const val MAX = DeflateSettings.MAX_WINDOW_BITS
    }
}

/** Window bits, where 0 stands for those nobody limits. */
internal fun Int.or15(): Int = if (this == 0) DeflateSettings.MAX_WINDOW_BITS else this
