package dev.kobahn.protocol.extension

import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** The examples of RFC 7692 section 7.2.3. */
class DeflateVectorTest :
    FunSpec({
        val hello = "Hello".encodeToByteArray()

        test("a message of one block (section 7.2.3.1)") {
            val wire = hex("f2 48 cd c9 c9 07 00")
            TestEncoder().encode(hello).toHex() shouldBe wire.toHex()
            TestDecoder().decode(wire) shouldBe hello
        }

        test("a message in two frames (section 7.2.3.1)") {
            TestDecoder().decode(hex("f2 48 cd"), hex("c9 c9 07 00")) shouldBe hello
        }

        test("a message that refers to the one before it (section 7.2.3.2)") {
            val encoder = TestEncoder()
            encoder.encode(hello)
            encoder.encode(hello).toHex() shouldBe "f2 00 11 00 00"
            val decoder = TestDecoder()
            decoder.decode(hex("f2 48 cd c9 c9 07 00")) shouldBe hello
            decoder.decode(hex("f2 00 11 00 00")) shouldBe hello
        }

        test("a block without compression (section 7.2.3.3)") {
            val wire = hex("00 05 00 fa ff 48 65 6c 6c 6f 00")
            TestEncoder(DeflateParameters(compressionLevel = 0)).encode(hello).toHex() shouldBe
                wire.toHex()
            TestDecoder().decode(wire) shouldBe hello
        }

        test("a final block (section 7.2.3.4)") {
            TestDecoder().decode(hex("f3 48 cd c9 c9 07 00 00")) shouldBe hello
        }

        test("two blocks in one message (section 7.2.3.5)") {
            val wire = hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")
            TestDecoder().decode(wire) shouldBe hello
            val encoder = TestEncoder()
            encoder.encode("He".encodeToByteArray(), "llo".encodeToByteArray()).toHex() shouldBe
                wire.toHex()
        }

        test("an empty message is the byte 00 (section 7.2.3.6)") {
            val encoder = TestEncoder()
            repeat(2) { encoder.encode().toHex() shouldBe "00" }
            val decoder = TestDecoder()
            repeat(2) { decoder.decode(hex("00")).size shouldBe 0 }
        }
    })
