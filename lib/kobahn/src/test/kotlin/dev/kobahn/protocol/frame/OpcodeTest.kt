package dev.kobahn.protocol.frame

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class OpcodeTest :
    FunSpec({
        test("3-7 and 11-15 are reserved, 8-15 are of control frames") {
            (0..15).filter(Opcode::isReserved) shouldBe (3..7) + (11..15)
            (0..15).filter(Opcode::isControl) shouldBe (8..15).toList()
        }

        test("opcodes have the values of RFC 6455 section 11.8") {
            listOf(Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY) shouldBe listOf(0, 1, 2)
            listOf(Opcode.CLOSE, Opcode.PING, Opcode.PONG) shouldBe listOf(8, 9, 10)
        }
    })
