package dev.kobahn.codec

import dev.kobahn.codec.brotli.BrotliDecoder
import dev.kobahn.codec.brotli.BrotliEncoder
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Messages are one brotli stream, or one each. */
class BrotliCodecTest :
    FunSpec({
        beforeSpec { KobahnCodecs.brotli }

        test("messages that the brotli of Python flushed are one stream") {
            val decoder = BrotliDecoder(noContextTakeover = false)
            decoder.decoded(hex(FLUSHED)).decodeToString() shouldBe "Hello"
            decoder.decoded(hex(FLUSHED_NEXT)).decodeToString() shouldBe "Hello"
            decoder.close()
        }

        test("a message that the brotli of Python finished is a stream") {
            val decoder = BrotliDecoder(noContextTakeover = true)
            repeat(3) { decoder.decoded(hex(FINISHED)).decodeToString() shouldBe "Hello" }
            decoder.close()
        }

        test("with context takeover a message repeated refers to the first") {
            val encoder = BrotliEncoder(noContextTakeover = false)
            val message = Random(3).nextBytes(10_000)
            encoder.encoded(message)
            encoder.encoded(message).size shouldBeLessThan 100
            encoder.close()
        }

        test("without context takeover messages are encoded alike") {
            val encoder = BrotliEncoder(noContextTakeover = true)
            encoder.encoded(prose(9999)) shouldBe encoder.encoded(prose(9999))
            encoder.close()
        }

        test("after a stream that ended with a message the next message begins another") {
            val decoder = BrotliDecoder(noContextTakeover = false)
            decoder.decoded(hex(FINISHED)).decodeToString() shouldBe "Hello"
            decoder.decoded(hex(FLUSHED)).decodeToString() shouldBe "Hello"
            decoder.decoded(hex(FLUSHED_NEXT)).decodeToString() shouldBe "Hello"
            decoder.close()
        }

        test("bytes after the end of the stream are a violation") {
            for (sent in listOf(FINISHED + "00", FINISHED + FINISHED)) {
                for (piece in listOf(1, 100)) {
                    val decoder = BrotliDecoder(noContextTakeover = true)
                    shouldThrow<ProtocolException> { decoder.decoded(hex(sent), piece) }
                        .violation shouldBe Violation.CODED_DATA_INVALID
                    decoder.close()
                }
            }
        }

        test("without context takeover a message that is only flushed ends too early") {
            val decoder = BrotliDecoder(noContextTakeover = true)
            shouldThrow<ProtocolException> { decoder.decoded(hex(FLUSHED)) }
                .violation shouldBe Violation.CODED_DATA_INVALID
            decoder.close()
        }
    })

/** `c.process(b"Hello") + c.flush()` of a new compressor, and once more. */
private const val FLUSHED = "0b 02 80 48 65 6c 6c 6f"
private const val FLUSHED_NEXT = "20 00 80 5f 02 20 06 89 02 0c"

/** `c.process(b"Hello") + c.finish()` of a new compressor. */
private const val FINISHED = "0b 02 80 48 65 6c 6c 6f 03"
