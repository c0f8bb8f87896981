package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.PayloadExceededException
import dev.kobahn.ReadingPausedException
import dev.kobahn.WireLog
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async

private suspend fun Connection.send(text: String) = send(MessageType.TEXT, text.encodeToByteArray())

private suspend fun Connection.send(size: Int) = send(MessageType.BINARY, ByteArray(size))

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
private fun Deferred<*>.failure() = getCompletionExceptionOrNull()

@OptIn(
    kotlinx.coroutines.ExperimentalCoroutinesApi::class,
    kotlinx.coroutines.DelicateCoroutinesApi::class,
)
class ConnectionTest :
    FunSpec({
        for (role in Role.entries) {
            context("as $role") {
                test("messages go both ways") {
                    val rig = ConnectionRig(role)
                    rig.begin { send("hello") }.isCompleted.shouldBeTrue()
                    rig.peer.frames shouldContainExactly listOf("text hello")
                    rig.receive(rig.peer.text("there"))
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("there")
                }

                test(
                    "a message over maxMessagePayloadSize is not sent, and the connection goes on",
                ) {
                    val rig = ConnectionRig(role, maxMessagePayloadSize = 10)
                    val failure = rig.begin { send("x".repeat(11)) }.failure()
                        .shouldBeInstanceOf<PayloadExceededException>()
                    listOf(failure.size.toLong(), failure.limit) shouldBe listOf(11L, 10L)
                    rig.begin { send("x".repeat(10)) }.isCompleted.shouldBeTrue()
                    rig.peer.frames shouldContainExactly listOf("text xxxxxxxxxx")
                }

                test("who is told that nothing more comes can ask at once how it ended") {
                    val rig = ConnectionRig(role)
                    val ended = CoroutineScope(Dispatchers.Unconfined).async {
                        shouldThrow<ConnectionClosedException> { rig.connection.incoming.receive() }
                        rig.connection.closeStatus to rig.connection.isClosing
                    }
                    rig.peer.vanish(IOException("gone"))
                    rig.loop.run()
                    ended.getCompleted().first?.wasClean shouldBe false
                    ended.getCompleted().second shouldBe true
                }

                test("a send that the end interrupts can see that the connection is closing") {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 10, capacity = 10)
                    rig.peer.stopReading()
                    val seen = CoroutineScope(Dispatchers.Unconfined).async {
                        shouldThrow<ConnectionClosedException> {
                            rig.connection.send(MessageType.BINARY, ByteArray(100))
                        }
                        rig.connection.isClosing
                    }
                    rig.loop.run()
                    seen.isCompleted.shouldBeFalse()
                    rig.peer.vanish(IOException("gone"))
                    rig.loop.run()
                    seen.getCompleted() shouldBe true
                }

                test("a log that fails with an Error keeps nobody from hearing of the end") {
                    val log = WireLog { entry ->
                        if ("CLOSED" in entry.toString()) throw StackOverflowError("in the log")
                    }
                    val rig = ConnectionRig(role, wireLog = WireLogConfig(true, false, log))
                    val receiving = rig.begin { incoming.receive() }
                    val waiting = rig.begin { awaitClosed() }
                    rig.peer.vanish(IOException("gone"))
                    rig.loop.run()
                    waiting.isCompleted.shouldBeTrue()
                    receiving.failure().shouldBeInstanceOf<ConnectionClosedException>()
                }

                test("send throws after our Close, with what is known by then") {
                    val rig = ConnectionRig(role)
                    rig.begin { close(3000, "") }
                    val status = rig.begin { send("late") }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>().status
                    status.local?.code shouldBe 3000
                    status.wasClean.shouldBeFalse()
                    rig.peer.frames shouldContainExactly listOf("close 3000")
                }

                test("send throws after the peer's Close, with the peer's code") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.close(3001))
                    val status = rig.begin { send("late") }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>().status
                    status.code shouldBe 3001
                    status.wasClean.shouldBeTrue()
                }

                test("send and ping throw when the transport ended without a Close") {
                    val rig = ConnectionRig(role)
                    rig.peer.vanish(IOException("reset"))
                    rig.loop.run()
                    for (late in listOf(rig.begin { send("late") }, rig.begin { ping() })) {
                        late.failure().shouldBeInstanceOf<ConnectionClosedException>()
                            .status.code shouldBe
                            1006
                    }
                    rig.connection.bufferedAmount shouldBe 0
                }

                test("send throws after a violation of the peer") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x83, ByteArray(0)))
                    rig.begin { send("late") }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>().status.local?.code shouldBe
                        1002
                }

                test(
                    "send suspends above the high-water mark and resumes when half of it is written",
                ) {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 1000, capacity = 100)
                    rig.peer.stopReading()
                    val first = rig.begin { send(900) }
                    first.isCompleted.shouldBeTrue()
                    val second = rig.begin { send(900) }
                    second.isCompleted.shouldBeFalse()
                    var written = 0
                    while (!second.isCompleted) {
                        rig.connection.bufferedAmount shouldBeGreaterThan 500
                        rig.peer.readOnce(rig)
                        check(written++ < 100) { "send never resumes" }
                    }
                    rig.connection.bufferedAmount shouldBeLessThanOrEqual 500
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("binary 900", "binary 900")
                }

                test("send at the high-water mark does not suspend") {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 1000, capacity = 1)
                    rig.peer.stopReading()
                    rig.loop.run()
                    rig.begin { send(100) }
                    val room = 1000 - rig.connection.bufferedAmount.toInt()
                    val header = if (role == Role.CLIENT) 8 else 4
                    rig.begin { send(room - header) }.isCompleted.shouldBeTrue()
                    rig.connection.bufferedAmount shouldBe 1000
                    rig.begin { send(0) }.isCompleted.shouldBeFalse()
                }

                test("a cancelled send leaves its message queued and the connection usable") {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 1000, capacity = 100)
                    rig.peer.stopReading()
                    val cancelled = rig.begin { send(2000) }
                    cancelled.cancel()
                    rig.loop.run()
                    cancelled.isCancelled.shouldBeTrue()
                    val next = rig.begin { send("next") }
                    rig.peer.readOn()
                    rig.loop.run()
                    next.getCompleted()
                    rig.peer.frames shouldContainExactly listOf("binary 2000", "text next")
                }

                test("a send that waits for room throws when the connection ends") {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 1000, capacity = 100)
                    rig.peer.stopReading()
                    val waiting = rig.begin { send(2000) }
                    rig.connection.drop()
                    rig.loop.run()
                    waiting.failure().shouldBeInstanceOf<ConnectionClosedException>()
                    rig.connection.bufferedAmount shouldBe 0
                }

                test("a Ping is answered, and the last one at once when there was no room before") {
                    val rig = ConnectionRig(role, maxOutgoingQueueSize = 1_000_000, capacity = 1000)
                    rig.receive(rig.peer.ping("first"))
                    rig.peer.frames shouldContainExactly listOf("pong first")
                    rig.peer.stopReading()
                    rig.begin { send(100_000) }
                    rig.receive(rig.peer.ping("second"), rig.peer.ping("third"))
                    rig.peer.readOn()
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly
                        listOf("pong first", "binary 100000", "pong third")
                }

                test("a ping takes the time until its Pong") {
                    val rig = ConnectionRig(role)
                    val ping = rig.begin { ping() }
                    rig.loop.advanceBy(30.milliseconds)
                    ping.isCompleted.shouldBeFalse()
                    rig.receive(rig.peer.pong(rig.peer.pings().single()))
                    ping.getCompleted() shouldBe 30.milliseconds
                }

                test("a Pong answers its Ping and all before it") {
                    val rig = ConnectionRig(role)
                    val pings =
                        List(3) {
                            rig.begin { ping() }.also { rig.loop.advanceBy(10.milliseconds) }
                        }
                    rig.receive(rig.peer.pong(rig.peer.pings()[1]))
                    pings.map { it.isCompleted } shouldContainExactly listOf(true, true, false)
                    pings[0].getCompleted() shouldBe 30.milliseconds
                    pings[1].getCompleted() shouldBe 20.milliseconds
                    rig.receive(rig.peer.pong(rig.peer.pings()[2]))
                    pings[2].getCompleted() shouldBe 10.milliseconds
                }

                test("a Pong nobody asked for changes nothing") {
                    val rig = ConnectionRig(role)
                    val ping = rig.begin { ping() }
                    rig.receive(
                        rig.peer.pong("12345678".encodeToByteArray()),
                        rig.peer.pong(ByteArray(0)),
                    )
                    ping.isCompleted.shouldBeFalse()
                    rig.begin { closeStatus }.getCompleted() shouldBe null
                }

                test("a ping throws when the connection ends before its Pong") {
                    val rig = ConnectionRig(role)
                    val ping = rig.begin { ping() }
                    rig.peer.end()
                    rig.loop.run()
                    ping.failure().shouldBeInstanceOf<ConnectionClosedException>()
                }

                test("reading pauses over the bound of incoming and goes on when there is room") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 200, capacity = 100)
                    repeat(3) { rig.receive(rig.peer.text("$it".repeat(100))) }
                    // Two are at the bound, the third is over it and the last one taken.
                    rig.receive(rig.peer.text("not read"), rig.peer.ping("not read"))
                    rig.peer.frames shouldContainExactly emptyList()
                    rig.begin { incoming.receive() }.getCompleted().size shouldBe 100
                    rig.loop.run()
                    rig.peer.frames shouldContainExactly listOf("pong not read")
                }

                test("a ping fails while reading is paused, before and after it was sent") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100)
                    val before = rig.begin { ping() }
                    rig.receive(rig.peer.text("x".repeat(101)))
                    before.failure().shouldBeInstanceOf<ReadingPausedException>()
                    rig.begin { ping() }.failure().shouldBeInstanceOf<ReadingPausedException>()
                    rig.begin { incoming.receive() }
                    val after = rig.begin { ping() }
                    rig.receive(rig.peer.pong(rig.peer.pings().last()))
                    after.isCompleted.shouldBeTrue()
                    after.failure() shouldBe null
                }

                test("a ping waits for the loop if the application has made room before it") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100)
                    rig.begin { incoming }
                    rig.receive(rig.peer.text("x".repeat(101)))
                    val ping = rig.beginElsewhere {
                        incoming.receive()
                        ping()
                    }
                    ping.isCompleted.shouldBeFalse()
                    rig.receive(rig.peer.pong(rig.peer.pings().last()))
                    ping.failure() shouldBe null
                }

                test("closing discards what incoming holds and reads on to the peer's Close") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100)
                    rig.receive(rig.peer.text("x".repeat(101)))
                    rig.receive(rig.peer.text("more"), rig.peer.close(1000))
                    val closing = rig.begin { close(1000, "") }
                    rig.peer.end()
                    rig.loop.run()
                    closing.getCompleted().wasClean.shouldBeTrue()
                    rig.begin { incoming.receiveCatching() }.getCompleted().isClosed.shouldBeTrue()
                }

                test("cancelling incoming discards messages while control frames are served") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100)
                    rig.receive(rig.peer.text("x".repeat(101)))
                    rig.begin { incoming.cancel() }
                    rig.receive(rig.peer.text("y".repeat(101)), rig.peer.ping("alive"))
                    rig.peer.frames shouldContainExactly listOf("pong alive")
                    rig.connection.incoming.isClosedForReceive.shouldBeTrue()
                }

                test("empty messages fill incoming as well") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 640)
                    repeat(11) { rig.receive(rig.peer.text("")) }
                    rig.receive(rig.peer.ping("not read"))
                    rig.peer.frames shouldContainExactly emptyList()
                }

                test(
                    "a message over maxMessagePayloadSize is refused with 1009 when it is declared",
                ) {
                    val rig = ConnectionRig(role, maxMessagePayloadSize = 10)
                    rig.receive(rig.peer.text("x".repeat(11)))
                    rig.peer.frames shouldContainExactly listOf("close 1009")
                }

                test("the end of the connection leaves what had arrived to be received") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.text("one"), rig.peer.text("two"))
                    rig.peer.vanish(IOException("reset"))
                    rig.loop.run()
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("one")
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("two")
                    rig.begin {
                        incoming.receive()
                    }.failure().shouldBeInstanceOf<ConnectionClosedException>()
                }
            }
        }
    })

/** Lets the peer read what is on the way, once. */
private fun FramePeer.readOnce(rig: ConnectionRig) {
    readOn()
    rig.loop.step()
    stopReading()
    rig.loop.run()
}
