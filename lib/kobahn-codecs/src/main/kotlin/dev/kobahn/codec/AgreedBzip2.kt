package dev.kobahn.codec

import dev.kobahn.codec.bzip2.Bzip2Compression
import dev.kobahn.codec.bzip2.Bzip2Decoder
import dev.kobahn.codec.bzip2.Bzip2Encoder
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.ReservedBits

/**
 * The agreed permessage-bzip2, seen from one end. Each message is compressed on its own.
 *
 * @param level the compression level of this end, or 0
 */
internal class AgreedBzip2(
    override val header: ExtensionHeader,
    private val level: Int,
    private val limits: CodecLimits,
) : AgreedExtension {
    override val reservedBits: Int get() = ReservedBits.RSV1
    override val maxMessageSize: Long get() = limits.maxMessageSize ?: CodecLimits.MAX_MESSAGE_SIZE
    override val maxExpansion: Int get() = limits.maxInflateRatio

    override fun encoder(pool: CodecPool): MessageEncoder =
        limits.apply(Bzip2Encoder(if (level == 0) Bzip2Compression.MAX_LEVEL else level))

    override fun decoder(pool: CodecPool): MessageDecoder =
        Bzip2Decoder(pool.segments, maxMessageSize)
}
