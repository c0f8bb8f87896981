package dev.kobahn.protocol.extension

/**
 * Compression as a server's acceptor decides on it. Autobahn: `perMessageCompressionAccept`.
 *
 * @param compressions what is known; offers of anything else are not shown to [acceptor]
 * @param acceptor gets all offers that can be read, in the client's order, if there are any, and
 * accepts one of them; null is no compression. What it throws comes out of [accept].
 */
public class ServerCompression
@JvmOverloads
constructor(
    private val compressions: List<PerMessageCompression> = listOf(PerMessageCompression.deflate),
    private val acceptor: (List<PerMessageCompressOffer>) -> PerMessageCompressOfferAccept?,
) : ServerExtension {
    /** @throws IllegalStateException if the acceptor accepts an offer that it was not given */
    override fun accept(offers: List<ExtensionHeader>): AgreedExtension? {
        val readable = offers.mapNotNull(::read).ifEmpty { return null }
        val accepted = acceptor(readable) ?: return null
        check(accepted.offer in readable) { "${accepted.offer} was not offered" }
        return accepted.agree()
    }

    /** An offer with something wrong is declined, not the handshake (RFC 7692 section 7). */
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
