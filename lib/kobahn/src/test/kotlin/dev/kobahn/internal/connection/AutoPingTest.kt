package dev.kobahn.internal.connection

import dev.kobahn.WebSocketState
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi

@OptIn(ExperimentalCoroutinesApi::class)
class AutoPingTest :
    FunSpec({
        Role.entries.forEach { role ->
            fun rig(
                timeout: Duration = 3.seconds,
                size: Int = 12,
                restart: Boolean = true,
                bound: Long = 1000,
            ) = ConnectionRig(
                role,
                maxIncomingQueueSize = bound,
                autoPing = AutoPingConfig(INTERVAL, timeout, size, restart),
            )

            context("$role") {
                test("the first Ping leaves one interval after the opening, not before") {
                    val rig = rig()
                    rig.loop.advanceBy(INTERVAL - TICK)
                    rig.peer.pings() shouldHaveSize 0
                    rig.loop.advanceBy(TICK)
                    rig.peer.pings() shouldHaveSize 1
                }

                test("a Ping carries the time, a number that counts from one, and random bytes") {
                    val rig = rig(size = 40)
                    rig.loop.advanceBy(INTERVAL)
                    rig.receive(rig.peer.pong(rig.peer.pings().last()))
                    rig.loop.advanceBy(INTERVAL)
                    val (first, second) = rig.peer.pings()
                    val drift = System.currentTimeMillis() - ByteBuffer.wrap(first).long / 1_000_000
                    (drift in 0..60_000) shouldBe true
                    listOf(first, second).map { ByteBuffer.wrap(it).getInt(8) } shouldBe
                        listOf(1, 2)
                    listOf(first.size, second.size) shouldBe listOf(40, 40)
                    first.copyOfRange(12, 40) shouldNotBe second.copyOfRange(12, 40)
                }

                test("the answer gives the round trip time, and the next Ping follows it") {
                    val rig = rig()
                    rig.connection.roundTripTime.value shouldBe null
                    rig.loop.advanceBy(INTERVAL + 30.milliseconds)
                    rig.receive(rig.peer.pong(rig.peer.pings().single()))
                    rig.connection.roundTripTime.value shouldBe 30.milliseconds
                    rig.loop.advanceBy(INTERVAL - TICK)
                    rig.peer.pings() shouldHaveSize 1
                    rig.loop.advanceBy(TICK)
                    rig.peer.pings() shouldHaveSize 2
                }

                test("while a frame is open no Ping could leave, so none is waited for") {
                    val rig = rig()
                    val rest = CompletableDeferred<Unit>()
                    rig.begin {
                        sendMessage(MessageType.BINARY) {
                            frame(2) {
                                write(byteArrayOf(1))
                                rest.await()
                                write(byteArrayOf(2))
                            }
                        }
                    }
                    rig.loop.advanceBy(INTERVAL * 3 - TICK)
                    rig.connection.closeStatus shouldBe null
                    rest.complete(Unit)
                    rig.loop.run()
                    rig.peer.pings() shouldHaveSize 0
                    rig.loop.advanceBy(TICK)
                    rig.peer.pings() shouldHaveSize 1
                }

                test("a peer that does not answer in time is dropped then, not before") {
                    val rig = rig()
                    rig.loop.advanceBy(INTERVAL + 3.seconds - TICK)
                    rig.connection.closeStatus shouldBe null
                    rig.loop.advanceBy(TICK)
                    val status = rig.connection.closeStatus.shouldNotBeNull()
                    status.wasClean shouldBe false
                    status.cause?.message shouldBe "the peer sent no Pong within 3s"
                    rig.peer.closed shouldBe true
                }

                test("without a timeout Pings follow each other, answered or not") {
                    val rig = rig(timeout = Duration.ZERO)
                    rig.loop.advanceBy(INTERVAL * 5)
                    rig.peer.pings() shouldHaveSize 5
                }

                test("any byte of the peer is as good as the Pong, unless told otherwise") {
                    for (restart in listOf(true, false)) {
                        val rig = rig(restart = restart)
                        rig.loop.advanceBy(INTERVAL + 2.seconds)
                        val frame = rig.peer.text("a long message")
                        rig.receive(frame.copyOf(3))
                        rig.loop.advanceBy(1.seconds)
                        (rig.connection.closeStatus == null) shouldBe restart
                        rig.loop.advanceBy(INTERVAL - 1.seconds)
                        rig.peer.pings() shouldHaveSize if (restart) 2 else 1
                    }
                }

                test("a Pong that answers no Ping is not taken for one") {
                    val rig = rig(restart = false)
                    rig.loop.advanceBy(INTERVAL)
                    rig.receive(rig.peer.pong(byteArrayOf(1, 2, 3)))
                    rig.connection.roundTripTime.value shouldBe null
                    rig.loop.advanceBy(3.seconds)
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("while reading is paused by this end, the peer has as long as it takes") {
                    val rig = rig(restart = false, bound = 64)
                    rig.loop.advanceBy(INTERVAL)
                    rig.receive(rig.peer.text("x".repeat(100)))
                    rig.loop.advanceBy(10.seconds)
                    rig.connection.closeStatus shouldBe null
                    rig.begin { incoming.receive() }
                    rig.loop.advanceBy(3.seconds - TICK)
                    rig.connection.closeStatus shouldBe null
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("while reading is paused Pings go on, one in each interval") {
                    val rig = rig(restart = false, bound = 64)
                    rig.receive(rig.peer.text("x".repeat(100)))
                    rig.loop.advanceBy(INTERVAL * 10)
                    rig.peer.pings() shouldHaveSize 10
                    rig.connection.closeStatus shouldBe null
                }

                for (timeout in listOf(3.seconds, Duration.ZERO, INTERVAL * 2)) {
                    test("while reading is paused the end is found at the next Ping ($timeout)") {
                        val rig = rig(timeout = timeout, bound = 64)
                        rig.receive(rig.peer.text("x".repeat(100)))
                        rig.peer.send(rig.peer.text("more"))
                        rig.peer.end()
                        rig.loop.advanceBy(INTERVAL)
                        val status = rig.connection.closeStatus.shouldNotBeNull()
                        status.code shouldBe 1006
                        rig.begin { incoming.receive() }.getCompleted().size shouldBe 100
                    }
                }

                test("while reading is paused the peer's Close is found at the next Ping") {
                    val rig = rig(bound = 64)
                    rig.receive(rig.peer.text("x".repeat(100)))
                    rig.peer.send(rig.peer.text("more"), rig.peer.close(3000))
                    rig.loop.advanceBy(INTERVAL)
                    rig.begin { listOf(incoming.receive(), incoming.receive()) }.getCompleted()
                        .map { it.size } shouldBe listOf(100, 4)
                    rig.peer.end()
                    rig.loop.advanceBy(1.seconds)
                    rig.connection.closeStatus.shouldNotBeNull().code shouldBe 3000
                }

                test("a peer that floods a paused reader is not read without end") {
                    val rig = rig(bound = 64)
                    rig.receive(rig.peer.text("x".repeat(100)))
                    repeat(100) { rig.peer.send(rig.peer.text("x".repeat(40_000))) }
                    rig.loop.advanceBy(INTERVAL * 100)
                    // Three reads of a pipe that holds 64 KiB go over the limit, a fourth is not made.
                    rig.peer.waiting() shouldBeGreaterThan 100 * 40_000 - 5 * 64 * 1024
                    rig.connection.closeStatus shouldBe null
                }

                test("the time for the Pong begins when the Ping has left") {
                    val rig = ConnectionRig(
                        role,
                        maxOutgoingQueueSize = 10_000,
                        capacity = 100,
                        autoPing = AutoPingConfig(INTERVAL, 3.seconds, 12, false),
                    )
                    rig.peer.stopReading()
                    rig.begin { send(MessageType.BINARY, ByteArray(5000)) }
                    rig.loop.advanceBy(INTERVAL)
                    while (rig.connection.bufferedAmount > 0) {
                        rig.loop.advanceBy(5.seconds)
                        rig.peer.readOnce()
                        rig.loop.run()
                    }
                    rig.peer.readOn()
                    rig.loop.advanceBy(3.seconds - TICK)
                    rig.connection.closeStatus shouldBe null
                    rig.peer.pings() shouldHaveSize 1
                    rig.loop.advanceBy(TICK)
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("the round trip time counts from the departure of the Ping, too") {
                    val rig = ConnectionRig(
                        role,
                        maxOutgoingQueueSize = 10_000,
                        capacity = 100,
                        autoPing = AutoPingConfig(INTERVAL, 3.seconds, 12, false),
                    )
                    rig.peer.stopReading()
                    rig.begin { send(MessageType.BINARY, ByteArray(5000)) }
                    rig.loop.advanceBy(INTERVAL + 2.seconds)
                    rig.peer.readOn()
                    rig.loop.advanceBy(1.seconds)
                    rig.receive(rig.peer.pong(rig.peer.pings().single()))
                    rig.connection.roundTripTime.value shouldBe 1.seconds
                }

                test("no second Ping waits behind one that has not left") {
                    val rig = ConnectionRig(
                        role,
                        maxOutgoingQueueSize = 10_000,
                        capacity = 100,
                        autoPing = AutoPingConfig(INTERVAL, Duration.ZERO, 12, false),
                    )
                    rig.peer.stopReading()
                    rig.begin { send(MessageType.BINARY, ByteArray(5000)) }
                    rig.loop.advanceBy(INTERVAL * 5)
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.pings() shouldHaveSize 1
                }

                test("that the system takes what is sent is no sign of the peer") {
                    val rig = rig(restart = false)
                    rig.peer.stopReading()
                    rig.loop.advanceBy(INTERVAL)
                    repeat(3) {
                        rig.connection.closeStatus shouldBe null
                        rig.begin { send(MessageType.BINARY, ByteArray(10)) }
                        rig.loop.advanceBy(1.seconds)
                    }
                    rig.connection.closeStatus.shouldNotBeNull()
                }

                test("once a Close is out its own time holds, not that for the Pong") {
                    val rig = ConnectionRig(
                        role,
                        closeHandshakeTimeout = 10.seconds,
                        autoPing = AutoPingConfig(INTERVAL, 3.seconds, 12, false),
                    )
                    rig.loop.advanceBy(INTERVAL)
                    val closing = rig.begin { close(1000, "") }
                    rig.loop.advanceBy(10.seconds - TICK)
                    closing.isCompleted shouldBe false
                    rig.loop.advanceBy(TICK)
                    closing.getCompleted().cause?.message shouldBe
                        "the peer sent no Close within 10s"
                }

                test("a peer that makes room for what waits is there, whenever its Pong comes") {
                    val rig = ConnectionRig(
                        role,
                        maxOutgoingQueueSize = 10_000,
                        capacity = 8000,
                        autoPing = AutoPingConfig(INTERVAL, 3.seconds, 12, false),
                    )
                    rig.peer.stopReading()
                    rig.begin { while (true) send(MessageType.BINARY, ByteArray(3000)) }
                    repeat(60) {
                        rig.loop.advanceBy(2.seconds)
                        rig.peer.readOnce()
                        rig.loop.run()
                        rig.connection.closeStatus shouldBe null
                    }
                }

                test("no Ping follows a Close, and no timer outlives the connection") {
                    val rig = rig()
                    rig.begin { close(1000, "") }
                    rig.loop.advanceBy(INTERVAL * 3)
                    rig.peer.pings() shouldHaveSize 0
                    rig.loop.pendingTimers shouldBe 0
                }
            }
        }

        test("a Ping that is due inside a frame waits for the next interval") {
            val rig =
                ConnectionRig(Role.SERVER, autoPing = AutoPingConfig(INTERVAL, 3.seconds, 12, true))
            rig.connection.protocol.beginMessage(MessageType.BINARY)
            rig.connection.protocol.beginMessageFrame(1)
            rig.loop.advanceBy(INTERVAL + 4.seconds)
            rig.connection.state shouldBe WebSocketState.OPEN
            rig.connection.protocol.sendMessageFrameData(ByteArray(1))
            rig.peer.pings() shouldHaveSize 0
            rig.loop.advanceBy(INTERVAL - 4.seconds)
            rig.peer.pings() shouldHaveSize 1
            rig.loop.advanceBy(4.seconds)
            rig.connection.state shouldBe WebSocketState.CLOSED
        }

        test("a Ping that is due inside a frame leaves the round trip of the one before as it is") {
            val rig =
                ConnectionRig(Role.SERVER, autoPing = AutoPingConfig(INTERVAL, ZERO, 12, false))
            rig.loop.advanceBy(INTERVAL)
            rig.connection.protocol.beginMessage(MessageType.BINARY)
            rig.connection.protocol.beginMessageFrame(1)
            rig.loop.advanceBy(INTERVAL + 1.seconds)
            rig.connection.protocol.sendMessageFrameData(ByteArray(1))
            rig.receive(rig.peer.pong(rig.peer.pings().single()))
            rig.connection.roundTripTime.value shouldBe INTERVAL + 1.seconds
        }

        test("a connection whose Ping fails for want of memory is closed") {
            val rig = ConnectionRig(
                Role.SERVER,
                autoPing = AutoPingConfig(INTERVAL, 3.seconds, Int.MAX_VALUE, true),
            )
            shouldThrow<OutOfMemoryError> { rig.loop.advanceBy(INTERVAL) }
            rig.transport.isClosed shouldBe true
        }

        test("no Ping is sent in a frame that another thread has begun") {
            val rig = ConnectionRig(Role.SERVER)
            rig.connection.protocol.beginMessage(MessageType.BINARY)
            rig.connection.protocol.beginMessageFrame(10)
            AutoPing(rig.connection).send(ByteArray(12)) shouldBe AutoPing.NOT_NOW
            rig.peer.pings() shouldHaveSize 0
        }
    })

private val INTERVAL = 20.seconds
