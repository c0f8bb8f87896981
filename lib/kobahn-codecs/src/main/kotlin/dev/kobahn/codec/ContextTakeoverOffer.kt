package dev.kobahn.codec

import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.PerMessageCompressResponse

/**
 * What [PerMessageSnappyOffer] and [PerMessageBrotliOffer] have in common.
 *
 * @property acceptNoContextTakeover whether the server may ask the client to send without context
 * takeover; unlike that of permessage-deflate, an offer that does not say so does not accept it
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
 * What [PerMessageSnappyOfferAccept] and [PerMessageBrotliOfferAccept] have in common.
 *
 * @property requestNoContextTakeover whether the client must send without context takeover, which
 * it has to accept
 * @property noContextTakeover whether the server sends without context takeover; null is as the
 * client asks, which must not be denied. The answer says so even if the client did not ask, which
 * that of Autobahn does not: an end that does not know cannot follow.
 */
public abstract class ContextTakeoverOfferAccept
internal constructor(
    private val kind: ContextTakeoverCompression,
    accepted: ContextTakeoverOffer,
    public val requestNoContextTakeover: Boolean,
    public val noContextTakeover: Boolean?,
    private val limits: OwnLimits,
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

    /** The longest message in octets; 0 is no limit but `maxMessagePayloadSize`. */
    public val maxMessageSize: Long? get() = limits.maxMessageSize

    /** Messages of fewer octets are sent as they are. */
    public val threshold: Int get() = limits.threshold

    /** How many times its size on the wire a message may have that has more than a MiB. */
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
