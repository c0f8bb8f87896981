package dev.kobahn

import dev.kobahn.autobahn.format
import dev.kobahn.internal.connection.ConnectionRig
import dev.kobahn.internal.connection.send
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.bothRoles
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

class TimingsTest :
    FunSpec({
        bothRoles("the option tracks times from the beginning, each key with its last occurrence") {
            val rig = ConnectionRig(role, trackTimings = true)
            val timings = rig.connection.timings.shouldNotBeNull()
            timings.toMap() shouldBe mapOf("onOpen" to Duration.ZERO)
            val frame = rig.peer.text("in two reads")
            rig.loop.advanceBy(1.seconds)
            rig.receive(frame.copyOf(8))
            rig.loop.advanceBy(20.milliseconds)
            rig.receive(frame.copyOfRange(8, frame.size))
            rig.loop.advanceBy(3.milliseconds)
            rig.begin { send(MessageType.TEXT, ByteArray(1)) }
            timings.toMap() shouldBe mapOf(
                "onOpen" to Duration.ZERO,
                "onMessageBegin" to 1.seconds,
                "onMessage" to 1.seconds + 20.milliseconds,
                "sendMessage" to 1.seconds + 23.milliseconds,
            )
            rig.loop.advanceBy(1.seconds)
            rig.begin { send(MessageType.TEXT, ByteArray(1)) }
            timings["sendMessage"] shouldBe 2.seconds + 23.milliseconds
            timings.diff("onMessage", "sendMessage") shouldBe 1.seconds + 3.milliseconds
        }

        bothRoles("times are tracked from when that is switched on, and no more when it is off") {
            val rig = ConnectionRig(role)
            val connection = rig.connection
            connection.timings shouldBe null
            rig.loop.advanceBy(5.seconds)
            connection.trackTimings(true)
            rig.loop.advanceBy(1.seconds)
            rig.begin { send(MessageType.TEXT, ByteArray(1)) }
            connection.timings?.toMap() shouldBe mapOf("sendMessage" to 1.seconds)
            connection.trackTimings(true)
            connection.timings?.toMap() shouldBe emptyMap()
            connection.trackTimings(false)
            connection.timings shouldBe null
        }

        test("a difference needs both keys") {
            var now = 0L
            val timings = Timings { now }
            timings.track("start")
            timings.diff("start", "end") shouldBe null
            timings.diff("end", "start") shouldBe null
            timings.format("start", "end") shouldBe "    n.a."
            now = 7
            timings.track("end")
            timings.diff("start", "end") shouldBe 7.nanoseconds
            timings.diff("end", "start") shouldBe (-7).nanoseconds
        }

        test("as text a difference has 8 characters and the unit that suits it") {
            var now = 0L
            fun text(nanos: Long): String {
                val timings = Timings { now }
                timings.track("a")
                now += nanos
                timings.track("b")
                return timings.format("a", "b")
            }
            text(0) shouldBe "    0 ns"
            text(9_999) shouldBe " 9999 ns"
            text(10_000) shouldBe "   10 us"
            text(9_999_499) shouldBe " 9999 us"
            text(10_000_000) shouldBe "   10 ms"
            text(9_999_499_999) shouldBe " 9999 ms"
            text(10_000_000_000) shouldBe "    10 s"
        }

        test(
            "the options of a server and a client have their connections track, keys of one's own too",
        ) {
            webSocketServer {
                trackTimings = true
                onConnect {
                    val timings = statistics.timings.shouldNotBeNull()
                    timings.track("asked")
                    accept()
                    for (message in incoming) send(message)
                    val keys = timings.toMap().keys
                    keys shouldContainExactlyInAnyOrder KEYS + "asked"
                    (timings.diff("asked", "onOpen")!! >= Duration.ZERO) shouldBe true
                }
            }.use { server ->
                webSocketClient { trackTimings = true }.connect("ws://localhost:${server.port}/") {
                    send("hello")
                    incoming.receive()
                    statistics.timings?.toMap()?.keys.orEmpty() shouldContainExactlyInAnyOrder KEYS
                    (
                        statistics.timings?.diff(
                            "sendMessage",
                            "onMessage",
                        )!! > Duration.ZERO
                        ) shouldBe
                        true
                    close().code shouldBe 1000
                }
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    statistics.timings shouldBe null
                    statistics.trackTimings = true
                    send("hello")
                    statistics.timings?.get("sendMessage").shouldNotBeNull()
                }
            }
        }
    })

private val KEYS = setOf("onOpen", "onMessageBegin", "onMessage", "sendMessage")
