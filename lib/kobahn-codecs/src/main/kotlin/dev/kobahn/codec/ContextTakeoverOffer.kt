package dev.kobahn.codec

import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.PerMessageCompressResponse

/**
 * The common part of [PerMessageSnappyOffer] and [PerMessageBrotliOffer].
 *
 * @property acceptNoContextTakeover whether the server may ask the client to send without context
 * takeover; unlike permessage-deflate, an offer without this parameter does not accept it
 * @property requestNoContextTakeover whether the server is asked to send without context takeover
 */
public abstract class ContextTakeoverOffer
internal constructor(
    private val kind: ContextTakeoverCompression,
    public val acceptNoContextTakeover: Boolean,
    public val requestNoContextTakeover: Boolean,
) : PerMessageCompressOffer(kind.present()) {
    override fun toHeader(): ExtensionHeader =
        kind.offerHeader(acceptNoContextTakeover, requestNoContextTakeover)

    override fun objection(response: PerMessageCompressResponse): String? {
        response as ContextTakeoverResponse
        return when {
            requestNoContextTakeover && !response.serverNoContextTakeover ->
                "the answer lacks server_no_context_takeover, which was asked for"

            response.clientNoContextTakeover && !acceptNoContextTakeover ->
                "client_no_context_takeover was not offered"

            else -> null
        }
    }

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "accept_no_context_takeover" to acceptNoContextTakeover,
        "request_no_context_takeover" to requestNoContextTakeover,
    )
}

/**
 * The common part of [PerMessageSnappyOfferAccept] and [PerMessageBrotliOfferAccept].
 *
 * @property requestNoContextTakeover whether the client must send without context takeover, which
 * its offer has to accept
 * @property noContextTakeover whether the server sends without context takeover; null follows the
 * client's request, which must not be denied. The response has the parameter even if the client did
 * not ask for it, unlike Autobahn's: a client that is not told cannot decode the messages.
 */
public abstract class ContextTakeoverOfferAccept
internal constructor(
    private val kind: ContextTakeoverCompression,
    accepted: ContextTakeoverOffer,
    public val requestNoContextTakeover: Boolean,
    public val noContextTakeover: Boolean?,
    private val limits: CodecLimits,
) : PerMessageCompressOfferAccept() {
    abstract override val offer: ContextTakeoverOffer

    private val sendNoContextTakeover = noContextTakeover ?: accepted.requestNoContextTakeover

    init {
        require(!requestNoContextTakeover || accepted.acceptNoContextTakeover) {
            "requestNoContextTakeover is true, but the client does not accept it"
        }
        require(sendNoContextTakeover || !accepted.requestNoContextTakeover) {
            "noContextTakeover is false, but the client asks for it"
        }
    }

    /** The maximum size of a message in bytes; 0 is no limit besides `maxMessagePayloadSize`. */
    public val maxMessageSize: Long? get() = limits.maxMessageSize

    /**
     * The minimum size of a compressed message in bytes. Smaller messages are sent uncompressed.
     */
    public val threshold: Int get() = limits.threshold

    /** The maximum ratio of a message's size to its compressed size, for messages over 1 MiB. */
    public val maxInflateRatio: Int get() = limits.maxInflateRatio

    override fun toHeader(): ExtensionHeader =
        kind.answerHeader(sendNoContextTakeover, requestNoContextTakeover)

    override fun agree(): AgreedExtension = AgreedContextTakeover(
        toHeader(),
        kind,
        sendNoContextTakeover,
        requestNoContextTakeover,
        limits,
    )

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "offer" to offer,
        "request_no_context_takeover" to requestNoContextTakeover,
        "no_context_takeover" to noContextTakeover,
    ) + limits.fields
}
