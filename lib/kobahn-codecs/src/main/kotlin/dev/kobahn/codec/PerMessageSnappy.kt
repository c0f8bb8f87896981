package dev.kobahn.codec

import dev.kobahn.codec.snappy.SnappyCompression

/**
 * An offer of permessage-snappy. Autobahn: `PerMessageSnappyOffer`.
 *
 * @param acceptNoContextTakeover whether the server may ask the client to send without context
 * takeover
 * @param requestNoContextTakeover whether the server is asked to send without context takeover
 * @throws IllegalStateException if there is no snappy library, see [KobahnCodecs.snappy]
 */
public class PerMessageSnappyOffer
@JvmOverloads
constructor(
    acceptNoContextTakeover: Boolean = true,
    requestNoContextTakeover: Boolean = false,
) : ContextTakeoverOffer(SnappyCompression, acceptNoContextTakeover, requestNoContextTakeover) {
    /** Returns this offer with another [acceptNoContextTakeover]. */
    public fun withAcceptNoContextTakeover(on: Boolean): PerMessageSnappyOffer =
        PerMessageSnappyOffer(on, requestNoContextTakeover)

    /** Returns this offer with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageSnappyOffer =
        PerMessageSnappyOffer(acceptNoContextTakeover, on)
}

/**
 * A server's acceptance of permessage-snappy. Autobahn: `PerMessageSnappyOfferAccept`.
 *
 * @property offer the accepted offer
 * @param requestNoContextTakeover whether the client must send without context takeover, which its
 * offer has to accept
 * @param noContextTakeover whether the server sends without context takeover; null follows the
 * client's request
 * @param maxMessageSize the maximum size of a message in bytes, if less than
 * `maxMessagePayloadSize`; null or 0 is no separate limit. Not in Autobahn, like the next two.
 * @param threshold the minimum size of a compressed message in bytes; smaller ones are sent
 * uncompressed
 * @param maxInflateRatio the maximum ratio of a message's size to its compressed size, for messages
 * over 1 MiB; 0 is no limit
 * @throws IllegalArgumentException if a value is out of range or the client does not accept it; the
 * message names the value
 */
public class PerMessageSnappyOfferAccept
@JvmOverloads
constructor(
    override val offer: PerMessageSnappyOffer,
    requestNoContextTakeover: Boolean = false,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = CodecLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverOfferAccept(
    SnappyCompression,
    offer,
    requestNoContextTakeover,
    noContextTakeover,
    CodecLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** Returns this acceptance with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageSnappyOfferAccept =
        copy(requestNoContextTakeover = on)

    /** Returns this acceptance with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageSnappyOfferAccept =
        copy(noContextTakeover = on)

    /** Returns this acceptance with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageSnappyOfferAccept =
        copy(maxMessageSize = bytes)

    /** Returns this acceptance with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageSnappyOfferAccept = copy(threshold = bytes)

    /** Returns this acceptance with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageSnappyOfferAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        requestNoContextTakeover: Boolean = this.requestNoContextTakeover,
        noContextTakeover: Boolean? = this.noContextTakeover,
        maxMessageSize: Long? = this.maxMessageSize,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageSnappyOfferAccept(
        offer,
        requestNoContextTakeover,
        noContextTakeover,
        maxMessageSize,
        threshold,
        maxInflateRatio,
    )
}

/**
 * A server's response to an offer of permessage-snappy. Autobahn: `PerMessageSnappyResponse`.
 *
 * @param clientNoContextTakeover whether the client must send without context takeover
 * @param serverNoContextTakeover whether the server sends without context takeover
 */
public class PerMessageSnappyResponse(
    clientNoContextTakeover: Boolean,
    serverNoContextTakeover: Boolean,
) : ContextTakeoverResponse(SnappyCompression, clientNoContextTakeover, serverNoContextTakeover) {
    override fun acceptAsItIs(): PerMessageSnappyResponseAccept =
        PerMessageSnappyResponseAccept(this)
}

/**
 * A client's acceptance of a server's response about permessage-snappy. Autobahn:
 * `PerMessageSnappyResponseAccept`.
 *
 * @property response the response
 * @param noContextTakeover whether the client sends without context takeover; null follows the
 * server's request
 * @param maxMessageSize the maximum size of a message in bytes, if less than
 * `maxMessagePayloadSize`; null or 0 is no separate limit. Not in Autobahn, like the next two.
 * @param threshold the minimum size of a compressed message in bytes; smaller ones are sent
 * uncompressed
 * @param maxInflateRatio the maximum ratio of a message's size to its compressed size, for messages
 * over 1 MiB; 0 is no limit
 * @throws IllegalArgumentException if a value is out of range or denies a request of the server;
 * the message names the value
 */
public class PerMessageSnappyResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageSnappyResponse,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = CodecLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverResponseAccept(
    SnappyCompression,
    response,
    noContextTakeover,
    CodecLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** Returns this acceptance with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageSnappyResponseAccept =
        copy(noContextTakeover = on)

    /** Returns this acceptance with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageSnappyResponseAccept =
        copy(maxMessageSize = bytes)

    /** Returns this acceptance with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageSnappyResponseAccept = copy(threshold = bytes)

    /** Returns this acceptance with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageSnappyResponseAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        noContextTakeover: Boolean? = this.noContextTakeover,
        maxMessageSize: Long? = this.maxMessageSize,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageSnappyResponseAccept(
        response,
        noContextTakeover,
        maxMessageSize,
        threshold,
        maxInflateRatio,
    )
}
