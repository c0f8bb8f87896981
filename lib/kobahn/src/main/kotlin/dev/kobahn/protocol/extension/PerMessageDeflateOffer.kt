package dev.kobahn.protocol.extension

/**
 * An offer of permessage-deflate (RFC 7692 section 7.1). Autobahn: `PerMessageDeflateOffer`.
 *
 * @property acceptNoContextTakeover whether the client announces that it sends without context
 * takeover, whatever the answer is. A server may ask for it in any case, so this is always true in
 * an offer that was read.
 * @property acceptMaxWindowBits whether the server may limit the client's window
 * @property requestNoContextTakeover whether the client asks the server to send without context
 * takeover
 * @property requestMaxWindowBits the largest window that the server may use, 8 to 15; 0 does not
 * ask
 * @property maxWindowBits the largest window that the client will use whatever the answer is, 8 to
 * 15, as the value of `client_max_window_bits`; 0 announces none. Not in Autobahn.
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class PerMessageDeflateOffer(
    public val acceptNoContextTakeover: Boolean = true,
    public val acceptMaxWindowBits: Boolean = true,
    public val requestNoContextTakeover: Boolean = false,
    public val requestMaxWindowBits: Int = 0,
    public val maxWindowBits: Int = 0,
) : PerMessageCompressOffer(DeflateCompression) {
    init {
        DeflateParameters.checkRequest("requestMaxWindowBits", requestMaxWindowBits)
        DeflateParameters.checkRequest("maxWindowBits", maxWindowBits)
        require(maxWindowBits == 0 || acceptMaxWindowBits) {
            "maxWindowBits is $maxWindowBits, must be 0 without acceptMaxWindowBits"
        }
    }

    /** Returns a copy with another [acceptNoContextTakeover]. */
    public fun withAcceptNoContextTakeover(on: Boolean): PerMessageDeflateOffer =
        copy(acceptNoContextTakeover = on)

    /** Returns a copy with another [acceptMaxWindowBits]. */
    public fun withAcceptMaxWindowBits(on: Boolean): PerMessageDeflateOffer =
        copy(acceptMaxWindowBits = on)

    /** Returns a copy with another [requestNoContextTakeover]. */
    public fun withRequestNoContextTakeover(on: Boolean): PerMessageDeflateOffer =
        copy(requestNoContextTakeover = on)

    /** Returns a copy with another [requestMaxWindowBits]. */
    public fun withRequestMaxWindowBits(bits: Int): PerMessageDeflateOffer =
        copy(requestMaxWindowBits = bits)

    /** Returns a copy with another [maxWindowBits]. */
    public fun withMaxWindowBits(bits: Int): PerMessageDeflateOffer = copy(maxWindowBits = bits)

    private fun copy(
        acceptNoContextTakeover: Boolean = this.acceptNoContextTakeover,
        acceptMaxWindowBits: Boolean = this.acceptMaxWindowBits,
        requestNoContextTakeover: Boolean = this.requestNoContextTakeover,
        requestMaxWindowBits: Int = this.requestMaxWindowBits,
        maxWindowBits: Int = this.maxWindowBits,
    ) = PerMessageDeflateOffer(
        acceptNoContextTakeover,
        acceptMaxWindowBits,
        requestNoContextTakeover,
        requestMaxWindowBits,
        maxWindowBits,
    )

    override fun toHeader(): ExtensionHeader = compression.header(
        flag(DeflateCompression.CLIENT_NO_CONTEXT_TAKEOVER, acceptNoContextTakeover),
        if (maxWindowBits == 0) {
            flag(DeflateCompression.CLIENT_MAX_WINDOW_BITS, acceptMaxWindowBits)
        } else {
            number(DeflateCompression.CLIENT_MAX_WINDOW_BITS, maxWindowBits)
        },
        flag(DeflateCompression.SERVER_NO_CONTEXT_TAKEOVER, requestNoContextTakeover),
        number(DeflateCompression.SERVER_MAX_WINDOW_BITS, requestMaxWindowBits),
    )

    /**
     * A server that accepts an offer must grant everything it asks for (RFC 7692 sections 7.1.1,
     * 7.1.2).
     */
    override fun objection(response: PerMessageCompressResponse): String? {
        response as PerMessageDeflateResponse
        val asksForWindow = requestMaxWindowBits != 0
        return when {
            requestNoContextTakeover && !response.serverNoContextTakeover ->
                "the answer lacks server_no_context_takeover, which was asked for"

            asksForWindow && response.serverMaxWindowBits == 0 ->
                "the answer lacks server_max_window_bits, which was asked for"

            asksForWindow && response.serverMaxWindowBits > requestMaxWindowBits ->
                "server_max_window_bits is larger than was asked for"

            response.clientMaxWindowBits != 0 && !acceptMaxWindowBits ->
                "client_max_window_bits was not offered"

            else -> null
        }
    }

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "accept_no_context_takeover" to acceptNoContextTakeover,
        "accept_max_window_bits" to acceptMaxWindowBits,
        "request_no_context_takeover" to requestNoContextTakeover,
        "request_max_window_bits" to requestMaxWindowBits,
        "max_window_bits" to maxWindowBits,
    )
}
