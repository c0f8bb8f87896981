package dev.kobahn.codec

import dev.kobahn.codec.brotli.BrotliCompression

/**
 * An offer of permessage-brotli. Autobahn: `PerMessageBrotliOffer`.
 *
 * @param acceptNoContextTakeover whether the server may ask the client to send without context
 * takeover
 * @param requestNoContextTakeover whether the server is asked to send without context takeover
 * @throws IllegalStateException if there is no brotli library, see [KobahnCodecs.brotli]
 */
public class PerMessageBrotliOffer
@JvmOverloads
constructor(
    acceptNoContextTakeover: Boolean = true,
    requestNoContextTakeover: Boolean = false,
) : ContextTakeoverOffer(BrotliCompression, acceptNoContextTakeover, requestNoContextTakeover) {
    /** This offer with another [acceptNoContextTakeover]. */
    public fun withAcceptNoContextTakeover(on: Boolean): PerMessageBrotliOffer =
        PerMessageBrotliOffer(on, requestNoContextTakeover)

    /** This offer with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageBrotliOffer =
        PerMessageBrotliOffer(acceptNoContextTakeover, on)
}

/**
 * How a server accepts permessage-brotli. Autobahn: `PerMessageBrotliOfferAccept`. A client that is
 * Autobahn has to be asked to send without context takeover: it finishes the stream after a message
 * and cannot go on with it.
 *
 * @property offer the offer that is accepted
 * @param requestNoContextTakeover whether the client must send without context takeover, which it
 * has to accept
 * @param noContextTakeover whether the server sends without context takeover; null is as the client
 * asks
 * @param maxMessageSize the longest message in octets, if that is less than
 * `maxMessagePayloadSize`; null is 16 MiB, since brotli makes very much of a few octets at once; 0 is
 * no limit of its own. Not in Autobahn, as the next two.
 * @param threshold messages of fewer octets are sent as they are
 * @param maxInflateRatio how many times its size on the wire a message may have that has more than
 * a MiB; 0 is no limit
 * @throws IllegalArgumentException for a value that is out of its range or that the client does not
 * accept, naming it
 */
public class PerMessageBrotliOfferAccept
@JvmOverloads
constructor(
    override val offer: PerMessageBrotliOffer,
    requestNoContextTakeover: Boolean = false,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = OwnLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverOfferAccept(
    BrotliCompression,
    offer,
    requestNoContextTakeover,
    noContextTakeover,
    OwnLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** This with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageBrotliOfferAccept =
        copy(requestNoContextTakeover = on)

    /** This with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageBrotliOfferAccept =
        copy(noContextTakeover = on)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageBrotliOfferAccept =
        copy(maxMessageSize = octets)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageBrotliOfferAccept = copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageBrotliOfferAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        requestNoContextTakeover: Boolean = this.requestNoContextTakeover,
        noContextTakeover: Boolean? = this.noContextTakeover,
        maxMessageSize: Long? = this.maxMessageSize,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageBrotliOfferAccept(
        offer,
        requestNoContextTakeover,
        noContextTakeover,
        maxMessageSize,
        threshold,
        maxInflateRatio,
    )
}

/**
 * What a server answered to an offer of permessage-brotli. Autobahn: `PerMessageBrotliResponse`.
 *
 * @param clientNoContextTakeover whether the client must send without context takeover
 * @param serverNoContextTakeover whether the server sends without context takeover
 */
public class PerMessageBrotliResponse(
    clientNoContextTakeover: Boolean,
    serverNoContextTakeover: Boolean,
) : ContextTakeoverResponse(BrotliCompression, clientNoContextTakeover, serverNoContextTakeover) {
    override fun acceptAsItIs(): PerMessageBrotliResponseAccept =
        PerMessageBrotliResponseAccept(this)
}

/**
 * How a client takes a server's answer about permessage-brotli. Autobahn:
 * `PerMessageBrotliResponseAccept`.
 *
 * @property response the answer
 * @param noContextTakeover whether the client sends without context takeover; null is as the server
 * asks. What the server did not ask for Autobahn cannot follow.
 * @param maxMessageSize the longest message in octets, if that is less than
 * `maxMessagePayloadSize`; null is 16 MiB, since brotli makes very much of a few octets at once; 0 is
 * no limit of its own. Not in Autobahn, as the next two.
 * @param threshold messages of fewer octets are sent as they are
 * @param maxInflateRatio how many times its size on the wire a message may have that has more than
 * a MiB; 0 is no limit
 * @throws IllegalArgumentException for a value that is out of its range or denies what the server
 * asks for, naming it
 */
public class PerMessageBrotliResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageBrotliResponse,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = OwnLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverResponseAccept(
    BrotliCompression,
    response,
    noContextTakeover,
    OwnLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** This with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageBrotliResponseAccept =
        copy(noContextTakeover = on)

    /** This with another [maxMessageSize]. */
    public fun withMaxMessageSize(octets: Long): PerMessageBrotliResponseAccept =
        copy(maxMessageSize = octets)

    /** This with another [threshold]. */
    public fun withThreshold(octets: Int): PerMessageBrotliResponseAccept = copy(threshold = octets)

    /** This with another [maxInflateRatio]. */
    public fun withMaxInflateRatio(ratio: Int): PerMessageBrotliResponseAccept =
        copy(maxInflateRatio = ratio)

    private fun copy(
        noContextTakeover: Boolean? = this.noContextTakeover,
        maxMessageSize: Long? = this.maxMessageSize,
        threshold: Int = this.threshold,
        maxInflateRatio: Int = this.maxInflateRatio,
    ) = PerMessageBrotliResponseAccept(
        response,
        noContextTakeover,
        maxMessageSize,
        threshold,
        maxInflateRatio,
    )
}
