package dev.kobahn.protocol.extension

/**
 * A server's answer to an offer of permessage-deflate (RFC 7692 section 7.1). Autobahn:
 * `PerMessageDeflateResponse`.
 *
 * @property clientMaxWindowBits the largest window that the client may use, 8 to 15; 0 if not
 * mentioned
 * @property clientNoContextTakeover whether the client must send without context takeover
 * @property serverMaxWindowBits the largest window that the server uses, 8 to 15; 0 if not
 * mentioned
 * @property serverNoContextTakeover whether the server sends without context takeover
 * @throws IllegalArgumentException for a value out of its range, naming it
 */
public class PerMessageDeflateResponse(
    public val clientMaxWindowBits: Int,
    public val clientNoContextTakeover: Boolean,
    public val serverMaxWindowBits: Int,
    public val serverNoContextTakeover: Boolean,
) : PerMessageCompressResponse(DeflateCompression) {
    init {
        DeflateParameters.checkRequest("clientMaxWindowBits", clientMaxWindowBits)
        DeflateParameters.checkRequest("serverMaxWindowBits", serverMaxWindowBits)
    }

    override fun toHeader(): ExtensionHeader = compression.header(
        flag(DeflateCompression.SERVER_NO_CONTEXT_TAKEOVER, serverNoContextTakeover),
        number(DeflateCompression.SERVER_MAX_WINDOW_BITS, serverMaxWindowBits),
        flag(DeflateCompression.CLIENT_NO_CONTEXT_TAKEOVER, clientNoContextTakeover),
        number(DeflateCompression.CLIENT_MAX_WINDOW_BITS, clientMaxWindowBits),
    )

    override fun acceptAsItIs(): PerMessageCompressResponseAccept =
        PerMessageDeflateResponseAccept(this)

    override fun fields(): Map<String, Any?> = linkedMapOf(
        "client_max_window_bits" to clientMaxWindowBits,
        "client_no_context_takeover" to clientNoContextTakeover,
        "server_max_window_bits" to serverMaxWindowBits,
        "server_no_context_takeover" to serverNoContextTakeover,
    )
}
