package dev.kobahn.protocol.extension

/**
 * Compression that a client offers, with an acceptor that decides on the server's answer. Autobahn:
 * `perMessageCompressionOffers` and `perMessageCompressionAccept`.
 *
 * @param compressionOffers the offers, most wanted first; several of one name are fallbacks of each
 * other
 * @param acceptor decides on an answer that fits an offer; null fails the handshake. Its exceptions
 * pass through [confirm].
 */
public class ClientCompression(
    compressionOffers: List<PerMessageCompressOffer>,
    private val acceptor: (PerMessageCompressResponse) -> PerMessageCompressResponseAccept?,
) : ClientExtension {
    /** Accepts every answer that fits an offer, unchanged. */
    public constructor(compressionOffers: List<PerMessageCompressOffer>) :
        this(compressionOffers, { it.acceptAsItIs() })

    private val compressionOffers = compressionOffers.toList()

    override val offers: List<ExtensionHeader> = compressionOffers.map { it.toHeader() }

    /**
     * @throws IllegalStateException if the acceptor accepts another answer than the one it was
     * given
     */
    override fun confirm(answer: ExtensionHeader): AgreedExtension? {
        val asked = compressionOffers.filter { it.compression.isNamedBy(answer) }
        val compression = asked.firstOrNull()?.compression ?: return null
        val params = ExtensionParameters(answer)
        val response = compression.readResponse(params).also { params.end() }
        // Only the parameters tell which offer is answered (RFC 7692 section 5.1).
        val answered = asked.firstOrNull { it.objection(response) == null }
            ?: throw ExtensionException("${answer.name}: ${asked.first().objection(response)}")
        val accepted = acceptor(response)
            ?: throw ExtensionException("${answer.name}: the server's answer was not accepted")
        check(accepted.response == response) { "${accepted.response} was not answered" }
        return accepted.agree(answered)
    }
}
