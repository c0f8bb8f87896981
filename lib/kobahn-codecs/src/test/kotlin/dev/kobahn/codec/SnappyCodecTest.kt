package dev.kobahn.codec

import dev.kobahn.codec.snappy.SnappyDecoder
import dev.kobahn.codec.snappy.SnappyEncoder
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** The framing format of Snappy. */
class SnappyCodecTest :
    FunSpec({
        test("a message is chunks behind the stream's identifier, which is sent once") {
            val encoder = SnappyEncoder(noContextTakeover = false)
            encoder.encoded("Hello".toByteArray()).toHex() shouldBe "$IDENTIFIER $HELLO"
            encoder.encoded("Hello".toByteArray()).toHex() shouldBe HELLO
        }

        test("without context takeover every message has the identifier") {
            val encoder = SnappyEncoder(noContextTakeover = true)
            repeat(2) {
                encoder.encoded("Hello".toByteArray()).toHex() shouldBe "$IDENTIFIER $HELLO"
            }
        }

        test("a chunk has 64 KiB at most, and is compressed if that makes it shorter") {
            val encoder = SnappyEncoder(noContextTakeover = false)
            val message = ByteArray(65_536) + Random(1).nextBytes(65_536) + byteArrayOf(1)
            val sent = encoder.encoded(message)
            chunkTypes(sent) shouldBe listOf(0xff, 0x00, 0x01, 0x01)
        }

        test("chunks of reserved types that may be skipped are") {
            val sent = hex("$IDENTIFIER 80 03 00 00 01 02 03 fe 00 00 00 $HELLO")
            for (piece in 1..sent.size) {
                SnappyDecoder(false).decoded(sent, piece).decodeToString() shouldBe "Hello"
            }
        }

        test("a stream may be identified again, which without context takeover it must be") {
            val decoder = SnappyDecoder(noContextTakeover = false)
            decoder.decoded(hex("$IDENTIFIER $HELLO")).decodeToString() shouldBe "Hello"
            decoder.decoded(hex(HELLO)).decodeToString() shouldBe "Hello"
            decoder.decoded(hex("$IDENTIFIER $HELLO")).decodeToString() shouldBe "Hello"
            val alone = SnappyDecoder(noContextTakeover = true)
            alone.decoded(hex("$IDENTIFIER $HELLO")).decodeToString() shouldBe "Hello"
            shouldThrow<ProtocolException> { alone.decoded(hex(HELLO)) }
        }

        test("what breaks the format is a violation, however it arrives") {
            for ((rule, bytes) in BROKEN) {
                withClue(rule) {
                    val sent = hex(bytes)
                    for (piece in listOf(1, sent.size)) {
                        shouldThrow<ProtocolException> {
                            SnappyDecoder(false).decoded(sent, piece)
                        }.violation shouldBe Violation.CODED_DATA_INVALID
                    }
                }
            }
        }
    })

private const val IDENTIFIER = "ff 06 00 00 73 4e 61 50 70 59"

/** Not compressed, with the checksum the format asks for. */
private const val HELLO = "01 09 00 00 8a ee b9 be 48 65 6c 6c 6f"

private val BROKEN = mapOf(
    "no identifier" to HELLO,
    "another identifier" to "ff 06 00 00 73 4e 61 50 70 58 $HELLO",
    "an identifier of another length" to "ff 07 00 00 73 4e 61 50 70 59 00 $HELLO",
    "a type that must not be skipped" to "$IDENTIFIER 02 01 00 00 00",
    "a wrong checksum" to "$IDENTIFIER 01 09 00 00 00 00 00 00 48 65 6c 6c 6f",
    "a chunk without room for a checksum" to "$IDENTIFIER 01 03 00 00 00 00 00",
    "a chunk that is longer than any" to "$IDENTIFIER 00 ff ff ff 00 00",
    "compressed data that is none" to "$IDENTIFIER 00 08 00 00 00 00 00 00 ff ff ff ff",
    "compressed data of a GiB" to "$IDENTIFIER 00 0a 00 00 00 00 00 00 80 80 80 80 04 00",
    "a chunk that is cut off" to "$IDENTIFIER 01 09 00 00",
    "a skipped chunk that is cut off" to "$IDENTIFIER 80 ff 00 00 00",
)

private fun chunkTypes(sent: ByteArray): List<Int> {
    val types = ArrayList<Int>()
    var at = 0
    while (at < sent.size) {
        types.add(sent[at].toInt() and 0xff)
        val length = (1..3).sumOf { (sent[at + it].toInt() and 0xff) shl 8 * (it - 1) }
        at += 4 + length
    }
    return types
}
