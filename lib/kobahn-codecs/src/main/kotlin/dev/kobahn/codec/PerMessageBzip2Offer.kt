package dev.kobahn.codec

import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.PerMessageCompressResponse

/**
 * An offer of permessage-bzip2. Autobahn: `PerMessageBzip2Offer`.
 *
 * @property acceptMaxCompressLevel whether the server may limit the level of the client
 * @property requestMaxCompressLevel the maximum level the server may use, 1 to 9; 0 requests none.
 * A block of level n has n times 100,000 bytes, and the client needs five times as much memory.
 * @throws IllegalArgumentException if a value is out of range; the message names the value
 * @throws IllegalStateException if there is no bzip2 library, see [KobahnCodecs.bzip2]
 */
public class PerMessageBzip2Offer
@JvmOverloads
constructor(
    public val acceptMaxCompressLevel: Boolean = true,
    public val requestMaxCompressLevel: Int = 0,
) : PerMessageCompressOffer(Bzip2Compression.present()) {
    init {
        Bzip2Compression.checkRequest("requestMaxCompressLevel", requestMaxCompressLevel)
    }

    /** Returns this offer with another [acceptMaxCompressLevel]. */
    public fun withAcceptMaxCompressLevel(on: Boolean): PerMessageBzip2Offer =
        PerMessageBzip2Offer(on, requestMaxCompressLevel)

    /** Returns this offer with another [requestMaxCompressLevel]. */
    public fun withRequestMaxCompressLevel(level: Int): PerMessageBzip2Offer =
        PerMessageBzip2Offer(acceptMaxCompressLevel, level)

    override fun toHeader(): ExtensionHeader =
        Bzip2Compression.offerHeader(acceptMaxCompressLevel, requestMaxCompressLevel)

    override fun objection(response: PerMessageCompressResponse): String? {
        response as PerMessageBzip2Response
        val server = response.serverMaxCompressLevel
        return when {
            requestMaxCompressLevel != 0 && server == 0 ->
                "the answer lacks server_max_compress_level, which was asked for"

            requestMaxCompressLevel != 0 && server > requestMaxCompressLevel ->
                "server_max_compress_level is larger than was asked for"

            response.clientMaxCompressLevel != 0 && !acceptMaxCompressLevel ->
                "client_max_compress_level was not offered"

            else -> null
        }
    }

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "accept_max_compress_level" to acceptMaxCompressLevel,
        "request_max_compress_level" to requestMaxCompressLevel,
    )
}

/**
 * A server's acceptance of permessage-bzip2. Autobahn: `PerMessageBzip2OfferAccept`.
 *
 * @property offer the accepted offer
 * @property requestMaxCompressLevel the maximum level the client may use, 1 to 9, which its offer
 * has to accept; 0 requests none
 * @property compressLevel the level the server uses, from 1 to the client's maximum; null is that
 * maximum
 * @param maxMessageSize the maximum size of a message in bytes, if less than
 * `maxMessagePayloadSize`; null is 16 MiB. There is always a limit, because a message is held until
 * it is complete. Not in Autobahn, like the next two.
 * @param threshold the minimum size of a compressed message in bytes; smaller ones are sent
 * uncompressed
 * @param maxInflateRatio the maximum ratio of a message's size to its compressed size, for messages
 * over 1 MiB; 0 is no limit
 * @throws IllegalArgumentException if a value is out of range or the client does not accept it; the
 * message names the value
 */
public class PerMessageBzip2OfferAccept
@JvmOverloads
constructor(
    override val offer: PerMessageBzip2Offer,
    public val requestMaxCompressLevel: Int = 0,
    public val compressLevel: Int? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = CodecLimits.MAX_INFLATE_RATIO,
) : PerMessageCompressOfferAccept() {
    private val limits = CodecLimits(maxMessageSize, threshold, maxInflateRatio)

    init {
        Bzip2Compression.checkRequest("requestMaxCompressLevel", requestMaxCompressLevel)
        require(requestMaxCompressLevel == 0 || offer.acceptMaxCompressLevel) {
            "requestMaxCompressLevel is $requestMaxCompressLevel, but the client does not accept it"
        }
        Bzip2Compression.checkOwn(compressLevel, offer.requestMaxCompressLevel, limits)
    }

    /** The maximum size of a message in bytes; null is 16 MiB. */
    public val maxMessageSize: Long? get() = limits.maxMessageSize

    /**
     * The minimum size of a compressed message in bytes. Smaller messages are sent uncompressed.
     */
    public val threshold: Int get() = limits.threshold

    /** The maximum ratio of a message's size to its compressed size, for messages over 1 MiB. */
    public val maxInflateRatio: Int get() = limits.maxInflateRatio

    /** Returns this acceptance with another [requestMaxCompressLevel]. */
    public fun withRequestMaxCompressLevel(level: Int): PerMessageBzip2OfferAccept =
        copy(requestMaxCompressLevel = level)

    /** Returns this acceptance with another [compressLevel]. */
    public fun withCompressLevel(level: Int): PerMessageBzip2OfferAccept =
        copy(compressLevel = level)

    /** Returns this acceptance with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageBzip2OfferAccept =
        copy(maxMessageSize = bytes)

    /** Returns this acceptance with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageBzip2OfferAccept = copy(threshold = bytes)

    /** Returns this acceptance with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageBzip2OfferAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        requestMaxCompressLevel: Int = this.requestMaxCompressLevel,
        compressLevel: Int? = this.compressLevel,
        maxMessageSize: Long? = this.maxMessageSize,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageBzip2OfferAccept(
        offer,
        requestMaxCompressLevel,
        compressLevel,
        maxMessageSize,
        threshold,
        maxInflateRatio,
    )

    override fun toHeader(): ExtensionHeader =
        Bzip2Compression.answerHeader(offer.requestMaxCompressLevel, requestMaxCompressLevel)

    override fun agree(): AgreedExtension =
        AgreedBzip2(toHeader(), compressLevel ?: offer.requestMaxCompressLevel, limits)

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "offer" to offer,
        "request_max_compress_level" to requestMaxCompressLevel,
        "compress_level" to compressLevel,
    ) + limits.fields
}
