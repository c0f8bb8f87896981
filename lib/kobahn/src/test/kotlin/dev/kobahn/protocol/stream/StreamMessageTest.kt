package dev.kobahn.protocol.stream

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.frame.Opcode
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class StreamMessageTest :
    FunSpec({
        test("a text is kept as UTF-8, a binary message as it is") {
            val text = TextMessage("aä€")
            text.data.toHex() shouldBe "61 c3 a4 e2 82 ac"
            text.encoding shouldBe Charsets.UTF_8
            text.text shouldBe "aä€"
            text.toString() shouldBe "aä€"
            TextMessage(hex("61 ff")).text shouldBe "a\uFFFD"
            val binary = BinaryMessage(hex("00 ff"))
            binary.data.toHex() shouldBe "00 ff"
            binary.encoding shouldBe null
            binary.toString() shouldBe "2 bytes"
            shouldThrow<IllegalStateException> { binary.text }
        }

        test("a message knows its opcode and its kind") {
            val text = TextMessage("")
            val binary = BinaryMessage(hex(""))
            text.opcode shouldBe Opcode.TEXT
            text.type shouldBe MessageType.TEXT
            text.isText to text.isBinary shouldBe (true to false)
            binary.opcode shouldBe Opcode.BINARY
            binary.isText to binary.isBinary shouldBe (false to true)
            PingControlMessage("").opcode shouldBe Opcode.PING
            PongControlMessage("").opcode shouldBe Opcode.PONG
            CloseControlMessage().opcode shouldBe Opcode.CLOSE
        }

        test("single is one final frame of the whole payload, masked only with a key") {
            TextMessage("Hello").single().toHex() shouldBe "81 05 48 65 6c 6c 6f"
            TextMessage("Hello").single(0x37FA213D).toHex() shouldBe
                "81 85 37 fa 21 3d 7f 9f 4d 51 58"
            BinaryMessage(hex("00")).single(0).toHex() shouldBe "82 81 00 00 00 00 00"
        }

        test("fragments are the first with the opcode, continuations, and a final one") {
            val message = TextMessage("He")
            message.fragment(first = true).toHex() shouldBe "01 02 48 65"
            message.fragment().toHex() shouldBe "00 02 48 65"
            message.fragment(last = true).toHex() shouldBe "80 02 48 65"
            message.fragment(first = true, last = true).toHex() shouldBe "81 02 48 65"
            WireFrame.readAll(message.fragment(maskingKey = 9)).single().key shouldBe 9
        }

        test("a message grows by bytes and by text, and is read in between") {
            val message = TextMessage("a")
            message.extend("ä")
            message.text shouldBe "aä"
            message.extend(hex("e2 82"))
            message.extend(ByteBuffer.wrap(hex("ff ac ff"), 1, 1))
            message.extend("")
            message.text shouldBe "aä€"
            message.data.toHex() shouldBe "61 c3 a4 e2 82 ac"
            message.single().toHex() shouldBe "81 06 61 c3 a4 e2 82 ac"
        }

        test("extending copies an array and consumes a buffer") {
            val bytes = hex("01 02")
            val buffer = ByteBuffer.wrap(bytes)
            val message = BinaryMessage(hex(""))
            message.extend(buffer)
            buffer.hasRemaining() shouldBe false
            message.extend(bytes)
            bytes.fill(0)
            message.data.toHex() shouldBe "01 02 01 02"
        }

        test("a message is complete once the program sets that") {
            val message = TextMessage("whole")
            message.completed shouldBe false
            message.completed = true
            message.completed shouldBe true
        }

        test("length counts code points of a text and bytes of a binary message") {
            TextMessage("a€\uD83D\uDE00").length shouldBe 3
            BinaryMessage(ByteArray(7)).length shouldBe 7
            CloseControlMessage(1000, "größe").length shouldBe 5
        }

        test("a Close is a code and a reason, or nothing") {
            val close = CloseControlMessage(1001, "bye")
            close.code shouldBe 1001
            close.reason shouldBe "bye"
            close.text shouldBe "bye"
            close.single().toHex() shouldBe "88 05 03 e9 62 79 65"
            CloseControlMessage().single().toHex() shouldBe "88 02 03 e8"
            CloseControlMessage(null).single().toHex() shouldBe "88 00"
        }

        test("a Close with a code that must not be sent, or a reason alone, is not made") {
            for (code in listOf(0, 999, 1004, 1005, 1006, 1015, 2000, 5000)) {
                shouldThrow<IllegalArgumentException> { CloseControlMessage(code) }
            }
            shouldThrow<IllegalArgumentException> { CloseControlMessage(null, "why") }
            CloseControlMessage(1000, "ä".repeat(100)).data.size shouldBe 2 + 122
        }

        test("a Ping carries nothing, bytes or text, 125 bytes at most") {
            PingControlMessage("").single().toHex() shouldBe "89 00"
            PingControlMessage("ä").single().toHex() shouldBe "89 02 c3 a4"
            PingControlMessage(ByteArray(125)).single(3).size shouldBe 131
            shouldThrow<IllegalArgumentException> { PingControlMessage(ByteArray(126)) }
        }

        test("a Pong carries nothing, bytes or text, 125 bytes at most") {
            PongControlMessage("").single().toHex() shouldBe "8a 00"
            PongControlMessage("ä").single().toHex() shouldBe "8a 02 c3 a4"
            PongControlMessage(ByteArray(125)).single(3).size shouldBe 131
            shouldThrow<IllegalArgumentException> { PongControlMessage(ByteArray(126)) }
        }
    })
