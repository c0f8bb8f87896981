package dev.kobahn.protocol.frame

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** RFC 6455 section 5.2. */
class FrameHeaderWriterTest :
    FunSpec({
        val output = ByteQueue()

        fun append(fin: Boolean, opcode: Int, length: Long, masked: Boolean, key: Int) =
            FrameHeaderWriter.append(output, fin, opcode, length, masked, key)

        test("FIN and opcode make the first byte") {
            append(fin = true, Opcode.TEXT, 1, masked = false, 0)
            append(fin = false, Opcode.BINARY, 2, masked = false, 0)
            append(fin = false, Opcode.CONTINUATION, 3, masked = false, 0)
            append(fin = true, Opcode.PONG, 4, masked = false, 0)
            output.takeAll() shouldBe hex("81 01  02 02  00 03  8a 04")
        }

        test("a key follows the length, and only with the mask bit") {
            append(fin = true, Opcode.TEXT, 5, masked = true, 0x37FA213D)
            append(fin = true, Opcode.TEXT, 300, masked = true, -1)
            append(fin = true, Opcode.TEXT, 5, masked = false, 0x37FA213D)
            output.takeAll() shouldBe hex("81 85 37 fa 21 3d  81 fe 01 2c ff ff ff ff  81 05")
        }

        test("the mask bit may stand without a key") {
            FrameHeaderWriter
                .append(output, fin = true, Opcode.TEXT, 5, masked = true, -1, writesKey = false)
            output.takeAll() shouldBe hex("81 85")
        }

        test("every length has its shortest form") {
            mapOf(
                0L to "82 00",
                125L to "82 7d",
                126L to "82 7e 00 7e",
                65535L to "82 7e ff ff",
                65536L to "82 7f 00 00 00 00 00 01 00 00",
                1L shl 32 to "82 7f 00 00 00 01 00 00 00 00",
                Long.MAX_VALUE to "82 7f 7f ff ff ff ff ff ff ff",
            ).forEach { (length, header) ->
                append(fin = true, Opcode.BINARY, length, masked = false, 0)
                output.takeAll() shouldBe hex(header)
            }
        }

        test("headers at all boundaries equal those of another writer") {
            for (length in listOf(0L, 1, 124, 125, 126, 127, 65534, 65535, 65536, 65537)) {
                for (key in listOf(null, 0, -0x10203)) {
                    append(fin = false, Opcode.TEXT, length, key != null, key ?: 0)
                    output.takeAll() shouldBe WireFrame(0x01, key = key, declared = length).encode()
                }
            }
        }
    })
