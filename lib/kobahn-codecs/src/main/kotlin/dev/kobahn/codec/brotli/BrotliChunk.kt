package dev.kobahn.codec.brotli

import dev.kobahn.protocol.extension.ByteSink
import java.nio.ByteBuffer

/** Moves bytes between arrays and the library's direct buffers in steps of at most [SIZE]. */
internal class BrotliChunk {
    private val chunk = ByteArray(SIZE)

    fun fill(target: ByteBuffer, bytes: ByteArray, offset: Int, length: Int) {
        target.clear()
        target.put(bytes, offset, length)
    }

    fun copy(source: ByteBuffer, output: ByteSink) {
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
