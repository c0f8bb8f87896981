package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Decoding of data from other encoders (RFC 7692 sections 7.2.2 and 7.2.3). */
class DeflateDecoderTest :
    FunSpec({
        val text = SampleData.TEXT.bytes(1_500, 15, Random(1))

        for (bits in 9..15) {
            test("messages made with any window are read: $bits window bits") {
                val decoder = TestDecoder()
                val peer = FlushingPeer(bits)
                SampleData.entries.forEach { data ->
                    val bytes = data.bytes(100_000, bits, Random(bits))
                    (decoder.decode(peer.encode(bytes)) contentEquals bytes) shouldBe true
                }
            }
        }

        for (sample in samples(text)) {
            test("${sample.name} are read wherever the data is split") {
                val wire = sample.wire
                for (takesOver in listOf(true, false)) {
                    val decoder = TestDecoder(takesOver)
                    for (split in 0..wire.size) {
                        val rest = wire.copyOfRange(split, wire.size)
                        val bytes = decoder.decode(wire.copyOf(split), rest)
                        (bytes contentEquals sample.bytes) shouldBe true
                    }
                }
            }

            test("${sample.name} are read byte by byte") {
                val bytes = sample.wire.inPieces(Random(1), 1).toTypedArray()
                TestDecoder().decode(*bytes) shouldBe sample.bytes
            }
        }

        for (sample in samples(text).filter { it.isOneBlock }) {
            test("${sample.name} that are cut off are a violation") {
                val wire = sample.wire
                val complete = if (sample.wire[0].toInt() == 0) setOf(1) else emptySet()
                var missed = 0
                for (end in 1 until wire.size) {
                    withClue("cut off after $end bytes") {
                        val isRead = TestDecoder(takesOver = false).isRead(wire.copyOf(end))
                        isRead shouldBe (end in complete)
                    }
                    if (end !in complete && TestDecoder().isRead(wire.copyOf(end))) missed++
                }
                // With context takeover the code tables of a block may swallow what tells its end.
                missed shouldBeLessThan 1 + wire.size / 20
            }
        }

        test("everything comes out that can, before more arrives") {
            val decoder = TestDecoder().decoder
            val wire = FlushingPeer().encode(text)
            collected { decoder.decode(wire, 0, wire.size, it) } shouldBe text
            collected { decoder.end(it) }.size shouldBe 0
        }

        test("bytes after a final block in the same message are another stream") {
            val wire = FinishingPeer().encode(text)
            TestDecoder().decode(wire + wire + FlushingPeer().encode(text)) shouldBe
                text + text + text
        }

        test("a message may end with a final block, without the byte 00 that should follow") {
            val decoder = TestDecoder()
            repeat(3) { decoder.decode(FinishingPeer().encode(text)) shouldBe text }
        }

        for (takesOver in listOf(true, false)) {
            test(
                "a message may end with a final block that is empty, context takeover: $takesOver",
            ) {
                val decoder = TestDecoder(takesOver)
                repeat(2) {
                    decoder.decode(hex("01")).size shouldBe 0
                    decoder.decode(hex("00 05 00 fa ff 48 65 6c 6c 6f 01")) shouldBe
                        "Hello".encodeToByteArray()
                    decoder.decode(FlushingPeer().encode(text)) shouldBe text
                }
            }
        }

        test("messages are read behind one with a final block, those of a flushing peer too") {
            val decoder = TestDecoder()
            decoder.decode(FinishingPeer().encode(text) + hex("00")) shouldBe text
            val peer = FlushingPeer()
            repeat(3) { decoder.decode(peer.encode(text)) shouldBe text }
            decoder.decode(FinishingPeer().encode(text) + hex("00")) shouldBe text
        }

        test("a peer that ends its messages with final blocks may refer to those before") {
            val peer = FinishingPeer(takesOver = true)
            val decoder = TestDecoder()
            val random = Random(7).nextBytes(3_000)
            repeat(20) { round ->
                val bytes = text.copyOf(900 + round * 30) + random
                val wire = peer.encode(bytes)
                if (round > 0) wire.size shouldBeLessThan 200
                decoder.decode(wire + hex("00")) shouldBe bytes
            }
        }

        test("a peer that flushed may not refer across its first final block") {
            val decoder = TestDecoder()
            val other = Random(3).nextBytes(500)
            decoder.decode(FlushingPeer().encode(text)) shouldBe text
            decoder.decode(FinishingPeer().encode(text)) shouldBe text
            val peer = FinishingPeer(takesOver = true)
            repeat(2) { decoder.decode(peer.encode(other)) shouldBe other }
            peer.history = text + text + other + other
            violation { decoder.decode(peer.encode(text)) } shouldBe Violation.CODED_DATA_INVALID
        }

        test("without context takeover no message may refer to one before it") {
            val peer = FlushingPeer()
            val decoder = TestDecoder(takesOver = false)
            decoder.decode(peer.encode(text)) shouldBe text
            violation { decoder.decode(peer.encode(text)) } shouldBe Violation.CODED_DATA_INVALID
        }

        test("a compressed message without any byte is an empty one") {
            val decoder = TestDecoder()
            decoder.decode().size shouldBe 0
            decoder.decode(FlushingPeer().encode(text)) shouldBe text
        }

        listOf(
            "a block of a reserved type" to "06",
            "a stored block whose lengths do not match" to "00 01 00 00 00",
            "the end that a message has to go without" to "f2 48 cd c9 c9 07 00 00 00 ff ff",
            "something behind the end" to "f2 48 cd c9 c9 07 00 41 42 43",
            "something behind a final block" to "f3 48 cd c9 c9 07 00 ff ff",
            "a distance to before the beginning" to "02 02 00",
        ).forEach { (what, wire) ->
            test("$what is a violation") {
                for (takesOver in listOf(true, false)) {
                    violation { TestDecoder(takesOver).decode(hex(wire)) } shouldBe
                        Violation.CODED_DATA_INVALID
                }
            }
        }

        for (block in listOf("03 00", "4b 04 00", "01 00 00 ff ff")) {
            test("final blocks that hold next to nothing are a violation: $block") {
                val decoder = TestDecoder()
                decoder.decode(FinishingPeer().encode(text))
                val wire = List(4_096) { hex(block) }.reduce(ByteArray::plus)
                violation { decoder.decode(wire) } shouldBe Violation.CODED_DATA_INVALID
            }

            test("and so they are in many messages: $block") {
                val decoder = TestDecoder()
                val wire = List(16) { hex(block) }.reduce(ByteArray::plus)
                violation { repeat(256) { decoder.decode(wire) } } shouldBe
                    Violation.CODED_DATA_INVALID
            }

            test("one in each message is accepted, in any number of messages: $block") {
                val decoder = TestDecoder()
                repeat(4_096) { decoder.decode(hex(block)).size shouldBeLessThan 2 }
            }
        }

        test("a peer may end each piece of a message with a final block") {
            val decoder = TestDecoder()
            val noise = Random(9).nextBytes(300)
            val wire = List(1_000) { FinishingPeer().encode(noise) }.reduce(ByteArray::plus)
            decoder.decode(wire).size shouldBe 300_000
            repeat(8) { decoder.decode(List(8) { hex("03 00") }.reduce(ByteArray::plus)) }
        }

        test("an exception of the output passes through") {
            val decoder = TestDecoder().decoder
            val wire = FlushingPeer().encode(text)
            val tooBig = ProtocolException(Violation.MESSAGE_TOO_BIG)
            shouldThrow<ProtocolException> {
                decoder.decode(wire, 0, wire.size) { _, _, _ -> throw tooBig }
            } shouldBe tooBig
            decoder.close()
        }
    })

private fun violation(action: () -> Unit): Violation =
    shouldThrow<ProtocolException>(action).violation

private fun TestDecoder.isRead(wire: ByteArray): Boolean = try {
    decode(wire)
    true
} catch (invalid: ProtocolException) {
    check(invalid.violation == Violation.CODED_DATA_INVALID)
    false
}

private class Sample(
    val name: String,
    val bytes: ByteArray,
    val wire: ByteArray,
    val isOneBlock: Boolean = false,
)

/** Messages of all kinds of blocks, none of which refers to another message. */
private fun samples(text: ByteArray): List<Sample> {
    val short = "Hello, hello".encodeToByteArray()
    val samples = listOf(
        Sample("dynamic blocks", text, FlushingPeer().encode(text), true),
        Sample("fixed blocks", short, FlushingPeer().encode(short), true),
        Sample("stored blocks", text, FlushingPeer(level = 0).encode(text), true),
        Sample("final blocks", text, FinishingPeer().encode(text) + hex("00")),
        Sample("several blocks and empty ones", text, severalBlocks(text)),
    )
    check(samples.take(3).map { it.wire[0].toInt() shr 1 and 3 } == listOf(2, 1, 0))
    return samples
}

private fun severalBlocks(text: ByteArray): ByteArray {
    val peer = FlushingPeer()
    // a stored one, four fixed ones, a stored one
    val empty = hex("00 00 00 ff ff 02 08 20 80 00 00 00 00 ff ff")
    val pieces = text.inPieces(Random(4), 400).map { peer.encode(it) + MARKER + empty }
    return pieces.reduce { made, piece -> made + piece } + hex("00")
}
