package dev.kobahn.protocol.extension

/**
 * Keeps a deflater from the first message on, and in it everything that later messages may refer
 * to.
 */
internal class StatefulDeflateEncoder(deflaters: Deflaters, threshold: Int = 0) :
    DeflateEncoder(deflaters, DeflateParameters.MAX_WINDOW_BITS, threshold) {
    private var deflater: RawDeflater? = null

    /**
     * The last message, or its end, if it was encoded elsewhere and the deflater has not seen it.
     */
    private var alone: ByteArray? = null

    override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
        if (length > 0) current().feed(bytes, offset, length, output)
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

    override fun flush(output: ByteSink) {
        deflater?.flush(output)
    }

    override fun end(output: ByteSink) {
        deflater?.finish(output) ?: RawDeflater.finishEmpty(output)
    }

    override fun sentStandalone(bytes: ByteArray) {
        val most = DeflateParameters.MAX_WINDOW
        val isShared = bytes.size / History.MOST_SHARED <= most
        alone = if (isShared) bytes else bytes.copyOfRange(bytes.size - most, bytes.size)
    }

    override fun close() {
        deflater?.let { deflaters.give(it) }
        deflater = null
        alone = null
    }
}
