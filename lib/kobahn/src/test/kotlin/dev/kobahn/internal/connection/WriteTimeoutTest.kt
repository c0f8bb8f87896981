package dev.kobahn.internal.connection

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The option `writeTimeout`: how long output may stand still. */
class WriteTimeoutTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("a peer that takes nothing for writeTimeout is dropped then, not before") {
                    val rig = blockedRig(role)
                    rig.loop.advanceBy(LIMIT - TICK)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.advanceBy(TICK)
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean shouldBe false
                    status.cause?.message shouldBe
                        "the peer took nothing for 1m while ${head(role) + 4900} bytes waited"
                    rig.loop.pendingTimers shouldBe 0
                }

                test("whatever the peer takes gives it the whole time again") {
                    val rig = blockedRig(role)
                    rig.loop.advanceBy(LIMIT - TICK)
                    rig.peer.readOnce()
                    rig.loop.advanceBy(LIMIT - TICK)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("where nothing waits nothing is expected of the peer") {
                    val rig = blockedRig(role)
                    rig.peer.readOn()
                    rig.loop.advanceBy(LIMIT * 10)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("a queue that filled again has the whole time again") {
                    val rig = blockedRig(role)
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.stopReading()
                    rig.loop.advanceBy(LIMIT - 1.seconds)
                    rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
                    rig.loop.advanceBy(LIMIT - TICK)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("a peer that sends and never reads is dropped too, whatever it sends") {
                    val rig = blockedRig(role)
                    repeat(7) {
                        rig.receive(rig.peer.text("x".repeat(200)))
                        rig.loop.advanceBy(10.seconds)
                    }
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("the end of the connection ends the wait") {
                    val rig = blockedRig(role)
                    rig.peer.vanish(IOException("reset"))
                    rig.loop.run()
                    rig.connection.closeStatus.shouldNotBeNull().cause?.message shouldBe "reset"
                    rig.loop.pendingTimers shouldBe 0
                }

                test("a writeTimeout of zero waits for ever") {
                    val rig = blockedRig(role, Duration.ZERO)
                    rig.loop.advanceBy(10_000.seconds)
                    rig.connection.closeStatus.shouldBeNull()
                }
            }
        }
    })

private val LIMIT = 60.seconds
private const val SIZE = 5000

/** A client's frame has a masking key. */
private fun head(role: Role) = if (role == Role.CLIENT) 8 else 4

private fun blockedRig(role: Role, limit: Duration = LIMIT) = ConnectionRig(
    role,
    writeTimeout = limit,
    maxOutgoingQueueSize = 10_000,
    capacity = 100,
).also {
    it.peer.stopReading()
    it.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
}
