package dev.kobahn.protocol.extension.deflate

import com.code_intelligence.jazzer.junit.FuzzTest
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import java.io.ByteArrayOutputStream
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/**
 * Decodes octets that may be anything, as a message that arrives in pieces. The first octet of an
 * input chooses context takeover and how many messages it is cut into, the second the size of the
 * pieces; the rest is decoded. What comes out begins with what the JDK's inflater makes of the
 * first DEFLATE stream.
 */
class DeflateDecoderFuzzTest {
    @FuzzTest
    fun message(input: ByteArray) {
        if (input.size < 3) return
        val takesOver = input[0] >= 0
        val pieceSize = 1 + (input[1].toInt() and 0x7F)
        val wire = input.copyOfRange(2, input.size)
        val isEndingEarly = input[0].toInt() and 1 != 0
        val decoder = DeflateDecoder(loopPool(), takesOver)
        val restored = ByteArrayOutputStream()
        val isRead = try {
            decode(decoder, wire, pieceSize, restored)
            if (isEndingEarly) decoder.end { _, _, _ -> error("more came out at the end") }
            true
        } catch (invalid: ProtocolException) {
            check(invalid.violation == Violation.CODED_DATA_INVALID) { "${invalid.violation}" }
            false
        }
        decoder.close()
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
            decoder.decode(wire, from, length) { octets, offset, count ->
                restored.write(octets, offset, count)
            }
        }
    }

    private fun compare(wire: ByteArray, restored: ByteArray, isRead: Boolean) {
        val inflater = Inflater(true)
        val octets = ByteArray(restored.size + 1)
        inflater.setInput(wire)
        var size = 0
        try {
            do {
                val count = inflater.inflate(octets, size, octets.size - size)
                size += count
            } while (count > 0)
        } catch (_: DataFormatException) {
            check(!isRead) { "invalid data was accepted" }
            return
        } finally {
            inflater.end()
        }
        check(size <= restored.size) { "of $size octets only ${restored.size} came out" }
        check(octets.copyOf(size) contentEquals restored.copyOf(size)) { "wrong octets" }
        if (!inflater.finished() && isRead) check(size == restored.size) { "too many octets" }
    }
}
