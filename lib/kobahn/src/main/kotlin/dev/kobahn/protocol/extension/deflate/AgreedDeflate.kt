package dev.kobahn.protocol.extension.deflate

import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder

/** permessage-deflate (RFC 7692 section 7) as the two ends of one connection agreed on it. */
internal class AgreedDeflate(
    override val header: ExtensionHeader,
    val settings: DeflateSettings,
    override val maxMessageSize: Long = 0,
    override val maxExpansion: Int = 0,
) : AgreedExtension {
    override val reservedBits: Int get() = AgreedExtension.RSV1

    override fun encoder(pool: CodecPool): MessageEncoder = DeflateEncoder.of(settings, pool)

    override fun decoder(pool: CodecPool): MessageDecoder =
        DeflateDecoder(pool, takesOver = !settings.receiveNoContextTakeover)
}
