package dev.kobahn.internal.connection

import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi

/** What `send` returned for arrives on every graceful close, as long as the peer takes something. */
@OptIn(ExperimentalCoroutinesApi::class)
class DeliveryAtCloseTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("a message before our Close arrives, however slowly the peer takes it") {
                    val rig = slowRig(role)
                    val closing = rig.begin { sendBigAndClose() }
                    rig.takeSlowly()
                    rig.peer.frames shouldContainExactly listOf("binary 5000", "close 1000")
                    rig.receive(rig.peer.close(1000))
                    rig.peer.end()
                    rig.loop.run()
                    closing.getCompleted().wasClean shouldBe true
                    rig.loop.pendingTimers shouldBe 0
                }

                test("closeHandshakeTimeout counts from the departure of our Close") {
                    val rig = slowRig(role)
                    val closing = rig.begin { sendBigAndClose() }
                    rig.takeSlowly()
                    rig.loop.advanceBy(TIMEOUT - TICK)
                    closing.isCompleted shouldBe false
                    rig.loop.advanceBy(TICK)
                    val status = closing.getCompleted()
                    status.cause?.message shouldBe "the peer sent no Close within 1s"
                    status.local?.code shouldBe 1000
                }

                test("an answer to the peer's Close arrives with what stands before it") {
                    val rig = slowRig(role)
                    rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
                    rig.receive(rig.peer.close(3000))
                    rig.takeSlowly()
                    rig.peer.frames shouldContainExactly listOf("binary 5000", "close 1000")
                    rig.peer.end()
                    rig.loop.run()
                    rig.connection.closeStatus.shouldNotBeNull().wasClean shouldBe true
                    rig.loop.pendingTimers shouldBe 0
                }

                test("dropTimeout counts from the departure of the last byte") {
                    val rig = slowRig(role)
                    rig.peer.endsToo = false
                    rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
                    rig.receive(rig.peer.close(3000))
                    rig.takeSlowly()
                    rig.loop.advanceBy(2.seconds - TICK)
                    rig.connection.closeStatus.shouldBeNull()
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull().wasClean shouldBe true
                }

                test("a late report that all is written does not start dropTimeout") {
                    val rig = slowRig(role, timeout = 100.seconds)
                    rig.peer.endsToo = false
                    rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
                    rig.receive(rig.peer.close(3000))
                    rig.connection.onWritten(waiting = 0)
                    rig.loop.advanceBy(2.seconds)
                    rig.connection.closeStatus.shouldBeNull()
                }

                test("a message before a drop for a broken rule arrives") {
                    for (hasPeerEnded in listOf(false, true)) {
                        val rig = slowRig(role, failByDrop = true)
                        rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
                        rig.receive(rig.peer.violation())
                        if (hasPeerEnded) rig.peer.end()
                        rig.takeSlowly()
                        rig.peer.frames shouldContainExactly listOf("binary 5000")
                        rig.connection.closeStatus.shouldNotBeNull().wasClean shouldBe false
                    }
                }

                test("who takes answers slowly gets all of them before our Close") {
                    for (onLoop in listOf(true, false)) {
                        val rig = slowRig(role, handlerOnLoop = onLoop, timeout = 1000.seconds)
                        rig.begin { for (message in incoming) send(message.type, message.bytes) }
                        repeat(20) { rig.receive(rig.peer.frame(0x82, ByteArray(3000))) }
                        rig.receive(rig.peer.close(1000))
                        rig.takeSlowly()
                        rig.peer.frames shouldContainExactly
                            List(20) { "binary 3000" } + "close 1000"
                    }
                }

                test(
                    "who sends without end is stopped closeHandshakeTimeout after the peer's Close",
                ) {
                    val rig = slowRig(role, handlerOnLoop = false)
                    val sending = rig.begin {
                        incoming.receive()
                        while (true) send(MessageType.BINARY, ByteArray(SIZE))
                    }
                    rig.receive(rig.peer.text("all of it"), rig.peer.close(1000))
                    repeat(4) {
                        // Nothing can follow our Close.
                        rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }.isCompleted shouldBe
                            false
                        rig.loop.advanceBy(250.milliseconds)
                        rig.peer.readOnce()
                    }
                    rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }.isCompleted shouldBe
                        true
                    rig.takeSlowly()
                    sending.getCompletionExceptionOrNull()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                    rig.peer.frames.last() shouldBe "close 1000"
                }

                test("a peer that answers no Close is told of the end, and has time to read on") {
                    val rig = ConnectionRig(role, closeHandshakeTimeout = TIMEOUT)
                    rig.peer.endsToo = false
                    val closing = rig.begin { close(1000, "") }
                    rig.loop.advanceBy(TIMEOUT)
                    rig.peer.inputEnded shouldBe true
                    rig.receive(rig.peer.text("still reading"))
                    rig.loop.advanceBy(TIMEOUT - TICK)
                    closing.isCompleted shouldBe false
                    rig.loop.advanceBy(TICK)
                    closing.getCompleted().cause?.message shouldBe
                        "the peer sent no Close within 1s"
                    rig.loop.pendingTimers shouldBe 0
                }

                test("a message that the answer to the peer's Close cut off makes an unclean end") {
                    val rig = ConnectionRig(role)
                    val never = CompletableDeferred<Unit>()
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            write(ByteArray(1))
                            never.await()
                        }
                    }
                    rig.receive(rig.peer.close(1000))
                    rig.peer.end()
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean shouldBe false
                    status.cause?.message shouldBe
                        "a message was cut off by the end of the connection"
                }

                test("a peer that takes nothing is dropped, and the end is not clean") {
                    val rig = slowRig(role)
                    val closing = rig.begin { sendBigAndClose() }
                    rig.loop.advanceBy(TIMEOUT - TICK)
                    closing.isCompleted shouldBe false
                    rig.loop.advanceBy(TICK)
                    closing.getCompleted().shouldBeCutOff()
                    rig.loop.pendingTimers shouldBe 0
                }

                test("an answer that is cut off after both Close frames is not called clean") {
                    val rig = slowRig(role)
                    rig.begin { send(MessageType.BINARY, ByteArray(SIZE)) }
                    rig.receive(rig.peer.close(1000))
                    rig.loop.advanceBy(ConnectionRig.LONG)
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.shouldBeCutOff()
                    status.remote?.code shouldBe 1000
                    val thrown = rig.begin { send(MessageType.BINARY, ByteArray(1)) }
                    thrown.getCompletionExceptionOrNull()?.message.shouldContain("unclean")
                }
            }
        }
    })

private val TIMEOUT = 1.seconds
private const val SIZE = 5000

private fun slowRig(
    role: Role,
    failByDrop: Boolean = false,
    handlerOnLoop: Boolean = true,
    timeout: Duration = TIMEOUT,
) = ConnectionRig(
    role,
    handlerOnLoop = handlerOnLoop,
    maxIncomingQueueSize = 100_000,
    closeHandshakeTimeout = timeout,
    dropTimeout = 2.seconds,
    failByDrop = failByDrop,
    maxOutgoingQueueSize = 10_000,
    capacity = 100,
).also { it.peer.stopReading() }

private suspend fun Connection.sendBigAndClose(): CloseStatus {
    send(MessageType.BINARY, ByteArray(SIZE))
    return close(1000, "")
}

/** A hundred bytes now and then, always before the time is over. */
private fun ConnectionRig.takeSlowly() {
    while (connection.bufferedAmount > 0) {
        loop.advanceBy(900.milliseconds)
        peer.readOnce()
        loop.run()
    }
    peer.readOn()
    loop.run()
}

private fun CloseStatus.shouldBeCutOff() {
    wasClean shouldBe false
    local.shouldBeNull()
    cause.shouldNotBeNull().message shouldBe
        "the peer took nothing within 1s of what it was sent"
}
