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
    /** Returns this offer with another [acceptNoContextTakeover]. */
    public fun withAcceptNoContextTakeover(on: Boolean): PerMessageBrotliOffer =
        PerMessageBrotliOffer(on, requestNoContextTakeover)

    /** Returns this offer with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageBrotliOffer =
        PerMessageBrotliOffer(acceptNoContextTakeover, on)
}

/**
 * A server's acceptance of permessage-brotli. Autobahn: `PerMessageBrotliOfferAccept`.
 *
 * If the client is Autobahn, set [requestNoContextTakeover]: it finishes the stream after a message
 * and cannot continue it.
 *
 * @property offer the accepted offer
 * @param requestNoContextTakeover whether the client must send without context takeover, which its
 * offer has to accept
 * @param noContextTakeover whether the server sends without context takeover; null follows the
 * client's request
 * @param maxMessageSize the maximum size of a message in bytes, if less than
 * `maxMessagePayloadSize`; null is 16 MiB, because brotli expands a few bytes to very many at once;
 * 0 is no separate limit. Not in Autobahn, like the next two.
 * @param threshold the minimum size of a compressed message in bytes; smaller ones are sent
 * uncompressed
 * @param maxInflateRatio the maximum ratio of a message's size to its compressed size, for messages
 * over 1 MiB; 0 is no limit
 * @throws IllegalArgumentException if a value is out of range or the client does not accept it; the
 * message names the value
 */
public class PerMessageBrotliOfferAccept
@JvmOverloads
constructor(
    override val offer: PerMessageBrotliOffer,
    requestNoContextTakeover: Boolean = false,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = CodecLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverOfferAccept(
    BrotliCompression,
    offer,
    requestNoContextTakeover,
    noContextTakeover,
    CodecLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** Returns this acceptance with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageBrotliOfferAccept =
        copy(requestNoContextTakeover = on)

    /** Returns this acceptance with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageBrotliOfferAccept =
        copy(noContextTakeover = on)

    /** Returns this acceptance with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageBrotliOfferAccept =
        copy(maxMessageSize = bytes)

    /** Returns this acceptance with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageBrotliOfferAccept = copy(threshold = bytes)

    /** Returns this acceptance with another [maxInflateRatio]. */
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
 * A server's response to an offer of permessage-brotli. Autobahn: `PerMessageBrotliResponse`.
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
 * A client's acceptance of a server's response about permessage-brotli. Autobahn:
 * `PerMessageBrotliResponseAccept`.
 *
 * @property response the response
 * @param noContextTakeover whether the client sends without context takeover; null follows the
 * server's request. Autobahn's server cannot decode such messages unless it asked for them.
 * @param maxMessageSize the maximum size of a message in bytes, if less than
 * `maxMessagePayloadSize`; null is 16 MiB, because brotli expands a few bytes to very many at once;
 * 0 is no separate limit. Not in Autobahn, like the next two.
 * @param threshold the minimum size of a compressed message in bytes; smaller ones are sent
 * uncompressed
 * @param maxInflateRatio the maximum ratio of a message's size to its compressed size, for messages
 * over 1 MiB; 0 is no limit
 * @throws IllegalArgumentException if a value is out of range or denies a request of the server;
 * the message names the value
 */
public class PerMessageBrotliResponseAccept
@JvmOverloads
constructor(
    override val response: PerMessageBrotliResponse,
    noContextTakeover: Boolean? = null,
    maxMessageSize: Long? = null,
    threshold: Int = 0,
    maxInflateRatio: Int = CodecLimits.MAX_INFLATE_RATIO,
) : ContextTakeoverResponseAccept(
    BrotliCompression,
    response,
    noContextTakeover,
    CodecLimits(maxMessageSize, threshold, maxInflateRatio),
) {
    /** Returns this acceptance with another [noContextTakeover]. */
    public fun withNoContextTakeover(on: Boolean): PerMessageBrotliResponseAccept =
        copy(noContextTakeover = on)

    /** Returns this acceptance with another [maxMessageSize]. */
    public fun withMaxMessageSize(bytes: Long): PerMessageBrotliResponseAccept =
        copy(maxMessageSize = bytes)

    /** Returns this acceptance with another [threshold]. */
    public fun withThreshold(bytes: Int): PerMessageBrotliResponseAccept = copy(threshold = bytes)

    /** Returns this acceptance with another [maxInflateRatio]. */
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
