package dev.kobahn.protocol.stream

import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.frame.FrameParser
import dev.kobahn.protocol.hex
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.InputStream
import java.io.OutputStream
import java.nio.ByteBuffer

/** The code in `lib/docs/sans-io.md` is that of `SansIo.kt`, and works. */
class SansIoTest :
    FunSpec({
        test("the code on the page is the code that is compiled") {
            val code = File("src/test/kotlin/dev/kobahn/protocol/stream/SansIo.kt").readText()
            val blocks = BLOCK.findAll(File("../docs/sans-io.md").readText()).toList()
            blocks shouldHaveSize 3
            for (block in blocks) {
                code.replace("internal ", "") shouldContain block.groupValues[1]
            }
        }

        val loops = mapOf<String, (InputStream, OutputStream) -> Unit>(
            "protocol" to ::serve,
            "stream" to ::serveStream,
        )
        for ((name, loop) in loops) {
            test("the loop around a $name echoes, answers Pings and closes") {
                val frames = listOf(
                    WireFrame(0x01, hex("48 65"), ProtocolEnd.KEY),
                    WireFrame(0x80, hex("6c 6c 6f"), ProtocolEnd.KEY),
                    WireFrame(0x82, ByteArray(10_000), ProtocolEnd.KEY),
                    WireFrame(0x89, hex("07"), ProtocolEnd.KEY),
                    WireFrame(0x88, hex("03 e8"), ProtocolEnd.KEY),
                )
                answers(loop, frames) shouldBe listOf(
                    "81 48 65 6c 6c 6f",
                    WireFrame(0x82, ByteArray(10_000)).toString(),
                    "pong 07",
                    "close 1000",
                )
            }

            test("the loop around a $name reports the peer's violation") {
                answers(loop, listOf(WireFrame(0x83, key = 1))) shouldBe
                    listOf("close 1002 reserved opcodes must not be used")
            }
        }

        test("the loop around a frame parser gives all frames and keeps the rest") {
            val parser = FrameParser()
            val bytes = hex("81 01 61 89 00 82 02 01")
            frames(parser, ByteBuffer.wrap(bytes)).map { it.opcode } shouldBe listOf(1, 9)
            withClue("the rest") {
                frames(parser, ByteBuffer.wrap(hex("02"))).single().body shouldBe hex("01 02")
            }
        }
    })

private val BLOCK = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL)

private fun answers(
    loop: (InputStream, OutputStream) -> Unit,
    frames: List<WireFrame>,
): List<String> {
    val output = ByteArrayOutputStream()
    loop(frames.map { it.encode() }.reduce(ByteArray::plus).inputStream(), output)
    return WireFrame.readAll(output.toByteArray()).map { it.toString() }
}
