package dev.kobahn.protocol

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestCase
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldNotBeSameInstanceAs
import java.nio.ByteBuffer

class MessageAssemblerTest :
    FunSpec({
        test("chunks of frames are put together in order") {
            val assembler = MessageAssembler()
            assembler.add(5, hex("01 02"), hex("03"), hex("04 05"))
            assembler.add(0)
            assembler.add(2, hex("06 07"))
            assembler.end() shouldBe hex("01 02 03 04 05 06 07")
        }

        test("a chunk is taken from position to limit and consumed, heap or direct") {
            listOf(ByteBuffer.allocate(8), ByteBuffer.allocateDirect(8)).forEach { buffer ->
                val chunk = buffer.put(ByteArray(8) { it.toByte() })
                chunk.position(2).limit(5)
                val assembler = MessageAssembler()
                assembler.beginFrame(3)
                assembler.append(chunk)
                chunk.position() shouldBe 5
                assembler.end() shouldBe hex("02 03 04")
            }
        }

        test("messages do not share bytes and an empty one is empty") {
            val assembler = MessageAssembler()
            assembler.add(1, hex("01"))
            val first = assembler.end()
            assembler.add(1, hex("02"))
            val second = assembler.end()
            first shouldBe hex("01")
            second shouldBe hex("02")
            second shouldNotBeSameInstanceAs first
            assembler.end() shouldBe ByteArray(0)
        }

        test("cleared bytes are forgotten") {
            val assembler = MessageAssembler()
            assembler.add(1000, ByteArray(500))
            assembler.clear()
            assembler.add(1, hex("01"))
            assembler.end() shouldBe hex("01")
        }

        test("capacity grows as needed, to at most twice what arrived, within the limit") {
            MessageAssembler.capacity(needed = 10, limit = 1L shl 61) shouldBe 20
            MessageAssembler.capacity(needed = 11, limit = 15) shouldBe 15
            MessageAssembler.capacity(needed = 30, limit = 30) shouldBe 30
            MessageAssembler.capacity(needed = 30, limit = 10) shouldBe 30
        }

        test("capacity never passes the longest array") {
            val most = MessageAssembler.MAX_SIZE
            MessageAssembler.capacity((1L shl 30) + 1, 1L shl 40) shouldBe most
            MessageAssembler.capacity(most.toLong(), 1L shl 40) shouldBe most
        }

        test("a message longer than the longest array is too big") {
            shouldThrow<ProtocolException> {
                MessageAssembler.capacity(Int.MAX_VALUE.toLong(), 1L shl 40)
            }.violation shouldBe Violation.MESSAGE_TOO_BIG
        }

        context("allocation").config(enabledOrReasonIf = whereMeasured) {
            test("one chunk is allocated once, exactly") {
                val chunk = ByteArray(MIB)
                val assembler = MessageAssembler()
                Allocation.of {
                    assembler.add(chunk.size.toLong(), chunk)
                    assembler.end()
                } shouldBeLessThan MIB + SLACK
            }

            test("a declared length allocates nothing") {
                val assembler = MessageAssembler()
                Allocation.of {
                    assembler.add(1L shl 62, ByteArray(1000), ByteArray(1000))
                } shouldBeLessThan SLACK
            }

            test("a message in frames of one byte costs a small multiple of its size") {
                val byte = ByteBuffer.wrap(ByteArray(1))
                val assembler = MessageAssembler()
                Allocation.of {
                    repeat(MIB) {
                        assembler.beginFrame(1)
                        assembler.append(byte.position(0) as ByteBuffer)
                    }
                    assembler.end().size shouldBe MIB
                } shouldBeLessThan 5 * MIB + SLACK
            }
        }
    })

internal val whereMeasured: (TestCase) -> Enabled = {
    if (Allocation.isMeasured) {
        Enabled.enabled
    } else {
        Enabled.disabled(
            "this JVM counts no allocations",
        )
    }
}

private const val MIB = 1 shl 20
private const val SLACK = 64L * 1024

private fun MessageAssembler.add(length: Long, vararg chunks: ByteArray) {
    beginFrame(length)
    chunks.forEach { append(ByteBuffer.wrap(it)) }
}
