package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.protocol.DelicateWebSocketApi
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

private suspend fun Connection.sendText(text: String) =
    send(MessageType.TEXT, text.encodeToByteArray())

@OptIn(DelicateWebSocketApi::class)
private suspend fun Connection.sendRawText(text: String, chopSize: Int = 0, sync: Boolean = false) =
    sendRaw(sync) { sendFrame(RawFrame(1, text.encodeToByteArray()), chopSize, sync) }

@OptIn(DelicateWebSocketApi::class, kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class LowLevelDoorTest :
    FunSpec({
        for (role in Role.entries) {
            val head = if (role == Role.CLIENT) 6 else 2

            context("as $role") {
                test("a chopped frame leaves byte by byte, in order with everything else") {
                    val rig = ConnectionRig(role)
                    rig.begin {
                        sendText("before")
                        sendRawText("chopped", chopSize = 1)
                        sendText("after")
                    }
                    rig.peer.frames shouldContainExactly
                        listOf("text before", "text chopped", "text after")
                    rig.transport.writes shouldBe 2 + head + "chopped".length
                }

                test("sync leaves in a write of its own and suspends until that was made") {
                    val rig = ConnectionRig(role, capacity = 10)
                    rig.peer.stopReading()
                    rig.loop.run()
                    rig.begin { sendText("before") }
                    val sync = rig.begin { sendRawText("now", sync = true) }
                    rig.begin { sendText("after") }
                    sync.isCompleted.shouldBeFalse()
                    rig.peer.readOn()
                    rig.loop.run()
                    sync.isCompleted.shouldBeTrue()
                    rig.peer.frames shouldContainExactly
                        listOf("text before", "text now", "text after")
                }

                test("three calls with sync make three writes, without it one") {
                    val rig = ConnectionRig(role)
                    rig.begin { repeat(3) { sendRawText("x", sync = true) } }
                    rig.transport.writes shouldBe 3
                    rig.begin { repeat(3) { sendRawText("x") } }
                    rig.transport.writes shouldBe 4
                }

                test("sends with a flush between leave in writes of their own") {
                    val rig = ConnectionRig(role)
                    val sending = rig.begin {
                        repeat(3) {
                            sendText("x")
                            sendRaw(untilWritten = true) {}
                            bufferedAmount shouldBe 0
                        }
                    }
                    sending.getCompleted()
                    rig.transport.writes shouldBe 3
                }

                test(
                    "a flush suspends until what was sent before is written, not what came later",
                ) {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 1000, capacity = 100)
                    rig.peer.stopReading()
                    rig.begin { sendText("x".repeat(300)) }
                    val flush = rig.begin { sendRaw(untilWritten = true) {} }
                    val cancelled = rig.begin { sendRaw(untilWritten = true) {} }
                    rig.begin { sendText("y".repeat(500)) }
                    cancelled.cancel()
                    var steps = 0
                    while (!flush.isCompleted) {
                        rig.peer.readOn()
                        rig.loop.step()
                        rig.peer.stopReading()
                        rig.loop.run()
                        check(steps++ < 100) { "flush never returns" }
                    }
                    flush.getCompleted()
                    (rig.connection.bufferedAmount > 300).shouldBeTrue()
                }

                test("a flush that waits throws when the connection ends") {
                    val rig = ConnectionRig(role, capacity = 10)
                    rig.peer.stopReading()
                    rig.loop.run()
                    val flush = rig.begin { sendRawText("x".repeat(100), sync = true) }
                    rig.connection.drop()
                    rig.loop.run()
                    flush.getCompletionExceptionOrNull()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                    rig.begin { sendRawText("late") }.getCompletionExceptionOrNull()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                }

                test("a frame of a terabyte suspends its sender and takes no memory") {
                    val rig = ConnectionRig(role, capacity = 1000)
                    rig.peer.stopReading()
                    rig.loop.run()
                    val sending = rig.begin {
                        sendRaw(false) {
                            sendFrame(RawFrame(2, ByteArray(3), payloadLength = 1L shl 40))
                        }
                    }
                    sending.isCompleted.shouldBeFalse()
                    (rig.connection.bufferedAmount > (1L shl 39)).shouldBeTrue()
                    rig.connection.drop()
                    rig.loop.run()
                    rig.connection.bufferedAmount shouldBe 0
                }

                test("what is chopped is written before a Close, and before the transport ends") {
                    val rig = ConnectionRig(role, capacity = 10)
                    rig.begin { sendRawText("chopped", chopSize = 1) }
                    val closing = rig.begin { close(1000, "") }
                    rig.peer.frames shouldContainExactly listOf("text chopped", "close 1000")
                    rig.begin { sendRawText("after", chopSize = 1) }
                    rig.receive(rig.peer.close(1000))
                    rig.peer.end()
                    rig.loop.run()
                    closing.getCompleted().wasClean.shouldBeTrue()
                    rig.peer.frames shouldContainExactly
                        listOf("text chopped", "close 1000", "text after")
                }

                test("a reply to a Close is written behind what was chopped before it") {
                    val rig = ConnectionRig(role, capacity = 4)
                    rig.peer.stopReading()
                    rig.loop.run()
                    rig.begin { sendRawText("chopped", chopSize = 1) }
                    rig.receive(rig.peer.close(3000))
                    rig.peer.end()
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("text chopped", "close 1000")
                    rig.connection.closeStatus?.wasClean shouldBe true
                }

                test("trySend sends while there is room, and else nothing") {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 100, capacity = 10)
                    rig.peer.stopReading()
                    rig.loop.run()
                    rig.connection.trySend(MessageType.BINARY, ByteArray(200)).shouldBeTrue()
                    rig.connection.trySend(MessageType.BINARY, ByteArray(1)).shouldBeFalse()
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.connection.trySend(MessageType.BINARY, ByteArray(2)).shouldBeTrue()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("binary 200", "binary 2")
                }
            }
        }
    })
