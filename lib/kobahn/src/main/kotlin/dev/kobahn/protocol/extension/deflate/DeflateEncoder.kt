package dev.kobahn.protocol.extension.deflate

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.OctetSink

/** Compresses messages (RFC 7692 section 7.2.1). */
internal abstract class DeflateEncoder(
    protected val deflaters: Deflaters,
    private val windowBits: Int,
    private val threshold: Int,
) : MessageEncoder {
    final override val aloneForm: Any = AloneForm(deflaters.level, windowBits)

    override fun begin(type: MessageType, length: Long): Boolean = length !in 0 until threshold

    final override fun encodeAlone(octets: ByteArray, output: OctetSink) {
        val alone = PrimedEncoder(deflaters, windowBits, takesOver = false)
        try {
            alone.begin(MessageType.BINARY, octets.size.toLong())
            alone.encode(octets, 0, octets.size, output)
            alone.end(output)
        } finally {
            alone.close()
        }
    }

    companion object {
        /** What [settings] need for their messages. */
        fun of(settings: DeflateSettings, pool: CodecPool, zlib: Zlib = Zlib): DeflateEncoder {
            val deflaters = Deflaters(settings.compressionLevel, pool, zlib)
            val takesOver = !settings.sendNoContextTakeover
            val bits = settings.sendWindowBits
            val isWhole = bits == DeflateSettings.MAX_WINDOW_BITS
            return if (takesOver && isWhole && settings.memLevel >= DeflateSettings.KEEPING_LEVEL) {
                KeptEncoder(deflaters, settings.threshold)
            } else {
                val mostKept = settings.mostKept
                PrimedEncoder(deflaters, bits, takesOver, mostKept, settings.threshold)
            }
        }
    }
}

private data class AloneForm(private val level: Int, private val windowBits: Int)
