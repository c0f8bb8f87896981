package dev.kobahn.protocol.extension

/** permessage-deflate (RFC 7692 section 7) with the [parameters] that both ends agreed on. */
internal class AgreedDeflate(
    override val header: ExtensionHeader,
    val parameters: DeflateParameters,
) : AgreedExtension {
    override val reservedBits: Int get() = ReservedBits.RSV1

    override val maxMessageSize: Long get() = parameters.maxMessageSize ?: 0

    override val maxExpansion: Int get() = parameters.maxInflateRatio

    override fun encoder(pool: CodecPool): MessageEncoder = DeflateEncoder.of(parameters, pool)

    override fun decoder(pool: CodecPool): MessageDecoder =
        DeflateDecoder(pool, takesOver = !parameters.receiveNoContextTakeover)
}
