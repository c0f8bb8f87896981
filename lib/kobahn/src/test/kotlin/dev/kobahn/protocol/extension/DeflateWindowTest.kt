package dev.kobahn.protocol.extension

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/**
 * Sent messages refer no farther back than agreed on (RFC 7692 section 7.1.2.1), so that a peer
 * that keeps no more can read them.
 */
class DeflateWindowTest :
    FunSpec({
        for (bits in 8..15) {
            for (takesOver in listOf(true, false)) {
                val form = "$bits window bits, ${if (takesOver) "with" else "without"} takeover"
                test("a peer with a window of the agreed size reads whole messages: $form") {
                    WindowProof(bits, takesOver).check { listOf(it) }
                }

                test("a peer with a window of the agreed size reads flushed pieces: $form") {
                    val random = Random(bits)
                    WindowProof(bits, takesOver).check { it.inPieces(random, 3 shl bits) }
                }
            }
        }

        for (bits in 8..14) {
            test("the peer of these tests cannot read references too far back: $bits window bits") {
                val bytes = SampleData.FAR.bytes(4 shl bits, bits, Random(bits))
                val wire = TestEncoder().encode(bytes)
                (LimitedInflater(bits, takesOver = true).decode(wire) contentEquals bytes) shouldBe
                    false
                (LimitedInflater(15, takesOver = true).decode(wire) contentEquals bytes) shouldBe
                    true
            }
        }

        for (level in listOf(0, 1, 9)) {
            test("the window is kept at level $level") {
                for (bits in 8..15) {
                    val settings = DeflateParameters(bits, compressionLevel = level, memLevel = 1)
                    WindowProof(bits, takesOver = true, settings, 100_000).check { listOf(it) }
                }
            }
        }
    })

/** Messages of many sizes and kinds, through one encoder to one peer. */
internal class WindowProof(
    private val bits: Int,
    private val takesOver: Boolean,
    settings: DeflateParameters =
        DeflateParameters(bits, sendNoContextTakeover = !takesOver, memLevel = 8),
    private val longest: Int = 1 shl 20,
) {
    private val encoder = TestEncoder(settings)
    private val peer = LimitedInflater(bits, takesOver)
    private val window = 1 shl bits

    fun check(pieces: (ByteArray) -> List<ByteArray>) {
        val random = Random(bits)
        val sizes = listOf(0, 1, window - 1, window, window + 1, 4096, 65_536, longest)
        for (size in sizes) {
            for (data in SampleData.entries) check(data.bytes(size, bits, random), pieces)
        }
    }

    fun check(bytes: ByteArray, pieces: (ByteArray) -> List<ByteArray> = { listOf(it) }) {
        val wire = encoder.encode(*pieces(bytes).toTypedArray())
        withClue("${bytes.size} bytes") {
            (peer.decode(wire) contentEquals bytes) shouldBe true
        }
    }
}

/** Cuts into pieces of at most [longest] bytes. */
internal fun ByteArray.inPieces(random: Random, longest: Int): List<ByteArray> {
    val pieces = ArrayList<ByteArray>()
    var from = 0
    while (from < size) {
        val end = minOf(size, from + random.nextInt(1, longest + 1))
        pieces.add(copyOfRange(from, end))
        from = end
    }
    return pieces
}
