package dev.kobahn.protocol.extension

/** Keeps a deflater, and in it what messages may refer to, from the first one on. */
internal class StatefulDeflateEncoder(deflaters: Deflaters, threshold: Int = 0) :
    DeflateEncoder(deflaters, DeflateParameters.MAX_WINDOW_BITS, threshold) {
    private var deflater: RawDeflater? = null

    /** The message sent last, or its end, where the deflater knows nothing of it. */
    private var alone: ByteArray? = null

    override fun encode(octets: ByteArray, offset: Int, length: Int, output: OctetSink) {
        if (length > 0) current().feed(octets, offset, length, output)
    }

    private fun current(): RawDeflater {
        val current = deflater ?: deflaters.take().also { deflater = it }
        val last = alone ?: return current
        val known = minOf(last.size, DeflateParameters.MAX_WINDOW)
        current.restart()
        current.prime(last, last.size - known, known)
        alone = null
        return current
    }

    override fun flush(output: OctetSink) {
        deflater?.flush(output)
    }

    override fun end(output: OctetSink) {
        deflater?.finish(output) ?: RawDeflater.finishEmpty(output)
    }

    override fun sentStandalone(octets: ByteArray) {
        val most = DeflateParameters.MAX_WINDOW
        val isShared = octets.size / History.MOST_SHARED <= most
        alone = if (isShared) octets else octets.copyOfRange(octets.size - most, octets.size)
    }

    override fun close() {
        deflater?.let { deflaters.give(it) }
        deflater = null
        alone = null
    }
}
