package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** A generator that would take anything for an echo would measure nothing. */
class FrameReaderTest :
    FunSpec({
        test("echoes in their order are counted, however they are cut") {
            val bytes = frame(0) + frame(1) + frame(2)
            for (cut in 1 until bytes.size) {
                val reading = Reading()
                reading.read(bytes.copyOf(cut))
                reading.read(bytes.copyOfRange(cut, bytes.size))
                reading.messages shouldBe 3
            }
        }

        test("a message in fragments is one message") {
            val message = message(0)
            val first = byteArrayOf(1, 10) + message.copyOf(10)
            val second = byteArrayOf(0x80.toByte(), 22) + message.copyOfRange(10, 32)
            Reading().apply { read(first + second) }.messages shouldBe 1
        }

        test("echoes in another order are wrong") {
            shouldThrow<WrongEcho> { Reading().read(frame(1) + frame(0)) }
        }

        test("an echo of another connection is wrong") {
            shouldThrow<WrongEcho> { Reading().read(frame(0, connection = 1)) }
        }

        test("one byte that differs is noticed, wherever it stands") {
            for (index in 0 until 34) {
                val bytes = frame(0)
                bytes[index] = (bytes[index].toInt() xor 1).toByte()
                val reading = Reading()
                val noticed =
                    runCatching { reading.read(bytes) }.isFailure || reading.messages == 0
                noticed shouldBe true
            }
        }

        test("a Ping between echoes is handed on with its payload, however it is cut") {
            val bytes = frame(0) + byteArrayOf(0x89.toByte(), 2, 7, 8) + frame(1)
            for (cut in 1 until bytes.size) {
                val reading = Reading()
                reading.read(bytes.copyOf(cut))
                reading.read(bytes.copyOfRange(cut, bytes.size))
                reading.messages shouldBe 2
                reading.pings shouldBe listOf(listOf<Byte>(7, 8))
            }
        }

        test("a Pong that was not asked for is wrong") {
            shouldThrow<WrongEcho> { Reading().read(byteArrayOf(0x8A.toByte(), 0)) }
        }

        test("a shorter echo is wrong") {
            shouldThrow<WrongEcho> {
                Reading().read(byteArrayOf(0x81.toByte(), 12) + message(0).copyOf(12))
            }
        }
    })

private val payload = Payload.ascii(32)

private fun message(sequence: Long, connection: Int = 0) =
    payload.unmarked().also { payload.next(it, connection, sequence) }

private fun frame(sequence: Long, connection: Int = 0) =
    byteArrayOf(0x81.toByte(), 32) + message(sequence, connection)

/** Does with what is left over what a connection does. */
private class Reading {
    var messages = 0
        private set
    val pings = mutableListOf<List<Byte>>()
    private val reader = FrameReader(
        ExpectedMessages(payload, 0),
        { messages++ },
        { pings += it.asList() },
        { },
    )
    private var rest = ByteArray(0)

    fun read(bytes: ByteArray) {
        val all = rest + bytes
        rest = all.copyOfRange(reader.read(all, 0, all.size), all.size)
    }
}
