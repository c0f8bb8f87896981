package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.ProtocolEvents
import dev.kobahn.protocol.ProtocolPair
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.WireFrame
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.hex
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** RFC 6455 sections 5.5.2 and 5.5.3. */
class ProtocolPingTest :
    FunSpec({
        bothRoles("every Ping is answered by a Pong with its payload, in order") {
            val outcome = receiving(frame(0x89, "01") + frame(0x89) + frame(0x89, "02 03"))
            outcome.sent.shouldContainExactly("pong 01", "pong", "pong 02 03")
        }

        bothRoles("a Pong may be left to the owner of the events") {
            val output = ByteQueue()
            val events = object : ProtocolEvents {
                override fun onPongDue(payload: ByteArray) = payload.size > 1
            }
            val protocol = Protocol(config, output, { ProtocolEnd.KEY }, events)
            protocol.receive(ByteBuffer.wrap(frame(0x89, "01") + frame(0x89, "02 03")))
            protocol.sendPong(byteArrayOf(4))
            WireFrame.readAll(output.takeAll()).map(WireFrame::toString)
                .shouldContainExactly("pong 02 03", "pong 04")
        }

        bothRoles("a Pong is answered by nothing") {
            receiving(frame(0x8A, "01")).sent.shouldBeEmpty()
        }

        test("Ping and Pong cross from end to end") {
            val pair = ProtocolPair()
            pair.client.protocol.sendPing(hex("01"))
            pair.server.protocol.sendPing(hex("02"))
            pair.exchange(chunk = 1)
            pair.client.events.list.shouldContainExactly("ping 02", "pong 01")
            pair.server.events.list.shouldContainExactly("ping 01", "pong 02")
        }

        bothRoles("a million Pings stay bounded while nobody reads, and the last is answered") {
            val output = ByteQueue()
            val protocol = Protocol(config, output, { ProtocolEnd.KEY }, object : ProtocolEvents {})
            repeat(PINGS / BATCH) { batch -> protocol.receive(pings(batch * BATCH)) }
            output.size shouldBeLessThan BACKLOG + 256L

            val answered = WireFrame.readAll(output.takeAll())
            answered.map(::number) shouldBe answered.indices.toList()
            protocol.outputWritten()
            WireFrame.readAll(output.takeAll()).map(::number).shouldContainExactly(PINGS - 1)
            protocol.outputWritten()
            output.isEmpty shouldBe true
        }

        bothRoles("the last of the Pings that arrive while too much waits is answered") {
            val end = ProtocolEnd(role)
            end.protocol.sendMessage(MessageType.BINARY, ByteArray(BACKLOG))
            end.receive(frame(0x89, "01"))
            end.protocol.outputWritten()
            WireFrame.readAll(end.output.takeAll()).size shouldBe 1
            end.receive(frame(0x89, "02"))
            end.protocol.outputWritten()
            end.sent().shouldContainExactly("pong 02")
        }

        bothRoles("no Pong follows a Close") {
            val end = ProtocolEnd(role)
            end.protocol.sendMessage(MessageType.BINARY, ByteArray(BACKLOG))
            end.receive(frame(0x89, "01"))
            end.protocol.sendClose()
            end.output.clear()
            end.protocol.outputWritten()
            end.output.isEmpty shouldBe true
        }
    })

private const val PINGS = 1_000_000
private const val BATCH = 10_000
private const val BACKLOG = 64 * 1024

/** [BATCH] Pings as this side's peer sends them, each with its number, from [first] on. */
private fun Side.pings(first: Int): ByteBuffer {
    val frame = frame(0x89, ByteArray(4))
    val buffer = ByteBuffer.allocate(frame.size * BATCH)
    val mask = if (role == Role.SERVER) ProtocolEnd.KEY else 0
    for (number in first until first + BATCH) {
        buffer.put(frame, 0, frame.size - 4).putInt(number xor mask)
    }
    buffer.flip()
    return buffer
}

private fun number(pong: WireFrame): Int = ByteBuffer.wrap(pong.payload).getInt()
