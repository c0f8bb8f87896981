package dev.kobahn.protocol

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

/** RFC 6455 section 7.4 and the IANA registry, over all codes from 0 to 5000 and beyond. */
class CloseCodeTest :
    FunSpec({
        val allowed = (1000..1003) + (1007..1014) + (3000..4999)
        val codes = (0..5000) + 65535

        test("1000-1003, 1007-1014 and 3000-4999 may stand on the wire, nothing else") {
            codes.filter(CloseCode::isAllowedOnWire) shouldBe allowed
            listOf(
                -1,
                Int.MIN_VALUE,
                Int.MAX_VALUE,
                65536 + 1000,
            ).filter(CloseCode::isAllowedOnWire) shouldBe
                emptyList()
        }

        bothRoles("the same codes are accepted from the peer") {
            codes.filter { code ->
                val end = ProtocolEnd(role)
                end.receive(frame(0x88, byteArrayOf((code shr 8).toByte(), code.toByte())))
                end.protocol.closeReceived shouldBe true
                end.protocol.failure == null
            } shouldBe allowed
        }

        bothRoles("the same codes may be sent, others are an error of the program") {
            codes.forEach { code ->
                val end = ProtocolEnd(role)
                if (code in allowed) {
                    end.protocol.sendClose(code) shouldBe true
                    end.sent() shouldBe listOf("close $code")
                } else {
                    shouldThrow<IllegalArgumentException> { end.protocol.sendClose(code) }
                        .message!! shouldContain "$code"
                    end.output.isEmpty shouldBe true
                }
            }
        }

        test("codes have the values of their registered names") {
            mapOf(
                CloseCode.NORMAL_CLOSURE to 1000,
                CloseCode.GOING_AWAY to 1001,
                CloseCode.PROTOCOL_ERROR to 1002,
                CloseCode.UNSUPPORTED_DATA to 1003,
                CloseCode.NO_STATUS_RCVD to 1005,
                CloseCode.ABNORMAL_CLOSURE to 1006,
                CloseCode.INVALID_FRAME_PAYLOAD_DATA to 1007,
                CloseCode.POLICY_VIOLATION to 1008,
                CloseCode.MESSAGE_TOO_BIG to 1009,
                CloseCode.MANDATORY_EXT to 1010,
                CloseCode.INTERNAL_ERROR to 1011,
                CloseCode.SERVICE_RESTART to 1012,
                CloseCode.TRY_AGAIN_LATER to 1013,
                CloseCode.BAD_GATEWAY to 1014,
                CloseCode.TLS_HANDSHAKE to 1015,
            ).forEach { (code, value) -> code shouldBe value }
        }
    })
