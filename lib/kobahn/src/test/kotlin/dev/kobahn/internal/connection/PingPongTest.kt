package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus.Initiator
import dev.kobahn.ConnectionClosedException
import dev.kobahn.capturedLog
import dev.kobahn.count
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private fun bytes(text: String) = text.encodeToByteArray()

/** Pings and Pongs by hand. */
@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class PingPongTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("a Ping with a payload is answered by the Pong with the same") {
                    val rig = ConnectionRig(role)
                    val ping = rig.begin { ping(bytes("mine")) }
                    rig.peer.pings().single() shouldBe bytes("mine")
                    rig.loop.advanceBy(20.milliseconds)
                    rig.receive(rig.peer.pong(bytes("yours")), rig.peer.pong(bytes("min")))
                    ping.isCompleted.shouldBeFalse()
                    rig.receive(rig.peer.pong(bytes("mine")))
                    ping.getCompleted() shouldBe 20.milliseconds
                }

                test("a Pong with a payload answers all Pings before it as well, and none after") {
                    val rig = ConnectionRig(role)
                    val pings = listOf(
                        rig.begin { ping() },
                        rig.begin { ping(bytes("a")) },
                        rig.begin { ping(bytes("b")) },
                        rig.begin { ping() },
                    )
                    rig.receive(rig.peer.pong(bytes("b")))
                    pings.map { it.isCompleted } shouldBe listOf(true, true, true, false)
                }

                test("an application's payload of 8 bytes is not taken for a number") {
                    val rig = ConnectionRig(role)
                    val own = rig.begin { ping(ByteBuffer.allocate(8).putLong(1).array()) }
                    val numbered = rig.begin { ping() }
                    // A peer may answer only the most recent one.
                    rig.receive(rig.peer.pong(rig.peer.pings()[1]))
                    listOf(own, numbered).map { it.isCompleted } shouldBe listOf(true, true)
                }

                test("of two Pings with one payload the first is answered first") {
                    val rig = ConnectionRig(role)
                    val pings = List(2) { rig.begin { ping(bytes("same")) } }
                    rig.receive(rig.peer.pong(bytes("same")))
                    pings.map { it.isCompleted } shouldBe listOf(true, false)
                    rig.receive(rig.peer.pong(bytes("same")))
                    pings[1].isCompleted.shouldBeTrue()
                }

                test("a payload by hand has at most 125 bytes, and may be empty") {
                    val rig = ConnectionRig(role)
                    val calls = listOf<suspend Connection.() -> Unit>(
                        { ping(ByteArray(126)) },
                        { pong(ByteArray(126)) },
                    )
                    for (call in calls) {
                        rig.begin(call).getCompletionExceptionOrNull()
                            .shouldBeInstanceOf<IllegalArgumentException>()
                    }
                    rig.begin { ping(ByteArray(125)) }
                    rig.begin { pong(ByteArray(0)) }
                    rig.peer.frames shouldContainExactly listOf("ping", "pong ")
                }

                test("a Pong may be sent unasked, and not after the end") {
                    val rig = ConnectionRig(role)
                    rig.begin { pong(bytes("alive")) }
                    rig.peer.frames shouldContainExactly listOf("pong alive")
                    rig.begin { close(1000, "") }
                    rig.begin { pong(bytes("late")) }.getCompletionExceptionOrNull()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                }

                test("a hook is told of every Ping, and the answer stays") {
                    val rig = ConnectionRig(role)
                    val told = mutableListOf<String>()
                    rig.connection.pings.onPing { told.add(it.decodeToString()) }
                    rig.receive(rig.peer.ping("one"), rig.peer.text("x"), rig.peer.ping("two"))
                    told shouldContainExactly listOf("one", "two")
                    rig.peer.frames shouldContainExactly listOf("pong one", "pong two")
                }

                test("a hook may leave the answer to the application") {
                    val rig = ConnectionRig(role)
                    rig.connection.pings.onPing { it.decodeToString() != "mine" }
                    rig.receive(rig.peer.ping("mine"), rig.peer.ping("yours"))
                    rig.begin { pong(bytes("mine, late")) }
                    rig.peer.frames shouldContainExactly listOf("pong yours", "pong mine, late")
                }

                test("a hook is told of every Pong, automatic or asked for or not") {
                    val config = AutoPingConfig(5.seconds, Duration.ZERO, 12, false)
                    val rig = ConnectionRig(role, autoPing = config)
                    val told = mutableListOf<ByteArray>()
                    rig.connection.pings.onPong { told.add(it) }
                    rig.loop.advanceBy(5.seconds)
                    val auto = rig.peer.pings().single()
                    rig.begin { ping(bytes("asked")) }
                    rig.receive(
                        rig.peer.pong(auto),
                        rig.peer.pong(bytes("asked")),
                        rig.peer.pong(bytes("unasked")),
                    )
                    told.map { it.decodeToString() } shouldContainExactly
                        listOf(auto.decodeToString(), "asked", "unasked")
                }

                test("a hook that throws is logged and closes with 1011, and the loop goes on") {
                    for (frame in listOf<FramePeer.() -> ByteArray>(
                        { ping("x") },
                        { pong(ByteArray(0)) },
                    )) {
                        val rig = ConnectionRig(role)
                        rig.connection.pings.onPing { error("on purpose") }
                        rig.connection.pings.onPong { error("on purpose") }
                        val log = capturedLog { rig.receive(rig.peer.frame(), rig.peer.ping("y")) }
                        log.count("IllegalStateException: on purpose") shouldBe 1
                        rig.peer.frames shouldContainExactly listOf("close 1011")
                        rig.receive(rig.peer.close(1011))
                        rig.peer.end()
                        rig.loop.run()
                        val status = rig.connection.closeStatus!!
                        status.wasClean.shouldBeFalse()
                        status.initiator shouldBe Initiator.LOCAL
                        status.cause?.message shouldBe "on purpose"
                    }
                }
            }
        }
    })
