package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.SendOptions
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.EachByte
import dev.kobahn.protocol.extension.encodingBy
import dev.kobahn.protocol.extension.expansion
import dev.kobahn.protocol.extension.rotation
import dev.kobahn.protocol.hex
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.IOException

/** Extensions of a connection: what it sends and receives goes through them, and they end with it. */
class ConnectionExtensionsTest :
    FunSpec({
        bothRoles("messages pass the extensions both ways, whole, in pieces and prepared") {
            val rig = ConnectionRig(role, extensions = listOf(rotation(1)))
            rig.begin { send(MessageType.BINARY, hex("01")) }
            rig.begin { sendMessage(MessageType.BINARY) { write(hex("02")) } }
            rig.begin { outgoing.send(PreparedMessage(hex("03"))) }
            rig.begin {
                outgoing.send(
                    PreparedMessage(Message.Binary(hex("04")), SendOptions(compress = false)),
                )
            }
            rig.peer.rawFrames shouldBe listOf("c2 02", "42 03", "80", "c2 04", "82 04")
            val received = rig.begin { incoming.receive() }
            rig.receive(rig.peer.frame(0xC2, hex("08 09")))
            received.await().bytes shouldBe hex("07 08")
            rig.connection.extensions.map { it.name } shouldBe listOf("x-rotation")
        }

        bothRoles("a message that no encoder can make closes the connection with 1011") {
            val failing = object : EachByte({ listOf(it) }) {
                override fun end(output: ByteSink) = throw ArithmeticException("by zero")
            }
            val rig = ConnectionRig(role, extensions = listOf(encodingBy(failing)))
            val sending = rig.begin { runCatching { send(MessageType.BINARY, hex("01")) } }
            shouldThrow<ArithmeticException> { sending.await().getOrThrow() }
            rig.peer.frames shouldBe listOf("close ${CloseCode.INTERNAL_ERROR}")
            rig.peer.rawFrames.size shouldBe 1
            rig.receive(rig.peer.close(CloseCode.INTERNAL_ERROR))
            rig.loop.advanceBy(ConnectionRig.LONG)
            rig.connection.closeStatus!!.initiator shouldBe CloseStatus.Initiator.LOCAL
            rig.connection.closeStatus!!.cause!!.message shouldBe "by zero"
        }

        bothRoles("what extensions hold is given back however the connection ends") {
            val ends = listOf<ConnectionRig.() -> Unit>(
                { receive(peer.close(CloseCode.NORMAL_CLOSURE)) },
                { begin { close(CloseCode.NORMAL_CLOSURE, "") } },
                { begin { drop() } },
                { peer.vanish(IOException("reset")) },
                { receive(peer.frame(0xF2, hex("01"))) },
                { receive(peer.frame(0x42, hex("01"))).also { peer.end() } },
                { begin { sendMessage(MessageType.TEXT) { write("a").also { error("b") } } } },
            )
            for (end in ends) {
                val extension = rotation(1)
                val rig = ConnectionRig(role, extensions = listOf(extension))
                rig.begin { send(MessageType.BINARY, hex("01")) }
                rig.begin { incoming.receiveCatching() }
                rig.receive(rig.peer.frame(0xC2, hex("01")))
                extension.open shouldBe 2
                rig.end()
                rig.loop.advanceBy(ConnectionRig.LONG)
                extension.open shouldBe 0
            }
        }

        bothRoles("messages that expand fill the queue up to its bound, not with all of one read") {
            val rig = ConnectionRig(
                role,
                maxIncomingQueueSize = 1000,
                capacity = 1_000_000,
                extensions = listOf(expansion()),
            )
            val bomb = rig.peer.frame(0xC2, hex("ff 00"))
            val messages = rig.begin { incoming }.await()
            rig.receive(*Array(2_000) { bomb }, rig.peer.text("last"))
            rig.connection.reading.isPaused shouldBe true
            // as much as one read may be, over the bound
            rig.connection.trafficStats.incomingBytesAppLevel shouldBeLessThan
                1000L + 129 * 1024
            val sizes = rig.begin { List(2_001) { messages.receive().size } }
            sizes.await() shouldBe List(2_000) { 255 } + 4
            rig.connection.reading.isPaused shouldBe false
        }

        bothRoles("what came before reading paused comes before what comes later, the Close last") {
            val rig = ConnectionRig(role, maxIncomingQueueSize = 100, capacity = 1_000_000)
            val messages = rig.begin { incoming }.await()
            rig.receive(*Array(5) { rig.peer.text("$it".repeat(60_000)) })
            rig.receive(rig.peer.text("late"), rig.peer.close(CloseCode.NORMAL_CLOSURE))
            rig.connection.reading.isPaused shouldBe true
            rig.connection.closeStatus shouldBe null
            val received = rig.begin {
                buildList { for (message in messages) add(message.bytes.decodeToString().take(4)) }
            }
            rig.loop.advanceBy(ConnectionRig.LONG)
            received.await() shouldBe listOf("0000", "1111", "2222", "3333", "4444", "late")
            rig.connection.closeStatus!!.wasClean shouldBe true
        }

        bothRoles("a connection that closes finds the peer's Close behind what it had not parsed") {
            val rig = ConnectionRig(role, maxIncomingQueueSize = 100, capacity = 1_000_000)
            rig.begin { incoming }.await()
            val texts = Array(5) { rig.peer.text("x".repeat(60_000)) }
            rig.receive(*texts, rig.peer.close(CloseCode.GOING_AWAY, "bye"))
            rig.connection.reading.isPaused shouldBe true
            rig.connection.isClosing shouldBe false
            val closed = rig.begin { close(CloseCode.NORMAL_CLOSURE, "") }
            rig.loop.advanceBy(ConnectionRig.LONG)
            closed.await().reason shouldBe "bye"
            closed.await().wasClean shouldBe true
        }
    })
