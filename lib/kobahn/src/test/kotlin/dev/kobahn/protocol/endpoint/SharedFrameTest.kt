package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.PreparedEncodings
import dev.kobahn.protocol.ProtocolEnd
import dev.kobahn.protocol.RecordedEvents
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.Side
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.sendPrepared
import dev.kobahn.protocol.whereMeasured
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Messages to many connections without extensions. */
class SharedFrameTest :
    FunSpec({
        bothRoles("a message for many is on the wire like a message for one") {
            for (size in listOf(0, 1, 125, 126, 2048, 2049, 65_535, 65_536)) {
                val bytes = Random(size).nextBytes(size)
                val many = ByteQueue()
                val one = ByteQueue()
                val encodings = PreparedEncodings()
                val toMany = Protocol(config, many, { ProtocolEnd.KEY }, RecordedEvents())
                val toOne = Protocol(config, one, { ProtocolEnd.KEY }, RecordedEvents())
                repeat(3) {
                    toMany.sendPrepared(MessageType.BINARY, bytes, encodings, 0) shouldBe true
                    toOne.sendMessage(MessageType.BINARY, bytes) shouldBe true
                }
                toMany.traffic.toArray() shouldBe toOne.traffic.toArray()
                many.takeAll() shouldBe one.takeAll()
                toMany.sendClose()
                toMany.sendPrepared(MessageType.BINARY, bytes, encodings, 0) shouldBe false
            }
        }

        test("a message for many takes no segment of a connection with an empty queue").config(
            enabledOrReasonIf = whereMeasured,
        ) {
            for (size in listOf(128, 65_536)) {
                val bytes = ByteArray(size)
                val encodings = PreparedEncodings()
                val members = List(MEMBERS) {
                    val config = Side(Role.SERVER).config
                    Protocol(config, ByteQueue(), { ProtocolEnd.KEY }, RecordedEvents())
                }
                val allocated = Allocation.of {
                    for (member in members) {
                        member.sendPrepared(MessageType.BINARY, bytes, encodings, 0)
                    }
                }
                allocated / MEMBERS shouldBeLessThan 1_000
            }
        }
    })

private const val MEMBERS = 1_000
