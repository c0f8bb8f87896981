package dev.kobahn.internal.connection

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay

internal val TICK = 1.nanoseconds

/** A reserved opcode: a violation in two bytes and a mask. */
internal fun FramePeer.violation() = frame(0x83, ByteArray(0))

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class AnswerBeforeCloseTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("a message followed at once by a Close is answered before ours, on the loop") {
                    val rig = ConnectionRig(role, handlerOnLoop = true)
                    val echo = rig.begin {
                        for (message in incoming) send(message.type, message.bytes)
                    }
                    rig.receive(rig.peer.text("one"), rig.peer.text("two"), rig.peer.close(1000))
                    rig.peer.frames shouldContainExactly
                        listOf("text one", "text two", "close 1000")
                    echo.getCompletionExceptionOrNull().shouldBeNull()
                }

                test(
                    "a message followed at once by a violation is answered before our Close, on the loop",
                ) {
                    val rig = ConnectionRig(role, handlerOnLoop = true)
                    rig.begin { for (message in incoming) send(message.type, message.bytes) }
                    rig.receive(rig.peer.text("one"), rig.peer.violation())
                    rig.peer.frames shouldContainExactly listOf("text one", "close 1002")
                }

                test("a message followed at once by a Close is answered before ours, elsewhere") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.begin {
                        for (message in incoming) {
                            delay(200.milliseconds)
                            send(message.type, message.bytes)
                        }
                    }
                    rig.receive(rig.peer.text("one"), rig.peer.close(1000))
                    rig.peer.frames shouldContainExactly emptyList()
                    rig.loop.advanceBy(200.milliseconds)
                    rig.peer.frames shouldContainExactly listOf("text one", "close 1000")
                }

                test("a message that came before anybody asked is answered before our Close") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.receive(rig.peer.text("one"), rig.peer.close(1000))
                    rig.beginElsewhere {
                        for (message in incoming) send(message.type, message.bytes)
                    }
                    rig.peer.frames shouldContainExactly listOf("text one", "close 1000")
                }

                test("who closes with a message in hand waits no longer than for the peer") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.begin { incoming.receive() }
                    rig.receive(rig.peer.text("one"), rig.peer.close(1000))
                    val closing = rig.begin { close(3000, "") }
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                    rig.peer.end()
                    rig.loop.run()
                    closing.getCompleted().wasClean.shouldBeTrue()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("who closes after a violation with failByDrop drops the peer") {
                    val rig = ConnectionRig(role, failByDrop = true, handlerOnLoop = false)
                    rig.begin { incoming.receive() }
                    rig.receive(rig.peer.text("one"), rig.peer.violation())
                    val closing = rig.begin { close(1000, "") }
                    closing.getCompleted().wasClean.shouldBeFalse()
                    rig.peer.frames shouldContainExactly emptyList()
                    rig.loop.pendingTimers shouldBe 0
                }

                test(
                    "a message followed at once by a Close and the transport's end is answered before ours",
                ) {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.begin {
                        for (message in incoming) {
                            delay(200.milliseconds)
                            send(message.type, message.bytes)
                        }
                    }
                    rig.peer.send(rig.peer.text("one"), rig.peer.close(1000))
                    rig.peer.end()
                    rig.loop.advanceBy(200.milliseconds)
                    rig.peer.frames shouldContainExactly listOf("text one", "close 1000")
                    rig.connection.closeStatus.shouldNotBeNull().wasClean.shouldBeTrue()
                }

                test(
                    "a handler that does not come back delays our Close by a quarter of a second at most",
                ) {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.begin {
                        incoming.receive()
                        delay(1000.seconds)
                    }
                    rig.receive(rig.peer.text("one"), rig.peer.close(1000))
                    rig.loop.advanceBy(250.milliseconds - TICK)
                    rig.peer.frames shouldContainExactly emptyList()
                    rig.loop.advanceBy(TICK)
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                }

                test(
                    "a handler on the loop that has taken all and does not come back delays nothing",
                ) {
                    val rig = ConnectionRig(role, handlerOnLoop = true)
                    rig.begin {
                        incoming.receive()
                        delay(1000.seconds)
                    }
                    rig.receive(rig.peer.text("one"), rig.peer.close(1000))
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                }

                for (onLoop in listOf(true, false)) {
                    test("what came before a violation is answered before a drop (loop: $onLoop)") {
                        val rig = ConnectionRig(role, failByDrop = true, handlerOnLoop = onLoop)
                        rig.begin { for (message in incoming) send(message.type, message.bytes) }
                        val peer = rig.peer
                        rig.receive(peer.text("one"), peer.ping("two"), peer.violation())
                        rig.peer.frames shouldContainExactly listOf("pong two", "text one")
                        rig.peer.closed.shouldBeTrue()
                        rig.loop.pendingTimers shouldBe 0
                    }
                }

                test("a peer that takes nothing delays its drop by closeHandshakeTimeout") {
                    val rig = ConnectionRig(role, failByDrop = true, capacity = 10)
                    rig.peer.stopReading()
                    rig.begin { send(MessageType.TEXT, ByteArray(100)) }
                    rig.receive(rig.peer.violation())
                    rig.loop.advanceBy(1.seconds - TICK)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull().wasClean.shouldBeFalse()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("what came before incoming was asked for is answered before our Close") {
                    for (failByDrop in listOf(false, true)) {
                        val rig =
                            ConnectionRig(role, failByDrop = failByDrop, handlerOnLoop = false)
                        rig.receive(rig.peer.text("one"), rig.peer.violation())
                        rig.loop.elsewhere {
                            rig.begin {
                                for (message in incoming) send(message.type, message.bytes)
                            }
                        }
                        rig.peer.frames shouldContainExactly
                            listOf("text one") +
                            if (failByDrop) emptyList() else listOf("close 1002")
                    }
                }

                test("a message that will not be completed is never received as a whole one") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.receive(
                        rig.peer.text("one"),
                        rig.peer.frame(0x01, byteArrayOf(0x61)),
                        rig.peer.close(1000),
                    )
                    val received = rig.loop.elsewhere {
                        rig.begin { List(2) { incoming.receiveCatching().getOrNull().toString() } }
                    }
                    received.getCompleted() shouldContainExactly listOf("one", "null")
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                }

                test("our Close is not delayed when nothing is in hand") {
                    val rig = ConnectionRig(role, handlerOnLoop = false)
                    rig.receive(rig.peer.close(1000))
                    rig.peer.frames shouldContainExactly listOf("close 1000")
                }
            }
        }
    })
