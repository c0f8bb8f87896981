package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.toHex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import kotlin.random.Random

/** Encoding (RFC 7692 section 7.2.1) by every kind of encoder. */
class DeflateEncoderTest :
    FunSpec({
        val text = SampleData.TEXT.bytes(3_000, 15, Random(1))

        for ((way, settings) in ways) {
            test("a message comes back: $way") {
                val encoder = TestEncoder(settings)
                val decoder = TestDecoder(settings.takesOver)
                for (size in listOf(0, 1, 100, 10_000, 0, 300_000, 5)) {
                    val bytes = SampleData.TEXT.bytes(size, 15, Random(size))
                    (decoder.decode(encoder.encode(bytes)) contentEquals bytes) shouldBe true
                }
            }

            test("flushed bytes can be read at once, and flushing twice adds nothing: $way") {
                val encoder = TestEncoder(settings).encoder
                val decoder = TestDecoder(settings.takesOver)
                repeat(2) {
                    encoder.begin(MessageType.TEXT, -1) shouldBe true
                    collected { encoder.flush(it) }.size shouldBe 0
                    for (piece in text.inPieces(Random(2), 500)) {
                        val wire = collected {
                            encoder.encode(piece, 0, piece.size, it)
                            encoder.flush(it)
                        }
                        collected { encoder.flush(it) }.size shouldBe 0
                        collected { decoder.decoder.decode(wire, 0, wire.size, it) } shouldBe piece
                    }
                    val end = collected { encoder.end(it) }
                    end.toHex() shouldBe "00"
                    decoder.decode(end).size shouldBe 0
                }
            }

            test("a segment filled to its end loses and doubles no bytes: $way") {
                val encoder = TestEncoder(settings)
                val decoder = TestDecoder(settings.takesOver)
                for (size in 8_150..8_200) {
                    val bytes = Random(size).nextBytes(size)
                    (decoder.decode(encoder.encode(bytes)) contentEquals bytes) shouldBe true
                }
            }

            test("a message encoded standalone refers to no earlier one: $way") {
                val encoder = TestEncoder(settings)
                encoder.encode(text)
                val peer = LimitedInflater(settings.windowBits, takesOver = true)
                for (size in listOf(0, 1, 3_000, 100_000)) {
                    val bytes = SampleData.TEXT.bytes(size, 15, Random(1))
                    val decoded = peer.decode(encoder.encodeStandalone(bytes))
                    (decoded contentEquals bytes) shouldBe true
                }
            }

            test("messages encoded standalone may come between others: $way") {
                val encoder = TestEncoder(settings)
                val takesOver = settings.takesOver
                val peer = LimitedInflater(settings.windowBits, takesOver)
                val random = Random(3)
                repeat(60) {
                    val size = if (it % 20 == 0) 50_000 else random.nextInt(700)
                    val bytes = SampleData.TEXT.bytes(size, 15, random)
                    val wire = if (random.nextBoolean()) {
                        encoder.encodeStandalone(bytes)
                            .also { encoder.encoder.sentStandalone(bytes) }
                    } else {
                        encoder.encode(bytes)
                    }
                    withClue("message $it") {
                        (peer.decode(wire) contentEquals bytes) shouldBe true
                    }
                }
            }

            test("after a message encoded standalone the next refers to it, or to none: $way") {
                val bytes = Random(5).nextBytes(200)
                val encoder = TestEncoder(settings)
                val copy = bytes.copyOf()
                encoder.encoder.sentStandalone(bytes)
                val size = encoder.encode(bytes).size
                val isReferring = settings.takesOver && settings.compressionLevel != 0
                (size < 50) shouldBe isReferring
                encoder.encode(text)
                bytes shouldBe copy
            }

            test("a message longer than its announced length comes back: $way") {
                val encoder = TestEncoder(settings).encoder
                val peer = LimitedInflater(settings.windowBits, takesOver = true)
                val wire = collected { output ->
                    encoder.begin(MessageType.BINARY, 700)
                    for (from in text.indices step 350) {
                        val length = minOf(350, text.size - from)
                        encoder.encode(text, from, length, output)
                    }
                    encoder.end(output)
                }
                peer.decode(wire) shouldBe text
            }

            test("a message shorter than the threshold is left as it is: $way") {
                val encoder = DeflateEncoder.of(settings.copy(threshold = 10), loopPool())
                encoder.begin(MessageType.TEXT, 0) shouldBe false
                encoder.begin(MessageType.TEXT, 9) shouldBe false
                encoder.begin(MessageType.TEXT, 10) shouldBe true
                encoder.begin(MessageType.TEXT, -1) shouldBe true
            }

            test("an exception of the output is passed on, and the encoder can be closed: $way") {
                val zlib = CountingZlib()
                val pool = loopPool()
                val encoder = TestEncoder(settings, pool, zlib).encoder
                val bytes = Random(1).nextBytes(100_000)
                shouldThrow<IllegalStateException> {
                    encoder.encode(bytes, 0, bytes.size) { _, _, _ -> error("full") }
                }
                encoder.close()
                pool.close()
                zlib.made shouldBe 1
                zlib.living shouldBe 0
            }
        }

        test("a message no longer than the window loses nothing to it without takeover") {
            for (bits in 8..15) {
                val bytes = text.copyOf(minOf(text.size, 1 shl bits))
                val settings = DeflateParameters(bits, sendNoContextTakeover = true)
                TestEncoder(settings).encode(bytes) shouldBe TestEncoder().encode(bytes)
            }
        }

        test("a message refers to those before it with takeover, however little is kept") {
            for (memLevel in 1..9) {
                val encoder = TestEncoder(DeflateParameters(memLevel = memLevel))
                val bytes = Random(1).nextBytes(400)
                encoder.encode(bytes)
                encoder.encode(bytes).size shouldBeLessThan 30
            }
        }

        test("encoders produce the same standalone bytes exactly if they have the same form") {
            fun form(settings: DeflateParameters) = TestEncoder(settings).encoder.standaloneForm
            val form = form(DeflateParameters(memLevel = 1, threshold = 1))
            form shouldBe form(DeflateParameters(memLevel = 9, sendNoContextTakeover = true))
            form shouldNotBe form(DeflateParameters(sendWindowBits = 14))
            form shouldNotBe form(DeflateParameters(compressionLevel = 1))
        }
    })

private val ways = mapOf(
    "a kept deflater" to DeflateParameters(memLevel = 8),
    "little memory" to DeflateParameters(memLevel = 1),
    "a borrowed deflater" to DeflateParameters(memLevel = 7),
    "no context takeover" to DeflateParameters(sendNoContextTakeover = true),
    "a small window" to DeflateParameters(sendWindowBits = 9),
    "a small window, no takeover" to
        DeflateParameters(sendWindowBits = 10, sendNoContextTakeover = true),
    "a window of two segments, no takeover" to
        DeflateParameters(sendWindowBits = 14, sendNoContextTakeover = true),
    "no compression" to DeflateParameters(compressionLevel = 0),
    "no compression, a small window" to DeflateParameters(sendWindowBits = 8, compressionLevel = 0),
)
