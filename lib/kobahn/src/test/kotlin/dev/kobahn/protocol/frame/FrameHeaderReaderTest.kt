package dev.kobahn.protocol.frame

import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.choice
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.orNull
import io.kotest.property.checkAll
import java.nio.ByteBuffer

/** RFC 6455 section 5.2. */
class FrameHeaderReaderTest :
    FunSpec({
        test("a header gives FIN, reserved bits, opcode, mask and length") {
            read("81 05") shouldBe Header(true, 0, 1, null, 5, null)
            read("02 7e 01 00") shouldBe Header(false, 0, 2, null, 256, null)
            read("f9 ff 00 00 00 00 00 01 00 00 37 fa 21 3d") shouldBe
                Header(true, 7, 9, 0x37FA213D, 65536, null)
            read("40 80 ff fe fd fc") shouldBe Header(false, 4, 0, 0xFFFEFDFC.toInt(), 0, null)
            read("20 80 00 00 00 00").rsv shouldBe 2
            read("10 80 00 00 00 00").rsv shouldBe 1
        }

        test("a length in a form that is not the shortest is a violation") {
            read("82 7e 00 7d").violation shouldBe Violation.LENGTH_NOT_MINIMAL
            read("82 7e 00 7e").violation shouldBe null
            read("82 7f 00 00 00 00 00 00 ff ff").violation shouldBe Violation.LENGTH_NOT_MINIMAL
            read("82 7f 00 00 00 00 00 01 00 00").violation shouldBe null
        }

        test("a length with its top bit set is a violation") {
            read("82 7f 7f ff ff ff ff ff ff ff") shouldBe
                Header(true, 0, 2, null, Long.MAX_VALUE, null)
            read("82 7f 80 00 00 00 00 00 00 00") shouldBe
                Header(true, 0, 2, null, Long.MIN_VALUE, Violation.LENGTH_NEGATIVE)
        }

        test("any header is read alike in one piece and cut anywhere, one reader after the other") {
            val reader = FrameHeaderReader()
            val lengths = Arb.choice(
                Arb.long(0L..200L),
                Arb.long(65000L..66000L),
                Arb.long(0L..Long.MAX_VALUE),
            )
            val frames = Arb.bind(Arb.int(0..255), lengths, Arb.int().orNull()) {
                    first,
                    length,
                    key,
                ->
                Header(first and 0x80 != 0, first shr 4 and 7, first and 0xF, key, length, null) to
                    WireFrame(first, key = key, declared = length).encode()
            }
            checkAll(10_000, frames) { (header, bytes) ->
                for (cut in bytes.indices) {
                    reader.read(ByteBuffer.wrap(bytes, 0, cut)) shouldBe false
                    val rest = ByteBuffer.wrap(bytes + ByteArray(20)).position(cut) as ByteBuffer
                    reader.read(rest) shouldBe true
                    rest.position() shouldBe bytes.size
                    Header(reader) shouldBe header
                }
            }
        }
    })

private data class Header(
    val fin: Boolean,
    val rsv: Int,
    val opcode: Int,
    val key: Int?,
    val length: Long,
    val violation: Violation?,
) {
    constructor(reader: FrameHeaderReader) : this(
        reader.fin,
        reader.rsv,
        reader.opcode,
        if (reader.masked) reader.maskingKey else null,
        reader.length,
        reader.lengthViolation,
    )
}

/** Reads [bytes] whole and byte by byte, and checks that both results are the same. */
private fun read(bytes: String): Header {
    val whole = FrameHeaderReader()
    val buffer = ByteBuffer.wrap(hex(bytes) + ByteArray(20))
    whole.read(buffer) shouldBe true
    buffer.position() shouldBe hex(bytes).size
    val stepwise = FrameHeaderReader()
    hex(bytes).map { stepwise.read(ByteBuffer.wrap(byteArrayOf(it))) }.count { it } shouldBe 1
    Header(stepwise) shouldBe Header(whole)
    return Header(whole)
}
