package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.SendState
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

class ProtocolStreamingTest :
    FunSpec({
        bothRoles("a message goes out frame by frame, the last one with FIN") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.TEXT) shouldBe true
            end.output.size shouldBe 0
            end.protocol.sendMessageFrame(hex("61 62")) shouldBe true
            end.protocol.sendMessageFrame(hex("00 63 64 00"), 1, 2) shouldBe true
            end.protocol.endMessage(hex("65")) shouldBe true
            end.sent() shouldContainExactly listOf("01 61 62", "00 63 64", "80 65")
            end.protocol.sendState shouldBe SendState.GROUND
        }

        bothRoles("a frame's data goes out in pieces, masked as one") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.BINARY)
            end.protocol.beginMessageFrame(7) shouldBe true
            end.protocol.sendMessageFrameData(hex("01")) shouldBe 6
            end.protocol.sendMessageFrameData(hex("02 03 04 05 06")) shouldBe 1
            end.protocol.sendMessageFrameData(hex("07 08 09")) shouldBe -2
            end.protocol.endMessage()
            end.sent() shouldContainExactly listOf("02 01 02 03 04 05 06 07", "80")
        }

        bothRoles("a frame of no length is complete at once") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.BINARY)
            end.protocol.beginMessageFrame(0)
            end.protocol.sendState shouldBe SendState.INSIDE_MESSAGE
            end.protocol.endMessage()
            end.sent() shouldContainExactly listOf("02", "80")
        }

        bothRoles("a message without frames is one empty frame") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.TEXT)
            end.protocol.endMessage()
            end.sent() shouldContainExactly listOf("81")
        }

        bothRoles("control frames go between frames, and wait for the end of one that is open") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.TEXT)
            end.protocol.sendMessageFrame(hex("61"))
            end.protocol.sendPing(hex("01"))
            end.protocol.beginMessageFrame(2)
            end.protocol.sendMessageFrameData(hex("62"))
            end.protocol.sendPing(hex("02"))
            end.protocol.sendPong(hex("03"))
            end.protocol.sendMessageFrameData(hex("63"))
            end.protocol.endMessage()
            end.sent() shouldContainExactly
                listOf("01 61", "ping 01", "00 62 63", "ping 02", "pong 03", "80")
        }

        bothRoles("the last Ping that comes while a frame is open is answered after it") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.TEXT)
            end.protocol.beginMessageFrame(1)
            repeat(1000) { end.receive(frame(0x89, "%02x".format(it % 256))) }
            end.protocol.sendMessageFrameData(hex("61"))
            end.protocol.outputWritten()
            end.sent() shouldContainExactly listOf("01 61", "pong e7")
        }

        bothRoles("a Close waits for the open frame, and nothing follows it") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.TEXT)
            end.protocol.beginMessageFrame(2)
            end.protocol.sendClose(1000) shouldBe true
            end.protocol.localClose?.code shouldBe 1000
            end.protocol.sendPing() shouldBe false
            end.protocol.sendMessageFrameData(hex("61 62")) shouldBe 0
            end.protocol.sendMessageFrame(hex("63")) shouldBe false
            end.protocol.beginMessageFrame(1) shouldBe false
            end.protocol.endMessage() shouldBe false
            end.sent() shouldContainExactly listOf("01 61 62", "close 1000")
        }

        bothRoles("messages do not mix, and every call has its states") {
            val end = ProtocolEnd(role)
            with(end.protocol) {
                shouldThrow<IllegalStateException> { beginMessageFrame(1) }
                shouldThrow<IllegalStateException> { sendMessageFrame(hex("61")) }
                shouldThrow<IllegalStateException> { sendMessageFrameData(hex("61")) }
                shouldThrow<IllegalStateException> { endMessage() }
                beginMessage(MessageType.TEXT)
                sendState shouldBe SendState.MESSAGE_BEGIN
                shouldThrow<IllegalStateException> { beginMessage(MessageType.TEXT) }
                shouldThrow<IllegalStateException> { sendMessage(MessageType.TEXT, hex("61")) }
                shouldThrow<IllegalStateException> { sendMessageFrameData(hex("61")) }
                shouldThrow<IllegalArgumentException> { beginMessageFrame(-1) }
                beginMessageFrame(1)
                sendState shouldBe SendState.INSIDE_MESSAGE_FRAME
                shouldThrow<IllegalStateException> { beginMessageFrame(1) }
                shouldThrow<IllegalStateException> { sendMessageFrame(hex("61")) }
                shouldThrow<IllegalStateException> { endMessage() }
            }
            end.output.takeAll()[0] shouldBe 0x01
        }

        bothRoles("a frame may be longer than any array") {
            val end = ProtocolEnd(role)
            end.protocol.beginMessage(MessageType.BINARY)
            end.protocol.beginMessageFrame(1L shl 40)
            end.protocol.sendMessageFrameData(hex("01 02")) shouldBe (1L shl 40) - 2
            val bytes = end.output.takeAll()
            val mask = if (role == Role.CLIENT) "ff" else "7f"
            bytes.copyOf(10) shouldBe hex("02 $mask 00 00 01 00 00 00 00 00")
        }

        test("a frame's data is masked with one key however it is cut") {
            val data = ByteArray(9000) { it.toByte() }
            for (cut in listOf(1, 2, 3, 4, 5, 2048, 2049, 8191)) {
                val end = ProtocolEnd(Role.CLIENT)
                end.protocol.beginMessage(MessageType.BINARY)
                end.protocol.beginMessageFrame(data.size.toLong())
                data.indices.step(cut).forEach {
                    end.protocol.sendMessageFrameData(data, it, minOf(cut, data.size - it))
                }
                end.protocol.endMessage()
                WireFrame.readAll(end.output.takeAll()).first().payload shouldBe data
            }
        }
    })
