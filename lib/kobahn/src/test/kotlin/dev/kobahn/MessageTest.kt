package dev.kobahn

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeSameInstanceAs

class MessageTest :
    FunSpec({
        test("a String is sent as UTF-8 whatever it holds, and bytes can be checked to be") {
            val halves = Message.Text("a\uD83Db\uDE00")
            halves.bytes.decodeToString(throwOnInvalidSequence = true) shouldBe "a?b?"
            Message.Text("é".encodeToByteArray()).text shouldBe "é"
            shouldThrow<IllegalArgumentException> { Message.Text(byteArrayOf(-1)) }
                .message shouldBe "the bytes of a text must be UTF-8"
        }

        test("a text is kept as UTF-8") {
            val message = Message.Text("ä€😀")
            message.bytes shouldBe hex("c3 a4 e2 82 ac f0 9f 98 80")
            message.size shouldBe 9
            message.text shouldBe "ä€😀"
            message.toString() shouldBe "ä€😀"
        }

        test("a text is decoded from its bytes, and what is malformed is replaced") {
            val bytes = hex("61 c3 a4")
            Message.Text(bytes).bytes shouldBeSameInstanceAs bytes
            Message.Text(bytes).text shouldBe "aä"
            Message.Text.unchecked(hex("61 ff 62")).text shouldBe "a\uFFFDb"
        }

        test("a binary message hands its bytes over") {
            val bytes = hex("00 ff")
            val message = Message.Binary(bytes)
            message.bytes shouldBeSameInstanceAs bytes
            message.type shouldBe MessageType.BINARY
            message.toString() shouldBe "2 bytes"
        }

        test("messages are equal by their kind and their bytes") {
            Message.Text("a").type shouldBe MessageType.TEXT
            Message.Text("a") shouldBe Message.Text(hex("61"))
            Message.Text("a").hashCode() shouldBe Message.Text(hex("61")).hashCode()
            Message.Text("a") shouldNotBe Message.Text("b")
            (Message.Text("a") as Message) shouldNotBe Message.Binary(hex("61"))
            Message.Binary(hex("61")) shouldBe Message.Binary(hex("61"))
        }
    })
