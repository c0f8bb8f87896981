package dev.kobahn.protocol.stream

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import dev.kobahn.protocol.whereMeasured
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** The cases of ws4py's stream, each with the correct result. */
class StreamTest :
    FunSpec({
        bothRoles("a masked payload is unmasked where masking is expected") {
            reading(frame(0x81, "48 65 6c 6c 6f")) shouldBe
                StreamOutcome(messages = listOf("text 48 65 6c 6c 6f"))
        }

        test("an unmasked frame is an error where masking is expected, with a payload or without") {
            for (bytes in listOf("81 05 48 65 6c 6c 6f", "81 00", "89 00")) {
                Side(Role.SERVER).reading(hex(bytes)) shouldBe
                    failure(Violation.CLIENT_FRAME_NOT_MASKED)
            }
        }

        test("a masked frame is an error where masking is not expected") {
            for (bytes in listOf("81 81 00 00 00 00 48", "81 80 01 02 03 04")) {
                Side(Role.CLIENT).reading(hex(bytes)) shouldBe
                    failure(Violation.SERVER_FRAME_MASKED)
            }
        }

        bothRoles("a message inside another is an error") {
            for (first in listOf(0x01, 0x02, 0x81, 0x82)) {
                reading(frame(0x01, "48") + frame(first, "69")) shouldBe
                    failure(Violation.MESSAGE_INSIDE_MESSAGE)
            }
        }

        bothRoles("a message is there from its first frame on and complete with its last") {
            val stream = StreamEnd(role).stream
            stream.message shouldBe null
            stream.hasMessage shouldBe false
            stream.receive(frame(0x01, "48 65"))
            stream.hasMessage shouldBe false
            stream.message!!.completed shouldBe false
            stream.message!!.text shouldBe "He"
            stream.takeMessage() shouldBe null
            stream.receive(frame(0x00, "6c"))
            stream.receive(frame(0x80, "6c 6f"))
            stream.hasMessage shouldBe true
            stream.message!!.completed shouldBe true
            stream.takeMessage()!!.text shouldBe "Hello"
            stream.message shouldBe null
        }

        bothRoles(
            "an invalid byte of a text is an error when it arrives, not when the frame ends",
        ) {
            reading(frame(0x01, "48 ff 48", declared = 100)) shouldBe
                failure(Violation.TEXT_NOT_UTF8, ": byte 1")
            reading(frame(0x01, "48 e2") + frame(0x00, "82 ac") + frame(0x00, "48 48 ff")) shouldBe
                failure(Violation.TEXT_NOT_UTF8, ": byte 6")
            reading(frame(0x81, "48 e2 82")) shouldBe
                failure(Violation.TEXT_NOT_UTF8, ": it ends inside a code point")
            reading(frame(0x01, "e2") + frame(0x00, "82") + frame(0x80, "ac")) shouldBe
                StreamOutcome(messages = listOf("text e2 82 ac"))
        }

        bothRoles("a continuation without a message is an error") {
            reading(frame(0x80, "48")) shouldBe failure(Violation.CONTINUATION_WITHOUT_MESSAGE)
            reading(frame(0x00)) shouldBe failure(Violation.CONTINUATION_WITHOUT_MESSAGE)
        }

        bothRoles("continuations are appended, text and binary") {
            reading(
                frame(0x02, "00") + frame(0x00, "ff") + frame(0x00) + frame(0x80, "01"),
            ) shouldBe
                StreamOutcome(messages = listOf("binary 00 ff 01"))
            reading(frame(0x01, "48") + frame(0x00, "69")) shouldBe StreamOutcome(open = "48 69")
        }

        bothRoles(
            "a continuation after a complete message is an error and leaves that message alone",
        ) {
            val stream = StreamEnd(role).stream
            stream.receive(frame(0x81, "48") + frame(0x80, "69"))
            stream.takeMessage()!!.text shouldBe "H"
            stream.errors.single().code shouldBe 1002
            stream.errors.single().reason shouldBe Violation.CONTINUATION_WITHOUT_MESSAGE.rule
        }

        bothRoles("an empty last frame inside a code point is an error") {
            reading(frame(0x01, "48 e2 82") + frame(0x80)) shouldBe
                failure(Violation.TEXT_NOT_UTF8, ": it ends inside a code point")
        }

        bothRoles("an empty Close has no code, and so has its answer") {
            reading(frame(0x88)) shouldBe StreamOutcome(closing = "null ")
            val stream = StreamEnd(role).stream
            stream.receive(frame(0x88))
            stream.closing!!.single().toHex() shouldBe "88 00"
        }

        bothRoles("a Close of one byte is an error") {
            reading(frame(0x88, "03")) shouldBe failure(Violation.CLOSE_PAYLOAD_OF_ONE_BYTE)
        }

        bothRoles("a Close with a code that must not be on the wire is an error") {
            for (code in listOf(0, 999, 1004, 1005, 1006, 1015, 2999, 5000)) {
                reading(frame(0x88, "%04x 61".format(code))) shouldBe
                    failure(Violation.CLOSE_CODE_NOT_ALLOWED, ": $code")
            }
        }

        bothRoles("a Close with a registered or free code is accepted from the peer") {
            for (code in listOf(1000, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999)) {
                reading(frame(0x88, "%04x 61".format(code))) shouldBe
                    StreamOutcome(closing = "$code a")
            }
        }

        bothRoles("a Close with a reason that is not UTF-8 is an error") {
            reading(frame(0x88, "03 e8 61 c3")) shouldBe failure(Violation.CLOSE_REASON_NOT_UTF8)
        }

        bothRoles("a Close between fragments of a text inside a code point is a good one") {
            reading(frame(0x01, "e2 82") + frame(0x88, "03 e8 c3 a4")) shouldBe
                StreamOutcome(closing = "1000 ä", open = "e2 82")
        }

        bothRoles("a Ping is kept, also between fragments") {
            reading(frame(0x01, "48") + frame(0x89, "01 02") + frame(0x80, "69")) shouldBe
                StreamOutcome(listOf("text 48 69"), listOf("ping 01 02"))
        }

        bothRoles("a Pong is kept, also between fragments") {
            reading(frame(0x02, "48") + frame(0x8A) + frame(0x80, "69")) shouldBe
                StreamOutcome(listOf("binary 48 69"), listOf("pong"))
        }

        bothRoles("broken headers are errors with code 1002 and the rule as their reason") {
            reading(frame(0x83)) shouldBe failure(Violation.RESERVED_OPCODE)
            reading(frame(0xC1, "48")) shouldBe failure(Violation.RESERVED_BITS_SET)
            reading(frame(0x09)) shouldBe failure(Violation.CONTROL_FRAME_FRAGMENTED)
            reading(header("82 7e 00 7d")) shouldBe failure(Violation.LENGTH_NOT_MINIMAL)
            reading(frame(0x82, "", declared = Long.MIN_VALUE)) shouldBe
                failure(Violation.LENGTH_NEGATIVE)
            reading(frame(0x8A, ByteArray(126))) shouldBe failure(Violation.CONTROL_FRAME_TOO_LONG)
        }

        bothRoles("exceeding a limit is an error with code 1009") {
            reading(frame(0x82, "", declared = 16L * 1024 * 1024 + 1)) shouldBe
                failure(Violation.MESSAGE_TOO_BIG, ": more than 16777216 bytes")
            val limited = reading(frame(0x02, "01 02") + frame(0x80, "03 04")) {
                StreamEnd(role, maxMessagePayloadSize = 3)
            }
            limited shouldBe failure(Violation.MESSAGE_TOO_BIG, ": more than 3 bytes")
            val framed = reading(frame(0x82, "01 02")) { StreamEnd(role, maxFramePayloadSize = 1) }
            framed shouldBe failure(Violation.FRAME_TOO_BIG, ": more than 1 bytes")
        }

        bothRoles("after an error everything is discarded but the peer's Close") {
            val bytes = frame(0x83, "48") + frame(0x81, "48") + frame(0x89) + frame(0x88, "03 e9")
            reading(bytes + frame(0x81, "48")) shouldBe
                failure(Violation.RESERVED_OPCODE).copy(closing = "1001 ")
        }

        bothRoles("after a Close everything is discarded") {
            reading(frame(0x88, "03 e8") + frame(0x83) + frame(0x81, "48")) shouldBe
                StreamOutcome(closing = "1000 ")
        }

        bothRoles("two messages of one feed are both there, the older one first") {
            val stream = StreamEnd(role).stream
            stream.receive(frame(0x81, "61") + frame(0x82, "62") + frame(0x01, "63"))
            stream.message!!.text shouldBe "a"
            stream.takeMessage()!!.text shouldBe "a"
            stream.takeMessage()!!.data.toHex() shouldBe "62"
            stream.hasMessage shouldBe false
            stream.message!!.text shouldBe "c"
        }

        bothRoles("a waiting message must be taken before more is fed") {
            val stream = StreamEnd(role).stream
            stream.receive(frame(0x81, "61"))
            shouldThrow<IllegalStateException> { stream.receive(ByteArray(0)) }
            stream.takeMessage()
            stream.receive(frame(0x81, "62"))
            stream.takeMessage()!!.text shouldBe "b"
        }

        bothRoles("of Pings and Pongs that are not taken the newest stay") {
            val stream = StreamEnd(role).stream
            repeat(100) { stream.receive(frame(0x89, "%02x".format(it)) + frame(0x8A)) }
            stream.pings.map { it.data[0].toInt() } shouldBe (84..99).toList()
            stream.pongs.size shouldBe Stream.MAX_WAITING
            stream.takePings().size shouldBe 16
            stream.takePongs().size shouldBe 16
            stream.pings.shouldBeEmpty()
            stream.pongs.shouldBeEmpty()
        }

        test(
            "it wants what is missing of the header, then of the payload, and nothing at the end",
        ) {
            val stream = Stream()
            val wanted = mutableListOf(stream.bytesWanted)
            for (piece in listOf("81", "85", "37 fa 21 3d", "7f 9f", "4d 51 58")) {
                stream.receive(hex(piece))
                wanted += stream.bytesWanted
            }
            wanted shouldBe listOf(2, 1, 4, 5, 3, 2)
            stream.takeMessage()
            stream.receive(hex("88 80 00 00 00 00"))
            stream.bytesWanted shouldBe 0
        }

        test("feeding consumes a buffer and leaves an array unchanged") {
            val bytes = hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
            val before = bytes.toHex()
            val stream = Stream()
            stream.receive(bytes)
            bytes.toHex() shouldBe before
            stream.takeMessage()!!.text shouldBe "Hello"
            val buffer = ByteBuffer.wrap(bytes)
            stream.receive(buffer)
            buffer.hasRemaining() shouldBe false
        }

        test("a stream masks its frames if and only if it has masking keys") {
            val server = Stream()
            server.alwaysMask shouldBe false
            server.ping("").toHex() shouldBe "89 00"
            server.ping("a").toHex() shouldBe "89 01 61"
            server.pong(hex("01")).toHex() shouldBe "8a 01 01"
            val client = Stream(expectMasking = false, maskingKeys = { ProtocolEnd.KEY })
            client.alwaysMask shouldBe true
            client.ping(hex("48")).toHex() shouldBe "89 81 37 fa 21 3d 7f"
            client.pong("H").toHex() shouldBe "8a 81 37 fa 21 3d 7f"
            client.single(TextMessage("H")).toHex() shouldBe "81 81 37 fa 21 3d 7f"
            shouldThrow<IllegalArgumentException> { client.ping(ByteArray(126)) }
        }

        test("it frames messages of text and of bytes") {
            val stream = Stream()
            stream.single(TextMessage("ä")).toHex() shouldBe "81 02 c3 a4"
            stream.single(BinaryMessage(hex("00 ff"))).toHex() shouldBe "82 02 00 ff"
        }

        test("it frames a Close, which can be looked at") {
            val stream = Stream()
            stream.single(CloseControlMessage()).toHex() shouldBe "88 02 03 e8"
            val close = CloseControlMessage(1001, "bye")
            close.code shouldBe 1001
            close.single().toHex() shouldBe "88 05 03 e9 62 79 65"
            shouldThrow<IllegalArgumentException> { CloseControlMessage(1005) }
        }

        test("a declared length allocates nothing").config(enabledOrReasonIf = whereMeasured) {
            val stream = Stream(expectMasking = false, maxMessagePayloadSize = 0)
            val bytes = hex("82 7f 7f ff ff ff ff ff ff ff") + ByteArray(1000)
            Allocation.of { stream.receive(bytes) } shouldBeLessThan 64 * 1024
        }
    })

private fun failure(violation: Violation, detail: String = "") =
    StreamOutcome(errors = listOf("${violation.closeCode} ${violation.rule}$detail"))

/**
 * Feeds [bytes] to several streams, whole, byte by byte and cut at every index, and returns the
 * result.
 */
private fun Side.reading(
    bytes: ByteArray,
    end: () -> StreamEnd = { StreamEnd(role) },
): StreamOutcome {
    val whole = end().apply { receive(bytes) }.outcome
    val single = end().apply { bytes.forEach { receive(byteArrayOf(it)) } }.outcome
    withClue("byte by byte") { single shouldBe whole }
    for (cut in 1 until bytes.size) {
        val pieces = end()
        pieces.receive(bytes.copyOf(cut))
        pieces.receive(bytes.copyOfRange(cut, bytes.size))
        withClue("cut at $cut") { pieces.outcome shouldBe whole }
    }
    return whole
}
