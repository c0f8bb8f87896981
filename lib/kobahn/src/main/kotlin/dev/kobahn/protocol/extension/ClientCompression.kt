package dev.kobahn.protocol.extension

/**
 * Compression as a client offers it and its acceptor decides on the answer. Autobahn:
 * `perMessageCompressionOffers` and `perMessageCompressionAccept`.
 *
 * @param compressionOffers what to offer, most wanted first; several of one name are fallbacks of
 * each other
 * @param acceptor gets the answer if it fits an offer; null fails the handshake. What it throws
 * comes out of [confirm]. By default every answer that fits is taken as it is.
 */
public class ClientCompression
@JvmOverloads
constructor(
    compressionOffers: List<PerMessageCompressOffer>,
    private val acceptor: (PerMessageCompressResponse) -> PerMessageCompressResponseAccept? =
        { it.acceptAsItIs() },
) : ClientExtension {
    private val compressionOffers = compressionOffers.toList()

    override val offers: List<ExtensionHeader> = compressionOffers.map { it.toHeader() }

    /** @throws IllegalStateException if the acceptor takes an answer that it was not given */
    override fun confirm(answer: ExtensionHeader): AgreedExtension? {
        val asked = compressionOffers.filter { it.compression.isNamedBy(answer) }
        val compression = asked.firstOrNull()?.compression ?: return null
        val params = ExtensionParameters(answer)
        val response = compression.readResponse(params).also { params.end() }
        // RFC 7692 section 5.1: which offer is answered only the parameters tell
        val answered = asked.firstOrNull { it.objection(response) == null }
            ?: throw ExtensionException("${answer.name}: ${asked.first().objection(response)}")
        val accepted = acceptor(response)
            ?: throw ExtensionException("${answer.name}: the server's answer was not accepted")
        check(accepted.response == response) { "${accepted.response} was not answered" }
        return accepted.agree(answered)
    }
}
