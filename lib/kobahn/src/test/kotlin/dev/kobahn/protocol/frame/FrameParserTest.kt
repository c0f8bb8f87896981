package dev.kobahn.protocol.frame

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.whereMeasured
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.ByteOrder

class FrameParserTest :
    FunSpec({
        test("every field of a frame is read") {
            val frame = FrameParser(acceptReservedBits = true)
                .parse(ByteBuffer.wrap(hex("51 85 37 fa 21 3d 7f 9f 4d 51 58")))
            frame shouldBe
                Frame(Opcode.TEXT, hex("48 65 6c 6c 6f"), 0x37FA213D, false, true, false, true)
        }

        test("bytes behind a frame stay in the buffer, with any cuts") {
            val frames = listOf(
                Frame(Opcode.TEXT, hex("48 65"), 0x01020304, fin = false),
                Frame(Opcode.PING),
                Frame(Opcode.CONTINUATION, ByteArray(200) { it.toByte() }),
                Frame(Opcode.CLOSE, hex("03 e8"), 0),
            )
            val bytes = frames.map { it.build() }.reduce(ByteArray::plus)
            for (cut in 0..bytes.size) {
                val parser = FrameParser()
                val head = ByteBuffer.wrap(bytes, 0, cut).slice()
                val tail = ByteBuffer.wrap(bytes, cut, bytes.size - cut).slice()
                parser.parseAll(head) + parser.parseAll(tail) shouldBe frames
            }
            val parser = FrameParser()
            bytes.flatMap { parser.parseAll(ByteBuffer.wrap(byteArrayOf(it))) } shouldBe frames
        }

        test("the bytes wanted are those of the header's parts, then of the payload") {
            val parser = FrameParser()
            val wanted = mutableListOf(parser.bytesWanted)
            for (piece in listOf("81", "85", "37 fa 21 3d", "7f 9f", "4d 51 58")) {
                parser.parseAll(ByteBuffer.wrap(hex(piece)))
                wanted += parser.bytesWanted
            }
            wanted shouldBe listOf(2, 1, 4, 5, 3, 2)
            parser.parseAll(ByteBuffer.wrap(hex("82 7e")))
            parser.bytesWanted shouldBe 2
            parser.parseAll(ByteBuffer.wrap(hex("01 00")))
            parser.bytesWanted shouldBe 256
        }

        test("the buffer keeps its content and its byte order, and may be read-only or direct") {
            val bytes = hex("82 fe 00 7e 00 00 00 01") + ByteArray(126)
            val buffers = listOf(ByteBuffer.wrap(bytes).asReadOnlyBuffer(), direct(bytes))
            for (buffer in buffers) {
                buffer.order(ByteOrder.LITTLE_ENDIAN)
                FrameParser().parse(buffer)!!.body[3] shouldBe 1
                buffer.order() shouldBe ByteOrder.LITTLE_ENDIAN
                buffer.get(11) shouldBe 0
            }
        }

        test("every rule of a header is kept, and a broken one stays so") {
            val broken = mapOf(
                "c1 00" to Violation.RESERVED_BITS_SET,
                "83 00" to Violation.RESERVED_OPCODE,
                "09 00" to Violation.CONTROL_FRAME_FRAGMENTED,
                "89 7e 00 7e" to Violation.CONTROL_FRAME_TOO_LONG,
                "82 7e 00 7d" to Violation.LENGTH_NOT_MINIMAL,
                "82 7f 00 00 00 00 00 00 ff ff" to Violation.LENGTH_NOT_MINIMAL,
                "82 7f ff 00 00 00 00 00 00 00" to Violation.LENGTH_NEGATIVE,
                "82 7f 7f ff ff ff ff ff ff ff" to Violation.FRAME_TOO_BIG,
            )
            for ((bytes, violation) in broken) {
                withClue(bytes) {
                    val parser = FrameParser()
                    parser.parseAll(ByteBuffer.wrap(hex("81 00")))
                    parser.violation(bytes) shouldBe violation
                    parser.violation("81 00") shouldBe violation
                    parser.bytesWanted shouldBe 0
                }
            }
        }

        test("a payload over the limit is refused when its header arrives") {
            FrameParser(5).parse(ByteBuffer.wrap(hex("82 05 00 00 00 00 00")))!!
                .body.size shouldBe 5
            FrameParser(5).violation("82 06") shouldBe Violation.FRAME_TOO_BIG
            FrameParser(0).parseAll(ByteBuffer.wrap(hex("82 7f 7f ff ff ff ff ff ff ff 00")))
                .shouldBeEmpty()
            shouldThrow<IllegalArgumentException> { FrameParser(-1) }
        }

        test("a declared length allocates nothing").config(enabledOrReasonIf = whereMeasured) {
            val input = ByteBuffer.wrap(hex("82 7f 7f ff ff ff ff ff ff ff") + ByteArray(1000))
            val parser = FrameParser(0)
            Allocation.of { parser.parse(input) } shouldBeLessThan 64 * 1024
        }

        test("a frame of any length comes back from its bytes") {
            for (size in listOf(0, 125, 126, 65535, 65536)) {
                val bytes = WireFrame(0x82, ByteArray(size), 5).encode()
                FrameParser().parse(ByteBuffer.wrap(bytes))!!.build() shouldBe bytes
            }
        }
    })

private fun direct(bytes: ByteArray) =
    ByteBuffer.allocateDirect(bytes.size).put(bytes).apply { flip() }

private fun FrameParser.violation(bytes: String): Violation =
    shouldThrow<ProtocolException> { parseAll(ByteBuffer.wrap(hex(bytes))) }.violation

/** All frames that end in [input], which is consumed. */
internal fun FrameParser.parseAll(input: ByteBuffer): List<Frame> =
    generateSequence { parse(input) }.toList()
