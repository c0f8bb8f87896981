package dev.kobahn.protocol.extension

/** The parameters of permessage-deflate (RFC 7692 section 7.1) in offers and answers. */
internal object DeflateCompression : PerMessageCompression("permessage-deflate") {
    const val CLIENT_NO_CONTEXT_TAKEOVER = "client_no_context_takeover"
    const val CLIENT_MAX_WINDOW_BITS = "client_max_window_bits"
    const val SERVER_NO_CONTEXT_TAKEOVER = "server_no_context_takeover"
    const val SERVER_MAX_WINDOW_BITS = "server_max_window_bits"

    override fun readOffer(params: ExtensionParameters): PerMessageDeflateOffer {
        val maxWindowBits =
            params.optionalNumber(CLIENT_MAX_WINDOW_BITS, DeflateParameters.WINDOW_BITS)
        // A server may ask for it, whether it was offered or not (RFC 7692 section 7.1.1.2).
        params.flag(CLIENT_NO_CONTEXT_TAKEOVER)
        return PerMessageDeflateOffer(
            acceptNoContextTakeover = true,
            acceptMaxWindowBits = maxWindowBits != null,
            requestNoContextTakeover = params.flag(SERVER_NO_CONTEXT_TAKEOVER),
            requestMaxWindowBits =
            params.number(SERVER_MAX_WINDOW_BITS, DeflateParameters.WINDOW_BITS),
            maxWindowBits = maxWindowBits ?: 0,
        )
    }

    override fun readResponse(params: ExtensionParameters): PerMessageDeflateResponse =
        PerMessageDeflateResponse(
            clientMaxWindowBits = params.number(
                CLIENT_MAX_WINDOW_BITS,
                DeflateParameters.WINDOW_BITS,
            ),
            clientNoContextTakeover = params.flag(CLIENT_NO_CONTEXT_TAKEOVER),
            serverMaxWindowBits = params.number(
                SERVER_MAX_WINDOW_BITS,
                DeflateParameters.WINDOW_BITS,
            ),
            serverNoContextTakeover = params.flag(SERVER_NO_CONTEXT_TAKEOVER),
        )
}
