package dev.kobahn.codec

import dev.kobahn.codec.bzip2.Bzip2Decoder
import dev.kobahn.codec.bzip2.Bzip2Encoder
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** A message is one bzip2 stream. */
class Bzip2CodecTest :
    FunSpec({
        test("a message that the bz2 of Python made is restored") {
            decoder().decoded(HELLO).decodeToString() shouldBe "Hello"
        }

        test("a message of known length gets no larger blocks than it needs") {
            level(Bzip2Encoder(9).encoded("Hello".toByteArray())) shouldBe '1'
            level(Bzip2Encoder(9).encoded(ByteArray(500_000))) shouldBe '4'
            level(Bzip2Encoder(2).encoded(ByteArray(500_000))) shouldBe '2'
            level(Bzip2Encoder(7).encoded(ByteArray(500), piece = 100)) shouldBe '7'
        }

        test("blocks come out when they are full, the last one when the message ends") {
            val encoder = Bzip2Encoder(1)
            val sent = Kept()
            encoder.begin(MessageType.BINARY, -1)
            encoder.encode(Random(1).nextBytes(90_000), 0, 90_000, sent)
            encoder.flush(sent)
            sent.size shouldBeLessThan 10
            encoder.encode(Random(2).nextBytes(90_000), 0, 90_000, sent)
            encoder.flush(sent)
            sent.size shouldBeGreaterThan 99_000
            sent.size shouldBeLessThan 105_000
            encoder.end(sent)
            sent.size shouldBeGreaterThan 180_000
        }

        test("bytes after the end of the stream are a violation") {
            for (extra in listOf(1, 40, 9000)) {
                val sent = HELLO + ByteArray(extra)
                shouldThrow<ProtocolException> { decoder().decoded(sent) }
                    .violation shouldBe Violation.CODED_DATA_INVALID
            }
            shouldThrow<ProtocolException> { decoder().decoded(HELLO + HELLO) }
        }

        test("a message is held until it is complete, up to the size it would be at most") {
            val message = Random(1).nextBytes(100_000)
            val sent = Bzip2Encoder(9).encoded(message)
            sent.size shouldBeGreaterThan message.size
            decoder(most = 100_000).decoded(sent) shouldBe message
            decoder().decoded(sent, output = Kept(limit = 100_000)) shouldBe message
            val limited = decoder(most = 50_000)
            shouldThrow<ProtocolException> { limited.decoded(sent, piece = 1000) }
                .violation shouldBe Violation.MESSAGE_TOO_BIG
            val output = Kept(limit = 50_000)
            shouldThrow<ProtocolException> { decoder().decode(sent, 0, 60_000, output) }
                .violation shouldBe Violation.MESSAGE_TOO_BIG
        }

        test("what was held is given back when the message ends, and when the decoder is closed") {
            val pool = SegmentPool(capacity = 1)
            val decoder = Bzip2Decoder(pool, MOST)
            decoder.decoded(HELLO)
            val segment = pool.take()
            pool.recycle(segment)
            decoder.decode(HELLO, 0, HELLO.size, Kept())
            decoder.close()
            (pool.take() === segment) shouldBe true
        }
    })

private const val MOST = 1L shl 24
private const val LEVEL_INDEX = 3

/** `bz2.compress(b"Hello")` */
private val HELLO = hex(
    "42 5a 68 39 31 41 59 26 53 59 1a 54 64 92 00 00 00 05 00 00 40 02 04 a0 00 21 9a 68 33 4d " +
        "13 33 8b b9 22 9c 28 48 0d 2a 32 49 00",
)

private fun decoder(most: Long = MOST) = Bzip2Decoder(SegmentPool.NONE, most)

private fun level(sent: ByteArray) = sent[LEVEL_INDEX].toInt().toChar()
