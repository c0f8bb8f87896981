package dev.kobahn.protocol.frame

import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.toHex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldNotBeSameInstanceAs

class FrameTest :
    FunSpec({
        test("the examples of section 5.7 are built as the RFC shows") {
            val hello = "Hello".encodeToByteArray()
            Frame(Opcode.TEXT, hello).build().toHex() shouldBe "81 05 48 65 6c 6c 6f"
            Frame(Opcode.TEXT, hello, 0x37FA213D).build().toHex() shouldBe
                "81 85 37 fa 21 3d 7f 9f 4d 51 58"
            Frame(Opcode.TEXT, hex("48 65 6c"), fin = false).build().toHex() shouldBe
                "01 03 48 65 6c"
            Frame(Opcode.CONTINUATION, hex("6c 6f")).build().toHex() shouldBe "80 02 6c 6f"
            Frame(Opcode.PING, hello).build().toHex() shouldBe "89 05 48 65 6c 6c 6f"
        }

        test("a length is written in its shortest form, and only a key sets the mask bit") {
            for (size in listOf(0, 1, 125, 126, 127, 2048, 2049, 8192, 65535, 65536, 100_000)) {
                for (key in listOf(null, 0, 0x37FA213D, -1)) {
                    withClue("$size bytes, key $key") {
                        val body = ByteArray(size) { it.toByte() }
                        val built = Frame(Opcode.BINARY, body, key).build()
                        built shouldBe WireFrame(0x82, body, key).encode()
                        body shouldBe ByteArray(size) { it.toByte() }
                    }
                }
            }
        }

        test("reserved bits are written as they are given") {
            Frame(Opcode.TEXT, rsv1 = true).build().toHex() shouldBe "c1 00"
            Frame(Opcode.TEXT, rsv2 = true).build().toHex() shouldBe "a1 00"
            Frame(Opcode.TEXT, rsv3 = true).build().toHex() shouldBe "91 00"
            Frame(Opcode.CONTINUATION, ByteArray(0), null, false, true, true, true)
                .build().toHex() shouldBe "70 00"
        }

        test("a reserved opcode is an error") {
            for (opcode in listOf(-1, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 0x81, Int.MAX_VALUE)) {
                withClue(opcode) { shouldThrow<IllegalArgumentException> { Frame(opcode) } }
            }
            listOf(0, 1, 2, 8, 9, 10).map { Frame(it).opcode } shouldBe listOf(0, 1, 2, 8, 9, 10)
        }

        test("a control frame is final and carries 125 bytes at most") {
            for (opcode in listOf(Opcode.CLOSE, Opcode.PING, Opcode.PONG)) {
                Frame(opcode, ByteArray(125)).body.size shouldBeExactly 125
                shouldThrow<IllegalArgumentException> { Frame(opcode, ByteArray(126)) }
                shouldThrow<IllegalArgumentException> { Frame(opcode, fin = false) }
            }
        }

        test("mask gives a new array, combined with the key of the frame, and undoes itself") {
            val frame = Frame(Opcode.TEXT, maskingKey = 0x37FA213D)
            val hello = hex("48 65 6c 6c 6f")
            val masked = frame.mask(hello)
            masked.toHex() shouldBe "7f 9f 4d 51 58"
            hello.toHex() shouldBe "48 65 6c 6c 6f"
            frame.mask(masked) shouldBe hello
            val plain = Frame(Opcode.TEXT).mask(hello)
            plain shouldBe hello
            plain shouldNotBeSameInstanceAs hello
        }

        test("frames with equal content are equal") {
            fun frame() = Frame(Opcode.TEXT, hex("48"), 7)
            frame() shouldBe frame()
            frame().hashCode() shouldBe frame().hashCode()
            listOf(
                Frame(Opcode.BINARY, hex("48"), 7),
                Frame(Opcode.TEXT, hex("49"), 7),
                Frame(Opcode.TEXT, hex("48"), null),
                Frame(Opcode.TEXT, hex("48"), 7, fin = false),
                Frame(Opcode.TEXT, hex("48"), 7, rsv2 = true),
            ).forEach { frame() shouldNotBe it }
            frame().toString() shouldBe "Frame(opcode=1, fin=true, masked=true, 1 bytes)"
        }
    })
