package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll

class Socks5Test :
    FunSpec({
        val credentials = ProxyCredentials("user", "pass")

        fun converse(dialogue: ProxyDialogue, answer: String) =
            Conversation(dialogue, listOf(hex(answer)))

        test("the greeting offers a password only if there is one") {
            Socks5("a.example", 80).opening.toHex() shouldBe "05 01 00"
            Socks5("a.example", 80, credentials).opening.toHex() shouldBe "05 02 00 02"
        }

        test("a name is sent as a name, and a numeric address as its bytes") {
            val requests = mapOf(
                "a.example" to "05 01 00 03 09 61 2e 65 78 61 6d 70 6c 65 01 bb",
                "192.0.2.7" to "05 01 00 01 c0 00 02 07 01 bb",
                "2001:db8::7" to
                    "05 01 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 07 01 bb",
            )
            for ((host, request) in requests) {
                converse(Socks5(host, 443), "05 00").sent.single().toHex() shouldBe request
            }
        }

        test("a reply opens the tunnel, wherever it is cut, with an address of any type") {
            val addresses = listOf(
                "01 7f000001",
                "04 00000000000000000000000000000001",
                "03 00",
                "03 03 616263",
                "03 ff" + "61".repeat(255),
            )
            for (address in addresses) {
                for (parts in cuts(hex("05 00" + "05 00 00 $address 1f90"))) {
                    Conversation(Socks5("a", 80), parts).last shouldBe ProxyStep.Open
                }
            }
        }

        test("the proxy chooses the password, and gets it") {
            for (parts in cuts(hex("05 02" + "01 00" + "05 00 00 01 00000000 0000"))) {
                val conversation = Conversation(Socks5("a", 80, credentials), parts)
                conversation.sent.first().toHex() shouldBe "01 04 75 73 65 72 04 70 61 73 73"
                conversation.last shouldBe ProxyStep.Open
            }
        }

        test("the proxy may choose no password although one is offered") {
            val conversation = converse(
                Socks5("a", 80, credentials),
                "05 00" + "05 00 00 01 00000000 0000",
            )
            conversation.sent.single().toHex() shouldBe "05 01 00 03 01 61 00 50"
            conversation.last shouldBe ProxyStep.Open
        }

        test("every code of a reply has its text") {
            val texts = listOf(
                "general failure",
                "do not allow this target",
                "network",
                "host",
                "refused",
                "in time",
                "CONNECT",
                "type of address",
            )
            texts.forEachIndexed { index, text ->
                val refusal = converse(
                    Socks5("a", 80),
                    "05 00" + "05 0${index + 1} 00 01 00",
                ).refusal
                refusal.reply shouldBe index + 1
                refusal.reason shouldContain text
                refusal.reason shouldContain "(SOCKS5 reply ${index + 1})"
            }
            converse(Socks5("a", 80), "05 00" + "05 ff 00 01 00").refusal.reason shouldContain
                "not define (SOCKS5 reply 255)"
        }

        test("what a proxy must not say is refused") {
            val wrong = mapOf(
                "48 54" to "the answer is not SOCKS5; is it a SOCKS5 proxy?",
                "04 5a" to "the answer is not SOCKS5",
                "05 ff" to "asks for user and password",
                "05 02" to "chose a password, which was not offered",
                "05 01" to "chose a method that was not offered",
                "05 00 04 00 00 01 00" to "the reply is malformed",
                "05 00 05 00 01 01 00" to "the reply is malformed",
                "05 00 05 00 00 02 00" to "an address of an unknown type",
                "05 00 05 00 00 01 00000000 0000 21" to "data follows the reply",
            )
            for ((answer, reason) in wrong) {
                converse(Socks5("a", 80), answer).refusal.reason shouldContain reason
            }
            val refused = mapOf(
                "05 ff" to "accepts neither a password nor none",
                "05 02 01 01" to "it refused user and password",
                "05 02 05 00" to "the answer to the password is malformed",
            )
            for ((answer, reason) in refused) {
                converse(Socks5("a", 80, credentials), answer).refusal.reason shouldContain reason
            }
        }

        test("a proxy that ends the transport is refused with the step") {
            Socks5("a", 80).refusalAtEnd.reason shouldContain
                "without an answer; is it a SOCKS5 proxy?"
            val atPassword = Socks5("a", 80, credentials).also { converse(it, "05 02") }
            atPassword.refusalAtEnd.reason shouldContain "judging the password"
            Socks5("a", 80).also { converse(it, "05 00 05") }.refusalAtEnd.reason shouldContain
                "a reply"
            for (begun in listOf("05 00", "05 00 00", "04 05")) {
                Socks5("a", 80).also { converse(it, "05 00 $begun") }.refusalAtEnd.let {
                    it.reply shouldBe null
                    it.reason shouldContain "instead of a reply"
                }
            }
        }

        test("the code of a reply that is cut short counts") {
            for (begun in listOf("05 05", "05 05 00", "05 05 00 01")) {
                Socks5("a", 80).also { converse(it, "05 00 $begun") }.refusalAtEnd.let {
                    it.reply shouldBe 5
                    it.reason shouldContain "(SOCKS5 reply 5)"
                }
            }
        }

        test("texts that do not fit into 255 bytes are refused") {
            val long = "x".repeat(256)
            shouldThrow<IllegalArgumentException> { Socks5(long, 80) }
            shouldThrow<IllegalArgumentException> { Socks5("a", 80, ProxyCredentials(long, "")) }
            shouldThrow<IllegalArgumentException> { Socks5("a", 80, ProxyCredentials("", "")) }
            shouldThrow<IllegalArgumentException> { Socks5("a", 80, ProxyCredentials("u", long)) }
        }

        test("any answer ends in a step, and none throws") {
            checkAll(Arb.int(0, 3), Arb.byteArray(Arb.int(0, 300), Arb.byte())) { kind, bytes ->
                val start = listOf("", "05 02", "05 02 01 00", "05 00 05 00 00 03")[kind]
                val dialogue = Socks5("a", 80, credentials)
                Conversation(dialogue, listOf(hex(start) + bytes))
                dialogue.end()
            }
        }
    })
