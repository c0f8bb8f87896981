package dev.kobahn.protocol.extension

/**
 * Compression that a server's acceptor decides on. Autobahn: `perMessageCompressionAccept`.
 *
 * @param compressions the known compressions; [acceptor] sees no offers of others
 * @param acceptor gets all readable offers, at least one, in the client's order, and accepts one of
 * them; null is no compression. Its exceptions pass through [accept].
 */
public class ServerCompression(
    private val compressions: List<PerMessageCompression>,
    private val acceptor: (List<PerMessageCompressOffer>) -> PerMessageCompressOfferAccept?,
) : ServerExtension {
    /** Lets [acceptor] see the offers of permessage-deflate only. */
    public constructor(
        acceptor: (List<PerMessageCompressOffer>) -> PerMessageCompressOfferAccept?,
    ) :
        this(listOf(PerMessageCompression.deflate), acceptor)

    /** @throws IllegalStateException if the acceptor accepts an offer that it was not given */
    override fun accept(offers: List<ExtensionHeader>): AgreedExtension? {
        val readable = offers.mapNotNull(::read).ifEmpty { return null }
        val accepted = acceptor(readable) ?: return null
        check(accepted.offer in readable) { "${accepted.offer} was not offered" }
        return accepted.agree()
    }

    /** A malformed offer is declined without failing the handshake (RFC 7692 section 7). */
    private fun read(header: ExtensionHeader): PerMessageCompressOffer? {
        val compression = compressions.firstOrNull { it.isNamedBy(header) } ?: return null
        return try {
            val params = ExtensionParameters(header)
            compression.readOffer(params).also { params.end() }
        } catch (_: ExtensionException) {
            null
        }
    }
}
