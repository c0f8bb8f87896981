package dev.kobahn.codec.brotli

import dev.kobahn.protocol.extension.OctetSink
import java.nio.ByteBuffer

/** Moves bytes between arrays and the library's direct buffers in steps of at most [SIZE]. */
internal class BrotliChunk {
    private val chunk = ByteArray(SIZE)

    fun fill(target: ByteBuffer, octets: ByteArray, offset: Int, length: Int) {
        target.clear()
        target.put(octets, offset, length)
    }

    fun copy(source: ByteBuffer, output: OctetSink) {
        while (source.hasRemaining()) {
            val count = minOf(source.remaining(), SIZE)
            source.get(chunk, 0, count)
            output.write(chunk, 0, count)
        }
    }

    companion object {
        const val SIZE = 4096
    }
}
