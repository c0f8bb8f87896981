package dev.kobahn.internal.connection

import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

class PingWhileClosingTest :
    FunSpec({
        Role.entries.forEach { role ->
            context("as $role") {
                fun rig() = ConnectionRig(
                    role,
                    closeHandshakeTimeout = Duration.ZERO,
                    autoPing = AutoPingConfig(
                        20.seconds,
                        3.seconds,
                        12,
                        restartOnAnyTraffic = false,
                    ),
                )

                test("a Ping due while a Close waits is neither sent nor waited for") {
                    val rig = rig()
                    rig.begin { close(1000, "") }
                    rig.loop.advanceBy(1000.seconds)
                    rig.peer.frames shouldBe listOf("close 1000")
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("a Pong that arrives while a Close waits brings no further Ping") {
                    val rig = rig()
                    rig.loop.advanceBy(20.seconds)
                    rig.begin { close(1000, "") }
                    rig.receive(rig.peer.pong(rig.peer.pings().single()))
                    rig.loop.advanceBy(1000.seconds)
                    rig.peer.pings() shouldHaveSize 1
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.pendingTimers shouldBe 0
                }
            }
        }
    })
