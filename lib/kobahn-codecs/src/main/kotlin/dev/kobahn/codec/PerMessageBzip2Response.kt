package dev.kobahn.codec

import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept

/**
 * What a server answered to an offer of permessage-bzip2. Autobahn: `PerMessageBzip2Response`.
 *
 * @property clientMaxCompressLevel the largest level the client may use, 1 to 9; 0 was not said
 * @property serverMaxCompressLevel the largest level the server uses, 1 to 9; 0 was not said
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class PerMessageBzip2Response(
    public val clientMaxCompressLevel: Int,
    public val serverMaxCompressLevel: Int,
) : PerMessageCompressResponse(Bzip2Compression) {
    init {
        Bzip2Compression.checkRequest("clientMaxCompressLevel", clientMaxCompressLevel)
        Bzip2Compression.checkRequest("serverMaxCompressLevel", serverMaxCompressLevel)
    }

    override fun toHeader(): ExtensionHeader =
        Bzip2Compression.answerHeader(serverMaxCompressLevel, clientMaxCompressLevel)

    override fun acceptAsItIs(): PerMessageBzip2ResponseAccept = PerMessageBzip2ResponseAccept(this)

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "client_max_compress_level" to clientMaxCompressLevel,
        "server_max_compress_level" to serverMaxCompressLevel,
    )
}

/**
 * How a client takes a server's answer about permessage-bzip2. Autobahn:
 * `PerMessageBzip2ResponseAccept`.
 *
 * @property response the answer
 * @property compressLevel the level the client uses, 1 to what the server asks for; null is that
 * @param maxMessageSize the longest message in octets, if that is less than
 * `maxMessagePayloadSize`; null is 16 MiB. There is always a limit, for a message is held until it
 * is complete. Not in Autobahn, as the next two.
 * @param threshold messages of fewer octets are sent as they are
 * @param maxInflateRatio how many times its size on the wire a message may have that has more than
 * a MiB; 0 is no limit
 * @throws IllegalArgumentException for a value that is out of its range or denies what the server
 * asks for, naming it
 */
public class PerMessageBzip2ResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageBzip2Response,
    public val compressLevel: Int? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = OwnLimits.MAX_INFLATE_RATIO,
) : PerMessageCompressResponseAccept() {
    private val limits = OwnLimits(maxMessageSize, threshold, maxInflateRatio)

    init {
        Bzip2Compression.checkOwn(compressLevel, response.clientMaxCompressLevel, limits)
    }

    /** The longest message in octets; null is 16 MiB. */
    public val maxMessageSize: Long? get() = limits.maxMessageSize

    /** Messages of fewer octets are sent as they are. */
    public val threshold: Int get() = limits.threshold

    /** How many times its size on the wire a message may have that has more than a MiB. */
    public val maxInflateRatio: Int get() = limits.maxInflateRatio

    /** This with another [compressLevel]. */
    public fun withCompressLevel(level: Int): PerMessageBzip2ResponseAccept =
        copy(compressLevel = level)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageBzip2ResponseAccept =
        copy(maxMessageSize = octets)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageBzip2ResponseAccept = copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageBzip2ResponseAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        compressLevel: Int? = this.compressLevel,
        maxMessageSize: Long? = this.maxMessageSize,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageBzip2ResponseAccept(
        response,
        compressLevel,
        maxMessageSize,
        threshold,
        maxInflateRatio,
    )

    override fun agree(offer: PerMessageCompressOffer): AgreedExtension =
        AgreedBzip2(response.toHeader(), compressLevel ?: response.clientMaxCompressLevel, limits)

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "response" to response,
        "compress_level" to compressLevel,
    ) + limits.fields
}
