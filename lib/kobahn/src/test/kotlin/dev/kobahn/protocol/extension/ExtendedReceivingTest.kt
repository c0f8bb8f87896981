package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.endpoint.TrafficCounts
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldEndWith
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.nio.ByteBuffer

/** Extensions that transform received messages (RFC 6455 sections 5.2, 5.4 and 9.1). */
class ExtendedReceivingTest :
    FunSpec({
        fun Side.end(vararg extensions: AgreedExtension, limit: Long = 1000) =
            ProtocolEnd(ProtocolConfig(role, maxMessagePayloadSize = limit))
                .also { it.protocol.extend(extensions.toList()) }

        fun Side.failure(
            bytes: ByteArray,
            vararg extensions: AgreedExtension,
            limit: Long = 1000,
        ) = end(*extensions, limit = limit).also { it.receive(bytes) }.events.failure?.violation

        bothRoles("a message is restored in the reverse order, cut at any byte") {
            val bytes = frame(0x62, "02 02 03") + frame(0x80, "03")
            for (cut in 1 until bytes.size) {
                val end = end(rotation(1), doubling())
                end.receive(bytes.copyOf(cut))
                end.receive(bytes.copyOfRange(cut, bytes.size))
                end.events.messages shouldBe listOf("binary 01 02")
            }
        }

        bothRoles("only the extensions that marked a message restore it") {
            val end = end(rotation(1), doubling())
            end.receive(frame(0xC2, "02 03") + frame(0xA2, "02 02") + frame(0x82, "05"))
            end.events.messages shouldBe listOf("binary 01 02", "binary 02", "binary 05")
        }

        bothRoles("an extension without a reserved bit restores every message") {
            val end = end(rotation(1, reservedBits = 0))
            end.receive(frame(0x82, "02 03"))
            end.events.messages shouldBe listOf("binary 01 02")
        }

        bothRoles(
            "reserved bits that no extension has are a violation, and those not on a first frame",
        ) {
            for (first in listOf(0x92, 0xD2, 0xA2)) {
                failure(frame(first, "01"), rotation(1)) shouldBe Violation.RESERVED_BITS_SET
            }
            failure(frame(0x42, "01") + frame(0xC0, "01"), rotation(1)) shouldBe
                Violation.RESERVED_BITS_SET
            failure(frame(0xC9, "01"), rotation(1)) shouldBe Violation.RESERVED_BITS_SET
            // Half of the mark.
            failure(frame(0xC2, "01"), rotation(1, reservedBits = 6)) shouldBe
                Violation.RESERVED_BITS_SET
        }

        bothRoles("text is UTF-8 after it was restored, not before") {
            val end = end(rotation(0x40))
            end.receive(frame(0xC1, "88 a9"))
            end.events.messages shouldBe listOf("text 48 69")
            failure(frame(0xC1, "3f"), rotation(0x40)) shouldBe Violation.TEXT_NOT_UTF8
            failure(frame(0xC1, "03"), rotation(0x40)) shouldBe Violation.TEXT_NOT_UTF8
            val late = end(rotation(0x40))
            late.receive(frame(0x41, "88 a9") + frame(0x80, "88 3f"))
            late.protocol.failure?.message.orEmpty() shouldContain "byte 3"
        }

        bothRoles("the limit of a message holds for its restored bytes, not for the wire") {
            val bytes = frame(0x22, "01 01 02 02") + frame(0x80, "03 03")
            failure(bytes, doubling(), limit = 3) shouldBe null
            failure(bytes, doubling(), limit = 2) shouldBe Violation.MESSAGE_TOO_BIG
            failure(frame(0xC2, "03 00 01 00"), expansion(), limit = 4) shouldBe null
            failure(frame(0xC2, "03 00 02 00"), expansion(), limit = 4) shouldBe
                Violation.MESSAGE_TOO_BIG
        }

        bothRoles("an extension may have a limit of its own") {
            failure(frame(0xA2, "01 01 02 02"), doubling(maxMessageSize = 2)) shouldBe null
            failure(frame(0xA2, "01 01 02 02"), doubling(maxMessageSize = 1)) shouldBe
                Violation.MESSAGE_TOO_BIG
        }

        bothRoles("a message expands too much when it does so beyond its first MiB") {
            val runs = ByteArray(10_000) { if (it % 2 == 0) -1 else 7 }
            // 5,000 runs of 255: 127 times as much
            failure(frame(0xC2, runs), expansion(maxExpansion = 128), limit = 0) shouldBe null
            failure(frame(0xC2, runs), expansion(maxExpansion = 126), limit = 0) shouldBe
                Violation.EXPANDS_TOO_MUCH
            failure(
                frame(0xC2, runs.copyOf(8_000)),
                expansion(maxExpansion = 126),
                limit = 0,
            ) shouldBe
                null
        }

        bothRoles("the peer sees no details of a decoder's exception") {
            val end = ProtocolEnd(config)
            end.protocol.extend(listOf(decodingBy { error("the password is x") }))
            end.receive(frame(0xC2, "01"))
            end.events.failure?.cause?.message shouldBe "the password is x"
            val close = end.sent().single()
            close shouldNotContain "password"
            close shouldNotContain "Exception"
        }

        bothRoles("an exception of a decoder blames the peer's data: 1007") {
            val extension = decodingBy { throw ArithmeticException("by zero") }
            val end = end(extension)
            end.receive(frame(0xC2, "01"))
            end.events.failure?.violation shouldBe Violation.CODED_DATA_INVALID
            end.events.failure?.cause?.message shouldBe "by zero"
            end.sent().single().take("close 1007".length) shouldBe "close 1007"
            // at the end of the message
            failure(frame(0xA2, "01"), doubling()) shouldBe Violation.CODED_DATA_INVALID
        }

        bothRoles("after bad data the peer's Close is found, wherever that is cut") {
            val bytes = frame(0xC2, "01 02 03") + frame(0x88, "03 e8")
            for (cut in 0 until bytes.size) {
                val end = end(decodingBy { throw ArithmeticException() })
                end.receive(bytes.copyOf(cut))
                end.receive(bytes.copyOfRange(cut, bytes.size))
                end.events.list.last() shouldBe "close 1000"
            }
        }

        bothRoles("an exception of the application passes through the decoders") {
            val events = object : ProtocolEvents {
                override fun onFrameData(chunk: ByteBuffer) = throw ArithmeticException()
            }
            val protocol = Protocol(config, ByteQueue(), { 0 }, events)
            protocol.extend(listOf(rotation(1), doubling()))
            shouldThrow<ArithmeticException> {
                protocol.receive(ByteBuffer.wrap(frame(0xE2, "01 01")))
            }
        }

        bothRoles("traffic counts received bytes and restored bytes separately") {
            val end = end(doubling())
            end.receive(frame(0xA2, "01 01 02 02") + frame(0x82, "01"))
            val traffic = end.protocol.traffic.toArray()
            traffic[TrafficCounts.PAYLOAD_RECEIVED] shouldBe 5
            traffic[TrafficCounts.APPLICATION_RECEIVED] shouldBe 3
        }

        bothRoles("a message that grows is put together without being copied for each piece") {
            val end = end(expansion(), limit = 0)
            val runs = ByteArray(20_000) { if (it % 2 == 0) -1 else 7 }
            end.receive(frame(0xC2, runs))
            end.events.messages.single().length shouldBe "binary".length + 3 * 255 * 10_000
        }

        bothRoles("bytes not yet decoded when receiving pauses are left for later") {
            lateinit var protocol: Protocol
            val seen = mutableListOf<Int>()
            val events = object : ProtocolEvents {
                override fun onFrameData(chunk: ByteBuffer) {
                    seen += chunk.remaining()
                    protocol.pauseReceiving()
                }
            }
            protocol = Protocol(config, ByteQueue(), { 0 }, events)
            protocol.extend(listOf(rotation(1)))
            val input = ByteBuffer.wrap(frame(0xC2, ByteArray(2500)) + frame(0x82, "01"))
            val left = mutableListOf<Int>()
            while (input.hasRemaining()) {
                protocol.resumeReceiving()
                protocol.receive(input)
                left += input.remaining()
            }
            seen shouldBe listOf(1024, 1024, 452, 1)
            left shouldEndWith listOf(0)
            left.size shouldBe 4
        }

        bothRoles("extensions are set once") {
            val end = end(rotation(1))
            shouldThrow<IllegalStateException> { end.protocol.extend(listOf(rotation(1))) }
        }
    })
