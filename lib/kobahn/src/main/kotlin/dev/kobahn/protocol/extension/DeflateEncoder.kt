package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType

/** Compresses messages (RFC 7692 section 7.2.1). */
internal abstract class DeflateEncoder(
    protected val deflaters: Deflaters,
    private val windowBits: Int,
    private val threshold: Int,
) : MessageEncoder {
    final override val standaloneForm: Any = StandaloneForm(deflaters.level, windowBits)

    override fun begin(type: MessageType, length: Long): Boolean = length !in 0 until threshold

    final override fun encodeStandalone(bytes: ByteArray, output: ByteSink) {
        val alone = DictionaryDeflateEncoder(deflaters, windowBits, takesOver = false)
        try {
            alone.begin(MessageType.BINARY, bytes.size.toLong())
            alone.encode(bytes, 0, bytes.size, output)
            alone.end(output)
        } finally {
            alone.close()
        }
    }

    companion object {
        /** From this `memLevel` on a connection keeps a deflater. */
        private const val STATEFUL_LEVEL = 8

        /** Makes the encoder that suits [parameters]. */
        fun of(parameters: DeflateParameters, pool: CodecPool, zlib: Zlib = Zlib): DeflateEncoder {
            val deflaters = Deflaters(parameters.compressionLevel, pool, zlib)
            val bits = parameters.windowBits
            val takesOver = parameters.takesOver
            val memLevel = parameters.memLevel ?: DeflateParameters.DEFAULT_MEM_LEVEL
            val isWhole = bits == DeflateParameters.MAX_WINDOW_BITS
            return if (takesOver && isWhole && memLevel >= STATEFUL_LEVEL) {
                StatefulDeflateEncoder(deflaters, parameters.threshold)
            } else {
                val mostKept = 1 shl (memLevel + 8)
                DictionaryDeflateEncoder(deflaters, bits, takesOver, mostKept, parameters.threshold)
            }
        }
    }
}

private data class StandaloneForm(private val level: Int, private val windowBits: Int)
