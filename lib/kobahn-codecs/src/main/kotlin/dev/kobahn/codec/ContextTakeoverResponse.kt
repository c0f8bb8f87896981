package dev.kobahn.codec

import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept

/**
 * The common part of [PerMessageSnappyResponse] and [PerMessageBrotliResponse].
 *
 * @property clientNoContextTakeover whether the client must send without context takeover
 * @property serverNoContextTakeover whether the server sends without context takeover
 */
public abstract class ContextTakeoverResponse
internal constructor(
    private val kind: ContextTakeoverCompression,
    public val clientNoContextTakeover: Boolean,
    public val serverNoContextTakeover: Boolean,
) : PerMessageCompressResponse(kind) {
    override fun toHeader(): ExtensionHeader =
        kind.answerHeader(serverNoContextTakeover, clientNoContextTakeover)

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "client_no_context_takeover" to clientNoContextTakeover,
        "server_no_context_takeover" to serverNoContextTakeover,
    )
}

/**
 * The common part of [PerMessageSnappyResponseAccept] and [PerMessageBrotliResponseAccept].
 *
 * @property noContextTakeover whether the client sends without context takeover; null follows the
 * server's request, which must not be denied
 */
public abstract class ContextTakeoverResponseAccept
internal constructor(
    private val kind: ContextTakeoverCompression,
    answer: ContextTakeoverResponse,
    public val noContextTakeover: Boolean?,
    private val limits: CodecLimits,
) : PerMessageCompressResponseAccept() {
    abstract override val response: ContextTakeoverResponse

    private val sendNoContextTakeover = noContextTakeover ?: answer.clientNoContextTakeover

    init {
        require(sendNoContextTakeover || !answer.clientNoContextTakeover) {
            "noContextTakeover is false, but the server asks for it"
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

    override fun agree(offer: PerMessageCompressOffer): AgreedExtension = AgreedContextTakeover(
        response.toHeader(),
        kind,
        sendNoContextTakeover,
        response.serverNoContextTakeover,
        limits,
    )

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "response" to response,
        "no_context_takeover" to noContextTakeover,
    ) + limits.fields
}
