package dev.kobahn.internal.connection

import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * The time a peer has to end the transport when both Close frames are exchanged: `dropTimeout` of a
 * server, `dropTimeout` of a client.
 */
class DropTimeoutTest :
    FunSpec({
        for (role in Role.entries) {
            fun rig(dropTimeout: Duration = 2.seconds) =
                ConnectionRig(role, dropTimeout = dropTimeout).also { it.peer.endsToo = false }

            fun ConnectionRig.shouldEndAfter(time: Duration) {
                loop.advanceBy(time - TICK)
                connection.closeStatus.shouldBeNull()
                loop.advanceBy(TICK)
                connection.closeStatus.shouldNotBeNull().wasClean shouldBe true
                peer.inputEnded shouldBe true
                loop.pendingTimers shouldBe 0
            }

            context("as $role") {
                test("who answered a Close waits for the end no longer than dropTimeout") {
                    val rig = rig()
                    rig.receive(rig.peer.close(1000))
                    rig.shouldEndAfter(2.seconds)
                }

                test("whose Close was answered waits no longer than dropTimeout") {
                    val rig = rig()
                    rig.begin { close(1000, "") }
                    rig.receive(rig.peer.close(1000))
                    rig.shouldEndAfter(2.seconds)
                }

                test("dropTimeout begins with the second Close, whatever was waited for before") {
                    val rig = rig()
                    rig.begin { close(1000, "") }
                    rig.loop.advanceBy(900.milliseconds)
                    rig.receive(rig.peer.close(1000))
                    rig.shouldEndAfter(2.seconds)
                }

                test("a transport that ends in time leaves no dropTimeout behind") {
                    val rig = rig()
                    rig.receive(rig.peer.close(1000))
                    rig.loop.advanceBy(2.seconds - TICK)
                    rig.peer.end()
                    rig.loop.run()
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    rig.loop.pendingTimers shouldBe 0
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    rig.connection.closeStatus shouldBe status
                }

                test("a dropTimeout of zero waits for ever") {
                    val rig = rig(Duration.ZERO)
                    rig.receive(rig.peer.close(1000))
                    rig.loop.advanceBy(1000.seconds)
                    rig.connection.closeStatus.shouldBeNull()
                }
            }
        }
    })
