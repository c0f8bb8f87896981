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
    /** This offer with another [acceptNoContextTakeover]. */
    public fun withAcceptNoContextTakeover(on: Boolean): PerMessageSnappyOffer =
        PerMessageSnappyOffer(on, requestNoContextTakeover)

    /** This offer with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageSnappyOffer =
        PerMessageSnappyOffer(acceptNoContextTakeover, on)
}

/**
 * How a server accepts permessage-snappy. Autobahn: `PerMessageSnappyOfferAccept`.
 *
 * @property offer the offer that is accepted
 * @param requestNoContextTakeover whether the client must send without context takeover, which it
 * has to accept
 * @param noContextTakeover whether the server sends without context takeover; null is as the client
 * asks
 * @param maxMessageSize the longest message in octets, if that is less than
 * `maxMessagePayloadSize`; null or 0 is no limit of its own. Not in Autobahn, as the next two.
 * @param threshold messages of fewer octets are sent as they are
 * @param maxInflateRatio how many times its size on the wire a message may have that has more than
 * a MiB; 0 is no limit
 * @throws IllegalArgumentException for a value that is out of its range or that the client does not
 * accept, naming it
 */
public class PerMessageSnappyOfferAccept
@JvmOverloads
constructor(
    override val offer: PerMessageSnappyOffer,
    requestNoContextTakeover: Boolean = false,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = OwnLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverOfferAccept(
    SnappyCompression,
    offer,
    requestNoContextTakeover,
    noContextTakeover,
    OwnLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** This with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageSnappyOfferAccept =
        copy(requestNoContextTakeover = on)

    /** This with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageSnappyOfferAccept =
        copy(noContextTakeover = on)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageSnappyOfferAccept =
        copy(maxMessageSize = octets)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageSnappyOfferAccept = copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
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
 * What a server answered to an offer of permessage-snappy. Autobahn: `PerMessageSnappyResponse`.
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
 * How a client takes a server's answer about permessage-snappy. Autobahn:
 * `PerMessageSnappyResponseAccept`.
 *
 * @property response the answer
 * @param noContextTakeover whether the client sends without context takeover; null is as the server
 * asks
 * @param maxMessageSize the longest message in octets, if that is less than
 * `maxMessagePayloadSize`; null or 0 is no limit of its own. Not in Autobahn, as the next two.
 * @param threshold messages of fewer octets are sent as they are
 * @param maxInflateRatio how many times its size on the wire a message may have that has more than
 * a MiB; 0 is no limit
 * @throws IllegalArgumentException for a value that is out of its range or denies what the server
 * asks for, naming it
 */
public class PerMessageSnappyResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageSnappyResponse,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = OwnLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverResponseAccept(
    SnappyCompression,
    response,
    noContextTakeover,
    OwnLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** This with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageSnappyResponseAccept =
        copy(noContextTakeover = on)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageSnappyResponseAccept =
        copy(maxMessageSize = octets)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageSnappyResponseAccept = copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
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
