package dev.kobahn.protocol.extension

import com.code_intelligence.jazzer.junit.FuzzTest
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import java.io.ByteArrayOutputStream
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/**
 * Decodes arbitrary bytes as a message that arrives in pieces. The first byte of an input chooses
 * whether there is context takeover and whether the message ends, the second the size of the
 * pieces; the rest is decoded. The result must begin with the JDK's result for the first DEFLATE
 * stream.
 */
class DeflateDecoderFuzzTest {
    @FuzzTest
    fun message(input: ByteArray) {
        if (input.size < 3) return
        val decoder = DeflateDecoder(loopPool(), takesOver = input[0] >= 0)
        val pieceSize = 1 + (input[1].toInt() and 0x7F)
        val wire = input.copyOfRange(2, input.size)
        val restored = ByteArrayOutputStream()
        val isRead = try {
            decode(decoder, wire, pieceSize, restored)
            if (input[0].toInt() and 1 == 1) decoder.end { _, _, _ -> error("more at the end") }
            true
        } catch (invalid: ProtocolException) {
            check(invalid.violation == Violation.CODED_DATA_INVALID) { "${invalid.violation}" }
            false
        } finally {
            decoder.close()
        }
        check(restored.size() <= MOST_EXPANSION * wire.size) { "too much came out" }
        compare(wire, restored.toByteArray(), isRead)
    }

    private fun decode(
        decoder: DeflateDecoder,
        wire: ByteArray,
        pieceSize: Int,
        restored: ByteArrayOutputStream,
    ) {
        for (from in wire.indices step pieceSize) {
            val length = minOf(pieceSize, wire.size - from)
            decoder.decode(wire, from, length) { bytes, offset, count ->
                restored.write(bytes, offset, count)
            }
        }
    }

    private fun compare(wire: ByteArray, restored: ByteArray, isRead: Boolean) {
        val inflater = Inflater(true)
        val bytes = ByteArray(restored.size + 1)
        var size = 0
        try {
            inflater.setInput(wire)
            do {
                val count = inflater.inflate(bytes, size, bytes.size - size)
                size += count
            } while (count > 0)
            val isAll = if (inflater.finished()) size <= restored.size else size == restored.size
            check(isAll || !isRead) { "of $size bytes ${restored.size} came out" }
        } catch (_: DataFormatException) {
            check(!isRead) { "invalid data was accepted" }
        } finally {
            inflater.end()
        }
        val both = minOf(size, restored.size)
        check(bytes.copyOf(both) contentEquals restored.copyOf(both)) { "wrong bytes" }
    }

    private companion object {
        /** The largest factor of DEFLATE is a little more than 1032. */
        const val MOST_EXPANSION = 1100
    }
}
