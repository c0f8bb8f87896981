package dev.kobahn.codec

import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept

/**
 * A server's response to an offer of permessage-bzip2. Autobahn: `PerMessageBzip2Response`.
 *
 * @property clientMaxCompressLevel the maximum level the client may use, 1 to 9; 0 is unspecified
 * @property serverMaxCompressLevel the maximum level the server uses, 1 to 9; 0 is unspecified
 * @throws IllegalArgumentException if a value is out of range; the message names the value
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
 * A client's acceptance of a server's response about permessage-bzip2. Autobahn:
 * `PerMessageBzip2ResponseAccept`.
 *
 * @property response the response
 * @property compressLevel the level the client uses, from 1 to the server's maximum; null is that
 * maximum
 * @param maxMessageSize the maximum size of a message in bytes, if less than
 * `maxMessagePayloadSize`; null is 16 MiB. There is always a limit, because a message is held until
 * it is complete. Not in Autobahn, like the next two.
 * @param threshold the minimum size of a compressed message in bytes; smaller ones are sent
 * uncompressed
 * @param maxInflateRatio the maximum ratio of a message's size to its compressed size, for messages
 * over 1 MiB; 0 is no limit
 * @throws IllegalArgumentException if a value is out of range or denies a request of the server;
 * the message names the value
 */
public class PerMessageBzip2ResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageBzip2Response,
    public val compressLevel: Int? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = CodecLimits.MAX_INFLATE_RATIO,
) : PerMessageCompressResponseAccept() {
    private val limits = CodecLimits(maxMessageSize, threshold, maxInflateRatio)

    init {
        Bzip2Compression.checkOwn(compressLevel, response.clientMaxCompressLevel, limits)
    }

    /** The maximum size of a message in bytes; null is 16 MiB. */
    public val maxMessageSize: Long? get() = limits.maxMessageSize

    /**
     * The minimum size of a compressed message in bytes. Smaller messages are sent uncompressed.
     */
    public val threshold: Int get() = limits.threshold

    /** The maximum ratio of a message's size to its compressed size, for messages over 1 MiB. */
    public val maxInflateRatio: Int get() = limits.maxInflateRatio

    /** Returns this acceptance with another [compressLevel]. */
    public fun withCompressLevel(level: Int): PerMessageBzip2ResponseAccept =
        copy(compressLevel = level)

    /** Returns this acceptance with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageBzip2ResponseAccept =
        copy(maxMessageSize = bytes)

    /** Returns this acceptance with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageBzip2ResponseAccept = copy(threshold = bytes)

    /** Returns this acceptance with another [maxInflateRatio]. */
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
