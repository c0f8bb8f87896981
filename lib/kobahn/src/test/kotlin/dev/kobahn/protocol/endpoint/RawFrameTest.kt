package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.FrameMask
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer

/** Frames and bytes that are sent without checks. */
@OptIn(DelicateWebSocketApi::class)
class RawFrameTest :
    FunSpec({
        val abc = "abc".encodeToByteArray()

        fun ProtocolEnd.send(frame: RawFrame): ByteArray {
            protocol.sendFrame(frame)
            return output.takeAll()
        }

        test("every opcode, reserved bits and FIN stand in the first byte") {
            val end = ProtocolEnd(Role.SERVER)
            for (opcode in 0..15) {
                for (rsv in 0..7) {
                    end.send(RawFrame(opcode, rsv = rsv))[0] shouldBe
                        (0x80 or (rsv shl 4) or opcode).toByte()
                    end.send(RawFrame(opcode, fin = false, rsv = rsv))[0] shouldBe
                        ((rsv shl 4) or opcode).toByte()
                }
            }
        }

        test("a value that does not fit into its bits is an error") {
            shouldThrow<IllegalArgumentException> { RawFrame(16) }
            shouldThrow<IllegalArgumentException> { RawFrame(-1) }
            shouldThrow<IllegalArgumentException> { RawFrame(1, rsv = 8) }
            shouldThrow<IllegalArgumentException> { RawFrame(1, rsv = -1) }
            shouldThrow<IllegalArgumentException> { RawFrame(1, abc, payloadLength = -1) }
        }

        test("a payload is repeated or cut to payloadLength, and there must be one") {
            val end = ProtocolEnd(Role.SERVER)
            fun sent(length: Long) =
                WireFrame.readAll(end.send(RawFrame(2, abc, payloadLength = length)))
                    .single().payload.decodeToString()
            sent(7) shouldBe "abcabca"
            sent(3) shouldBe "abc"
            sent(2) shouldBe "ab"
            sent(0) shouldBe ""
            sent(70_000) shouldBe "abc".repeat(24_000).take(70_000)
            shouldThrow<IllegalArgumentException> { RawFrame(2, payloadLength = 1) }
                .message shouldContain "no payload to repeat"
            end.send(RawFrame(2, payloadLength = 0)) shouldBe hex("82 00")
        }

        test("a payloadLength of any size takes no memory, and no more than 2^62 bytes may wait") {
            val end = ProtocolEnd(Role.CLIENT)
            val frame = RawFrame(2, abc, payloadLength = (1L shl 61))
            end.protocol.sendFrame(frame)
            end.output.size shouldBe (1L shl 61) + 14
            val start = ByteBuffer.allocate(2)
            end.output.copyTo(start)
            start.array() shouldBe hex("82 ff")
            shouldThrow<IllegalArgumentException> { repeat(2) { end.protocol.sendFrame(frame) } }
            if (Allocation.isMeasured) {
                Allocation.of { end.protocol.sendPing() } shouldBeLessThan 10_000
            }
        }

        test("an explicit key is written and applied, on either side") {
            for (role in Role.entries) {
                val end = ProtocolEnd(role)
                end.send(RawFrame(1, abc, mask = FrameMask(0x01020304))) shouldBe
                    hex("81 83 01 02 03 04 60 60 60")
            }
        }

        test("a key may be left out, or not applied, and a client need not mask") {
            val end = ProtocolEnd(Role.CLIENT)
            end.send(RawFrame(1, abc, mask = FrameMask(0x01020304, false, true))) shouldBe
                hex("81 83 60 60 60")
            end.send(RawFrame(1, abc, mask = FrameMask(0x01020304, true, false))) shouldBe
                hex("81 83 01 02 03 04 61 62 63")
            end.send(RawFrame(1, abc, mask = FrameMask.NONE)) shouldBe hex("81 03 61 62 63")
            end.send(RawFrame(1, abc)) shouldBe hex("81 83 37 fa 21 3d 56 98 42")
        }

        bothRoles("lengths have their shortest form, masked as usual") {
            for (length in listOf(0, 125, 126, 65_535, 65_536)) {
                val payload = ByteArray(length) { it.toByte() }
                val raw = ProtocolEnd(role)
                val usual = ProtocolEnd(role)
                usual.protocol.sendMessage(MessageType.BINARY, payload)
                raw.send(RawFrame(2, payload)) shouldBe usual.output.takeAll()
            }
        }

        bothRoles("a frame is sent in any state, and this end takes no note of it") {
            val end = ProtocolEnd(role)
            end.protocol.sendFrame(RawFrame(8))
            end.protocol.localClose shouldBe null
            end.protocol.sendMessage(MessageType.TEXT, abc) shouldBe true
            end.protocol.sendClose()
            end.protocol.sendFrame(RawFrame(1, abc))
            end.sent().shouldContainExactly("close", "81 61 62 63", "close 1000", "81 61 62 63")
        }

        bothRoles("bytes are sent as they are") {
            val end = ProtocolEnd(role)
            end.protocol.sendData(abc)
            end.output.takeAll() shouldBe abc
        }

        bothRoles("chopped and synchronous bytes leave in writes of their own") {
            val end = ProtocolEnd(role)
            fun sizes() = buildList {
                while (!end.output.isEmpty) {
                    val count = end.output.copyTo(ByteBuffer.allocate(1000))
                    end.output.remove(count)
                    add(count)
                }
            }
            end.protocol.sendData(ByteArray(2))
            end.protocol.sendData(ByteArray(5), chopSize = 2)
            end.protocol.sendData(ByteArray(10))
            end.protocol.sendData(ByteArray(20))
            sizes() shouldBe listOf(2, 2, 2, 1, 30)
            end.protocol.sendData(ByteArray(2))
            end.protocol.sendData(ByteArray(5), sync = true)
            end.protocol.sendData(ByteArray(6), sync = true)
            end.protocol.sendData(ByteArray(10))
            sizes() shouldBe listOf(2, 5, 6, 10)
            shouldThrow<IllegalArgumentException> { end.protocol.sendData(abc, chopSize = -1) }
        }
    })
