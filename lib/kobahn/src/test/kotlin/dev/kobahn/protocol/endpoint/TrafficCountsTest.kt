package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.bothRoles
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class TrafficCountsTest :
    FunSpec({
        bothRoles("a message sent in fragments is one message of several frames") {
            val end = ProtocolEnd(config)
            end.protocol.sendMessage(MessageType.TEXT, ByteArray(10), fragmentSize = 4)
            end.sent() shouldBe listOf("01 00 00 00 00", "00 00 00 00 00", "80 00 00")
            end.counts() shouldBe Counts(sent = listOf(1, 3, 10))
        }

        bothRoles(
            "a message sent piece by piece counts from its beginning, its payload as it goes",
        ) {
            val end = ProtocolEnd(config)
            end.protocol.beginMessage(MessageType.BINARY)
            end.counts() shouldBe Counts(sent = listOf(1, 0, 0))
            end.protocol.beginMessageFrame(6)
            end.protocol.sendMessageFrameData(ByteArray(4))
            end.counts() shouldBe Counts(sent = listOf(1, 1, 4))
            // Only two of these fit into the frame.
            end.protocol.sendMessageFrameData(ByteArray(4)) shouldBe -2
            end.protocol.sendMessageFrame(ByteArray(3))
            end.protocol.endMessage()
            end.counts() shouldBe Counts(sent = listOf(1, 3, 9))
        }

        bothRoles("bytes that are not sent do not count") {
            val end = ProtocolEnd(config)
            end.protocol.beginMessage(MessageType.TEXT)
            end.protocol.abandonMessage()
            end.protocol.sendClose()
            end.protocol.sendMessage(MessageType.TEXT, ByteArray(5)) shouldBe false
            end.protocol.beginMessage(MessageType.TEXT) shouldBe false
            end.counts() shouldBe Counts()
        }

        bothRoles("control frames do not count as data frames, sent or received") {
            val end = ProtocolEnd(config)
            end.protocol.sendPing(ByteArray(3))
            end.receive(frame(0x89, "01 02") + frame(0x8A, "01"))
            end.sent() shouldBe listOf("ping 00 00 00", "pong 01 02")
            end.counts() shouldBe Counts()
        }

        bothRoles(
            "received payload counts as it comes, frames and messages when they are complete",
        ) {
            val end = ProtocolEnd(config)
            val bytes = frame(0x01, "68 65 6c") + frame(0x80, "6c 6f")
            val firstEnd = frame(0x01, "68 65 6c").size
            end.receive(bytes.copyOf(firstEnd - 1))
            end.counts() shouldBe Counts(received = listOf(0, 0, 2))
            end.receive(bytes.copyOfRange(firstEnd - 1, firstEnd))
            end.counts() shouldBe Counts(received = listOf(0, 1, 3))
            end.receive(bytes.copyOfRange(firstEnd, bytes.size))
            end.counts() shouldBe Counts(received = listOf(1, 2, 5))
        }

        bothRoles("bytes received after our Close do not count") {
            val end = ProtocolEnd(config)
            end.receive(frame(0x81, "61"))
            end.protocol.sendClose()
            end.receive(frame(0x81, "62 63"))
            end.events.messages shouldBe listOf("text 61", "text 62 63")
            end.counts() shouldBe Counts(received = listOf(1, 1, 1))
        }
    })

/** Messages, frames and bytes of payload. */
private data class Counts(
    val sent: List<Long> = listOf(0, 0, 0),
    val received: List<Long> = listOf(0, 0, 0),
)

private fun ProtocolEnd.counts(): Counts {
    val counts = protocol.traffic.toArray()
    counts[TrafficCounts.APPLICATION_SENT] shouldBe counts[TrafficCounts.PAYLOAD_SENT]
    counts[TrafficCounts.APPLICATION_RECEIVED] shouldBe counts[TrafficCounts.PAYLOAD_RECEIVED]
    return Counts(
        sent = listOf(
            counts[TrafficCounts.MESSAGES_SENT],
            counts[TrafficCounts.FRAMES_SENT],
            counts[TrafficCounts.PAYLOAD_SENT],
        ),
        received = listOf(
            counts[TrafficCounts.MESSAGES_RECEIVED],
            counts[TrafficCounts.FRAMES_RECEIVED],
            counts[TrafficCounts.PAYLOAD_RECEIVED],
        ),
    )
}
