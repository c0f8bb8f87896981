package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** Input after the connection failed: RFC 6455 section 7.1.7. */
class CloseFrameScannerTest :
    FunSpec({
        bothRoles("after failing, frames are discarded up to the peer's Close") {
            val outcome = receiving(
                frame(
                    0x83,
                ) + frame(0x81, "48 65") + frame(0x89, "01") + frame(0x88, "03 e8 62 79") +
                    frame(0x81, "48"),
            )
            outcome.events.shouldContainExactly("failure RESERVED_OPCODE", "close 1000 by")
            outcome.sent.shouldContainExactly("close 1002 reserved opcodes must not be used")
        }

        bothRoles("the rest of the frame that broke a rule is skipped") {
            val tooBig = ProtocolConfig(role, maxMessagePayloadSize = 3)
            val outcome = receiving(frame(0x82, "88 80 88 00 88 00") + frame(0x88), tooBig)
            outcome.events.shouldContainExactly("failure MESSAGE_TOO_BIG", "close")
        }

        bothRoles("the rest of a text frame that is not UTF-8 is skipped") {
            receiving(frame(0x81, "61 62 ff 88 00") + frame(0x88, "03 e9")).events
                .shouldContainExactly("text", "frame 5", "failure TEXT_NOT_UTF8", "close 1001")
        }

        bothRoles("a violation after the first changes nothing") {
            receiving(frame(0x83) + frame(0xF1) + frame(0x80, "01") + frame(0x88, "0f a0")).events
                .shouldContainExactly("failure RESERVED_OPCODE", "close 4000")
        }

        bothRoles("a frame without end hides the Close") {
            receiving(frame(0x82, frame(0x88), declared = 1L shl 40)).events
                .shouldContainExactly("failure MESSAGE_TOO_BIG")
        }

        bothRoles("a byte string is discarded when a negative length has lost the framing") {
            receiving(header("82 7f ff ff ff ff ff ff ff ff") + frame(0x88)).events
                .shouldContainExactly("failure LENGTH_NEGATIVE")
        }

        listOf(0x82, 0x88).forEach { first ->
            bothRoles("a negative length after failing loses the Close, first byte $first") {
                val lost = header("%02x 7f ff ff ff ff ff ff ff ff".format(first))
                receiving(frame(0x83) + lost + frame(0x88)).events
                    .shouldContainExactly("failure RESERVED_OPCODE")
            }
        }

        bothRoles("a Close of more than 125 bytes is not accepted") {
            receiving(frame(0x83) + frame(0x88, ByteArray(126)) + frame(0x88, "03 e8")).events
                .shouldContainExactly("failure RESERVED_OPCODE", "close 1000")
        }

        listOf("03", "03 ed", "03 e8 ff").forEach { payload ->
            bothRoles("an invalid Close ends the search without an event: $payload") {
                val bytes = frame(0x83) + frame(0x88, payload) + frame(0x88, "03 e8")
                receiving(bytes).events.shouldContainExactly("failure RESERVED_OPCODE")
                val end = ProtocolEnd(role)
                end.receive(bytes)
                end.protocol.closeReceived shouldBe true
                end.protocol.remoteClose shouldBe null
            }
        }

        test("a Close is not unmasked if masks are not applied") {
            val config = ProtocolConfig(Role.SERVER, applyMask = false)
            val close = hex("88 84 01 02 03 04 03 e8 6f 6b")
            Side(Role.SERVER).receiving(hex("c1 80 00 00 00 00") + close, config).events
                .shouldContainExactly("failure RESERVED_BITS_SET", "close 1000 ok")
        }
    })
