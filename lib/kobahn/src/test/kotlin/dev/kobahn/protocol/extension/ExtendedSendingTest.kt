package dev.kobahn.protocol.extension

import dev.kobahn.protocol.FrameLengthUnknownException
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.PreparedEncodings
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.endpoint.TrafficCounts
import dev.kobahn.protocol.hex
import dev.kobahn.protocol.sendPrepared
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

/** Extensions that transform sent messages (RFC 6455 sections 5.2, 5.4 and 9.1). */
class ExtendedSendingTest :
    FunSpec({
        fun Side.end(vararg extensions: AgreedExtension) =
            ProtocolEnd(config).also { it.protocol.extend(extensions.toList()) }

        fun ProtocolEnd.send(
            bytes: String,
            fragmentSize: Int = 0,
            doNotCompress: Boolean = false,
        ) = protocol.sendMessage(MessageType.BINARY, hex(bytes), fragmentSize, doNotCompress)

        bothRoles("a message passes the extensions in the order they were agreed on") {
            val end = end(rotation(1), doubling())
            end.send("01 02")
            // Both RSV1 and RSV2.
            end.sent() shouldBe listOf("e2 02 02 03 03")
            val other = end(doubling(), rotation(1))
            other.send("01 02")
            other.sent() shouldBe listOf("e2 02 02 03 03")
        }

        bothRoles("only the first frame of a message is marked, and no control frame") {
            val end = end(doubling())
            end.send("01 02", fragmentSize = 3)
            end.protocol.sendPing(hex("07"))
            end.sent() shouldBe listOf("22 01 01 02", "80 02", "ping 07")
        }

        bothRoles("a message that an extension encodes to nothing still has a frame") {
            val end = end(doubling())
            end.send("", fragmentSize = 3)
            end.sent() shouldBe listOf("a2")
        }

        bothRoles("a message that an extension leaves unchanged is not marked") {
            val end = end(encodingBy(OnlyLong(3)))
            end.send("01 02")
            end.send("01 02 03")
            end.sent() shouldBe listOf("82 01 02", "c2 02 03 04")
        }

        bothRoles("doNotCompress sends a message as it is") {
            val end = end(rotation(1))
            end.send("01 02", doNotCompress = true)
            end.protocol.beginMessage(MessageType.TEXT, doNotCompress = true)
            end.protocol.beginMessageFrame(1)
            end.protocol.sendMessageFrameData(hex("41"))
            end.protocol.endMessage(hex("42"))
            end.send("01 02")
            end.sent() shouldBe listOf("82 01 02", "01 41", "80 42", "c2 02 03")
        }

        bothRoles(
            "an extension without a reserved bit transforms also what is not to be compressed",
        ) {
            val end = end(rotation(1, reservedBits = 0), doubling())
            end.send("01", doNotCompress = true)
            end.send("01")
            end.sent() shouldBe listOf("82 02", "a2 02 02")
            val lazy =
                TestExtension("x-lazy", 0, encoder = { OnlyLong(3) }, decoder = { error("") })
            shouldThrow<IllegalStateException> {
                EncoderChain(
                    listOf(lazy),
                    CodecPool(),
                ).begin(MessageType.TEXT, 1, doNotCompress = false)
            }
        }

        bothRoles("each frame of a message sent piece by piece contains its bytes encoded") {
            val end = end(rotation(1))
            end.protocol.beginMessage(MessageType.TEXT)
            end.protocol.sendMessageFrame(hex("41 42 43"), 1, 2)
            end.protocol.sendMessageFrame(hex("44"))
            end.protocol.endMessage()
            end.sent() shouldBe listOf("41 43 44", "00 45", "80")
        }

        bothRoles(
            "a frame of known length cannot be begun in a transformed message, which goes on",
        ) {
            val end = end(rotation(1))
            end.protocol.beginMessage(MessageType.BINARY)
            shouldThrow<FrameLengthUnknownException> { end.protocol.beginMessageFrame(3) }
                .message shouldContain "doNotCompress"
            end.protocol.endMessage(hex("01"))
            end.sent() shouldBe listOf("c2 02")
        }

        bothRoles("a long message leaves masked as any other") {
            val end = end(rotation(0))
            val bytes = ByteArray(100_000) { it.toByte() }
            end.protocol.sendMessage(MessageType.BINARY, bytes, fragmentSize = 30_000)
            val peer = ProtocolEnd(
                if (role.name ==
                    "CLIENT"
                ) {
                    dev.kobahn.protocol.Role.SERVER
                } else {
                    dev.kobahn.protocol.Role.CLIENT
                },
            )
            peer.protocol.extend(listOf(rotation(0)))
            peer.receive(end.output.takeAll())
            peer.events.failure shouldBe null
            peer.events.messages.single().length shouldBe "binary".length + 3 * bytes.size
        }

        bothRoles("traffic counts the application's bytes and encoded bytes separately") {
            val end = end(doubling())
            end.send("01 02 03")
            end.send("01 02 03", doNotCompress = true)
            val traffic = end.protocol.traffic.toArray()
            traffic[TrafficCounts.PAYLOAD_SENT] shouldBe 9
            traffic[TrafficCounts.APPLICATION_SENT] shouldBe 6
        }

        bothRoles("a message for many is encoded once for all with the same standalone form") {
            val form = Any()
            val first = OnlyAlone(form)
            val second = OnlyAlone(form)
            val third = OnlyAlone(Any())
            val encodings = PreparedEncodings()
            val ends = listOf(first, second, third).map { end(encodingBy(it)) }
            val bytes = hex("01 02")
            ends.forEach { it.protocol.sendPrepared(MessageType.BINARY, bytes, encodings, 0) }
            ends.map { it.sent() } shouldContainExactly List(3) { listOf("c2 09 01 02") }
            listOf(first, second, third).map { it.made } shouldBe listOf(1, 0, 1)
            listOf(first, second, third).map { it.told } shouldBe List(3) { listOf(bytes) }
            val traffic = ends[0].protocol.traffic.toArray()
            traffic[TrafficCounts.APPLICATION_SENT] shouldBe 2
            traffic[TrafficCounts.PAYLOAD_SENT] shouldBe 3
        }

        bothRoles("a message for many is encoded for each where earlier messages matter") {
            val encodings = PreparedEncodings()
            val end = end(rotation(1))
            end.protocol.sendPrepared(MessageType.BINARY, hex("01"), encodings, 0)
            end.sent() shouldBe listOf("c2 02")
            val two = end(encodingBy(OnlyAlone(Any())), doubling())
            two.protocol.sendPrepared(MessageType.BINARY, hex("01"), encodings, 0)
            two.sent() shouldBe listOf("e2 01 01")
        }

        bothRoles("after an encoder failed nothing of its message is sent, and no other message") {
            val end = end(encodingBy(Failing()))
            shouldThrow<ArithmeticException> { end.send("01") }
            end.protocol.hasEncoderFailed shouldBe true
            shouldThrow<IllegalStateException> { end.send("01") }
            end.sent() shouldBe emptyList()
            end.send("01", doNotCompress = true) shouldBe true
            end.protocol.sendClose() shouldBe true
        }

        bothRoles("extensions free their resources in the middle of a message") {
            val extension = rotation(1)
            val end = end(extension)
            end.protocol.beginMessage(MessageType.BINARY)
            end.protocol.sendMessageFrame(hex("01"))
            extension.open shouldBe 2
            end.protocol.close()
            extension.open shouldBe 0
        }

        bothRoles("an extension that fails to close does not keep others from closing") {
            val good = rotation(1)
            val bad = encodingBy(object : EachByte({ listOf(it) }) {
                override fun close() = throw ArithmeticException()
            })
            val end = end(bad, good)
            shouldThrow<ArithmeticException> { end.protocol.close() }
            good.open shouldBe 0
        }
    })

/** Leaves messages of fewer than [least] bytes unchanged. */
private class OnlyLong(private val least: Int) : EachByte({ listOf(it + 1) }) {
    override fun begin(type: MessageType, length: Long) = length >= least
}

/** Puts a 9 before a message that is encoded standalone. */
private class OnlyAlone(override val standaloneForm: Any) : EachByte({ listOf(it) }) {
    var made = 0
    val told = mutableListOf<ByteArray>()

    override fun encodeStandalone(bytes: ByteArray, output: ByteSink) {
        made++
        output.write(byteArrayOf(9) + bytes, 0, bytes.size + 1)
    }

    override fun sentStandalone(bytes: ByteArray) {
        told += bytes
    }
}

/** Fails after it has produced some output. */
private class Failing : EachByte({ listOf(it) }) {
    override fun end(output: ByteSink) = throw ArithmeticException()
}
