package dev.kobahn.protocol

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

/** RFC 6455 section 5.5.1. */
class CloseFrameTest :
    FunSpec({
        test("a Close carries nothing, a code, or a code and a reason") {
            val frames = mapOf(
                "" to CloseFrame.of(null, ""),
                "03 e8" to CloseFrame.of(1000, ""),
                "03 e9 62 79 65" to CloseFrame.of(1001, "bye"),
                "13 87 c3 a4 f0 9f 98 80" to CloseFrame.of(4999, "ä😀"),
            )
            frames.forEach { (bytes, frame) ->
                frame.encode() shouldBe hex(bytes)
                CloseFrame.parse(hex(bytes)) shouldBe frame
            }
        }

        test("a payload of one byte is half a code") {
            shouldThrow<ProtocolException> { CloseFrame.parse(hex("03")) }.violation shouldBe
                Violation.CLOSE_PAYLOAD_OF_ONE_BYTE
        }

        test("the code is checked before the reason") {
            shouldThrow<ProtocolException> { CloseFrame.parse(hex("03 ed ff")) }.violation shouldBe
                Violation.CLOSE_CODE_NOT_ALLOWED
        }

        test("a reason must be complete UTF-8") {
            listOf("80", "61 e2 82", "ed bf bf").forEach {
                shouldThrow<ProtocolException> {
                    CloseFrame.parse(hex("03 e8 $it"))
                }.violation shouldBe
                    Violation.CLOSE_REASON_NOT_UTF8
            }
        }

        test("a reason without a code is an error of the program") {
            shouldThrow<IllegalArgumentException> { CloseFrame.of(null, "bye") }
        }

        test("a reason is cut to 123 bytes at the end of a code point") {
            fun cut(reason: String) = CloseFrame.of(1000, reason).reason
            cut("a".repeat(123)) shouldBe "a".repeat(123)
            cut("a".repeat(124)) shouldBe "a".repeat(123)
            cut("abc".repeat(3000)) shouldBe "abc".repeat(41)
            cut("ä".repeat(62)) shouldBe "ä".repeat(61)
            cut("€".repeat(42)) shouldBe "€".repeat(41)
            (119..123).forEach {
                cut("a".repeat(it) + "😀") shouldBe
                    "a".repeat(it) + if (it == 119) "😀" else ""
            }
            (0..3).forEach {
                cut("a".repeat(it) + "😀".repeat(50)) shouldBe
                    "a".repeat(it) + "😀".repeat(30)
            }
        }

        test("the cut reason fills a control frame and no more") {
            CloseFrame.of(1000, "x".repeat(1000)).encode().size shouldBe 125
        }

        test("equal Closes are equal, others differ") {
            CloseFrame.of(1000, "a") shouldBe CloseFrame.of(1000, "a")
            CloseFrame.of(1000, "a").hashCode() shouldBe CloseFrame.of(1000, "a").hashCode()
            CloseFrame.of(1000, "a") shouldNotBe CloseFrame.of(1000, "b")
            CloseFrame.of(1000, "") shouldNotBe CloseFrame.of(null, "")
            CloseFrame.of(null, "") shouldNotBe "no code"
        }

        test("it reads as its code and reason") {
            CloseFrame.of(null, "").toString() shouldBe "no code"
            CloseFrame.of(1000, "").toString() shouldBe "1000"
            CloseFrame.of(1001, "bye").toString() shouldBe "1001 bye"
        }
    })
