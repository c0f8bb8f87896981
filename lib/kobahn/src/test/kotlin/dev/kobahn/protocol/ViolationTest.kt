package dev.kobahn.protocol

import dev.kobahn.protocol.endpoint.OF_EXTENSIONS
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith

/**
 * Every rule, broken in every possible way; each ends in a Close with the rule as its reason.
 * ExtendedReceivingTest has the rules about extensions.
 */
class ViolationTest :
    FunSpec({
        val tested = mutableSetOf<Violation>()

        fun breaking(
            violation: Violation,
            role: Role? = null,
            config: Role.() -> ProtocolConfig = { ProtocolConfig(this) },
            bytes: Side.() -> List<ByteArray>,
        ) {
            tested += violation
            val roles = if (role == null) Role.entries else listOf(role)
            roles.forEach {
                test("${violation.rule} ($it)") { Side(it).check(violation, it.config(), bytes) }
            }
        }

        breaking(Violation.RESERVED_BITS_SET) {
            val firsts = listOf(0xC1, 0xA1, 0x91, 0xF2, 0xC8, 0xA9, 0x9A, 0xC3, 0xCB, 0x41)
            firsts.map { frame(it, "03 e8") } + listOf(frame(0x01, "48") + frame(0xC0, "69"))
        }

        breaking(Violation.CLIENT_FRAME_NOT_MASKED, Role.SERVER) {
            listOf(
                "81 00",
                "82 05 48 65 6c 6c 6f",
                "89 00",
                "88 00",
                "83 00",
                "82 7e 01 00",
            ).map(::hex)
        }

        breaking(Violation.SERVER_FRAME_MASKED, Role.CLIENT) {
            listOf("81 80 37 fa 21 3d", "89 80 00 00 00 00", "88 80 01 02 03 04").map(::hex)
        }

        breaking(Violation.CONTROL_FRAME_FRAGMENTED) {
            listOf(0x08, 0x09, 0x0A, 0x0B).map { frame(it, "03 e8") }
        }

        breaking(Violation.CONTROL_FRAME_TOO_LONG) {
            listOf(0x88, 0x89, 0x8A).flatMap { first ->
                listOf(126, 127, 65535, 65536).map {
                    frame(first, ByteArray(0), declared = it.toLong())
                }
            }
        }

        breaking(Violation.RESERVED_OPCODE) {
            val opcodes = (0x3..0x7) + (0xB..0xF)
            opcodes.map { frame(0x80 or it) } + (0x3..0x7).map { frame(it, "01") }
        }

        breaking(Violation.CONTINUATION_WITHOUT_MESSAGE) {
            listOf(
                frame(0x80),
                frame(0x00, "48"),
                frame(0x81, "48") + frame(0x80, "69"),
                frame(0x01) + frame(0x80) + frame(0x89) + frame(0x80),
            )
        }

        breaking(Violation.MESSAGE_INSIDE_MESSAGE) {
            listOf(0x01, 0x02).flatMap { open ->
                listOf(0x01, 0x02, 0x81, 0x82).map {
                    frame(open, "48") + frame(0x89) +
                        frame(it, "69")
                }
            }
        }

        breaking(Violation.LENGTH_NOT_MINIMAL) {
            listOf(
                "82 7e 00 00",
                "82 7e 00 7d",
                "81 7f 00 00 00 00 00 00 00 7e",
                "81 7f 00 00 00 00 00 00 ff ff",
                "89 7e 00 05",
                "88 7f 00 00 00 00 00 00 00 00",
            ).map(::header)
        }

        breaking(Violation.LENGTH_NEGATIVE) {
            listOf(
                "82 7f 80 00 00 00 00 00 00 00",
                "81 7f ff ff ff ff ff ff ff ff",
                "89 7f ff 00 00 00 00 00 00 01",
            )
                .map(::header)
        }

        breaking(Violation.CLOSE_PAYLOAD_OF_ONE_BYTE) {
            listOf(frame(0x88, "03"), frame(0x88, "00"))
        }

        breaking(Violation.CLOSE_CODE_NOT_ALLOWED) {
            listOf(0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, 65535)
                .map { frame(0x88, "%04x 61".format(it)) }
        }

        breaking(Violation.CLOSE_REASON_NOT_UTF8) {
            listOf("ff", "61 c3", "ed a0 80", "f4 90 80 80", "c0 80").map {
                frame(0x88, "03 e8 $it")
            }
        }

        breaking(Violation.TEXT_NOT_UTF8) {
            listOf(
                frame(0x81, "48 ff"),
                frame(0x81, "e2 82"),
                frame(0x01, "e2 82") + frame(0x80, "61"),
                frame(0x01, "e2") + frame(0x89) + frame(0x00, "82") + frame(0x80),
                frame(0x81, "ed a0 80"),
            )
        }

        breaking(Violation.MESSAGE_TOO_BIG, config = {
            ProtocolConfig(this, maxMessagePayloadSize = 4)
        }) {
            listOf(
                frame(0x82, ByteArray(5)),
                frame(0x82, declared = Long.MAX_VALUE),
                frame(0x02, ByteArray(2)) + frame(0x80, ByteArray(3)),
                frame(0x01, "61 61 61 61") + frame(0x89) + frame(0x00) + frame(0x00, "61"),
            )
        }

        breaking(Violation.FRAME_TOO_BIG, config = {
            ProtocolConfig(this, maxFramePayloadSize = 4)
        }) {
            listOf(frame(0x82, ByteArray(5)), frame(0x01, "61") + frame(0x80, ByteArray(126)))
        }

        test("every violation is tested") {
            (Violation.entries - tested - OF_EXTENSIONS).shouldBeEmpty()
        }

        test("every rule fits into a Close frame and says which code it fails with") {
            Violation.entries.map { it.closeCode }.toSet() shouldBe setOf(1002, 1007, 1009)
            Violation.entries.filter { it.rule.encodeToByteArray().size > 123 }.shouldBeEmpty()
        }
    })

private fun Side.check(
    violation: Violation,
    config: ProtocolConfig,
    bytes: Side.() -> List<ByteArray>,
) = bytes().forEach {
    withClue(it.toHex().take(60)) {
        val outcome = receiving(it, config)
        outcome.events.last() shouldBe "failure $violation"
        outcome.failure!! shouldStartWith violation.rule
        val answers = outcome.sent.filterNot { frame -> frame == "pong" }
        answers.shouldContainExactly("close ${violation.closeCode} ${outcome.failure}")
    }
}
