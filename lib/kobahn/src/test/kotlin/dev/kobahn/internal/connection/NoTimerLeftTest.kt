package dev.kobahn.internal.connection

import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.Duration.Companion.seconds

/** A timer that outlives its connection keeps it in memory, and fires for nobody. */
class NoTimerLeftTest :
    FunSpec({
        Role.entries.forEach { role ->
            context("as $role") {
                for ((what, end) in ENDS) {
                    test("no timer is left after $what, and nothing happens any more") {
                        val rig = ConnectionRig(role, autoPing = AUTO_PING)
                        rig.end()
                        rig.loop.run()
                        val status = rig.connection.closeStatus.shouldNotBeNull()
                        rig.loop.pendingTimers shouldBe 0
                        val frames = rig.peer.frames
                        rig.loop.advanceBy(1000.seconds)
                        rig.connection.closeStatus shouldBe status
                        rig.peer.frames shouldBe frames
                    }
                }

                test("an open connection without automatic Pings has no timer") {
                    ConnectionRig(role).loop.pendingTimers shouldBe 0
                }
            }
        }
    })

private val INTERVAL = 20.seconds
private val TIMEOUT = 3.seconds
private val AUTO_PING = AutoPingConfig(INTERVAL, TIMEOUT, 12, restartOnAnyTraffic = false)

private val ENDS = mapOf<String, ConnectionRig.() -> Unit>(
    "the peer's Close" to {
        receive(peer.close(1000))
        peer.end()
    },
    "a Close that was answered" to {
        begin { close(1000, "") }
        receive(peer.close(1000))
        peer.end()
    },
    "a Close that was not answered" to {
        begin { close(1000, "") }
        loop.advanceBy(ConnectionRig.LONG)
    },
    "a Close exchanged while a Ping is out" to {
        loop.advanceBy(INTERVAL)
        receive(peer.close(1000))
        peer.end()
    },
    "a violation" to {
        receive(peer.violation(), peer.close(1002))
        peer.end()
    },
    "a violation that is not answered" to {
        receive(peer.violation())
        loop.advanceBy(ConnectionRig.LONG)
    },
    "a drop" to { connection.drop() },
    "the loss of the transport" to { peer.vanish(IOException("reset")) },
    "the loss of the transport while a Ping is out" to {
        loop.advanceBy(INTERVAL)
        peer.vanish(IOException("reset"))
    },
    "the loss of the transport while a Close waits for its answer" to {
        begin { close(1000, "") }
        peer.vanish(IOException("reset"))
    },
    "the loss of the transport while its end is waited for" to {
        peer.endsToo = false
        receive(peer.close(1000))
        peer.vanish(IOException("reset"))
    },
    "a Ping that was not answered" to { loop.advanceBy(INTERVAL + TIMEOUT) },
)
