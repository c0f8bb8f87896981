package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.MessageReader
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeoutOrNull

@OptIn(ExperimentalCoroutinesApi::class)
class IncomingStreamsTest :
    FunSpec({
        test("a select without a dispatcher may wait for other receivers") {
            val rig = ConnectionRig(Role.SERVER)
            val canOthersReceive = CoroutineScope(Dispatchers.Unconfined).async {
                select { rig.connection.incomingStreams.onReceive { it } }
                val other = thread { rig.connection.incomingStreams.tryReceive() }
                other.join(5_000)
                !other.isAlive
            }
            rig.loop.run()
            rig.receive(rig.peer.text("hello"))
            canOthersReceive.getCompleted().shouldBeTrue()
        }

        for (role in Role.entries) {
            context("as $role") {
                test("a message is there as soon as it begins, its bytes as they arrive") {
                    val rig = ConnectionRig(role)
                    val reader = rig.begin { incomingStreams.receive() }
                    rig.receive(rig.peer.frame(0x01, "he".encodeToByteArray()))
                    val message = reader.getCompleted()
                    message.type shouldBe MessageType.TEXT
                    rig.begin { message.read() }.text() shouldBe "he"
                    val next = rig.begin { message.read() }
                    next.isCompleted.shouldBeFalse()
                    rig.receive(rig.peer.frame(0x80, "llo".encodeToByteArray()))
                    next.text() shouldBe "llo"
                    rig.begin { message.read() }.getCompleted().shouldBeNull()
                }

                test("frames come with their length, begin, data and end") {
                    val rig = ConnectionRig(role)
                    val whole =
                        rig.peer.frame(0x02, ByteArray(7)) + rig.peer.frame(0x00, ByteArray(0)) +
                            rig.peer.frame(0x80, ByteArray(3))
                    rig.receive(whole.copyOf(8))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    val frame = rig.begin { message.nextFrame()!! }.getCompleted()
                    frame.length shouldBe 7
                    rig.receive(whole.copyOfRange(8, whole.size))
                    rig.begin { frame.sizes() }.getCompleted().sum() shouldBe 7
                    val empty = rig.begin { message.nextFrame()!! }.getCompleted()
                    empty.length shouldBe 0
                    rig.begin { empty.read() }.getCompleted().shouldBeNull()
                    val last = rig.begin { message.nextFrame()!! }.getCompleted()
                    rig.begin { last.sizes() }.getCompleted() shouldContainExactly listOf(3)
                    rig.begin { message.nextFrame() }.getCompleted().shouldBeNull()
                }

                test("the next frame skips what is left of the one before, which then is over") {
                    val rig = ConnectionRig(role)
                    rig.receive(
                        rig.peer.frame(0x02, ByteArray(7)),
                        rig.peer.frame(0x80, byteArrayOf(1)),
                    )
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    val frame = rig.begin { message.nextFrame()!! }.getCompleted()
                    val last = rig.begin { message.nextFrame()!! }.getCompleted()
                    rig.begin { frame.read() }.failure().shouldBeInstanceOf<IllegalStateException>()
                    rig.begin { last.read() }.getCompleted() shouldBe byteArrayOf(1)
                }

                test("the next message discards what is left of the one before") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 1000)
                    rig.receive(rig.peer.frame(0x02, ByteArray(600)))
                    val first = rig.begin { incomingStreams.receive() }.getCompleted()
                    val second = rig.begin { incomingStreams.receive() }
                    // More than may wait: it is the message nobody reads.
                    repeat(10) { rig.receive(rig.peer.frame(0x00, ByteArray(600))) }
                    rig.receive(rig.peer.frame(0x80, ByteArray(0)), rig.peer.text("two"))
                    rig.begin { first.read() }.failure()
                        .shouldBeInstanceOf<IllegalStateException>()
                    val message = second.getCompleted()
                    rig.begin { message.read() }.text() shouldBe "two"
                }

                test("what is not read holds the peer back, byte for byte") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 1000, capacity = 1000)
                    val message = rig.begin { incomingStreams.receive() }
                    rig.receive(rig.peer.frame(0x82, ByteArray(500_000)))
                    rig.peer.waiting() shouldBeGreaterThan 495_000
                    val read = rig.begin { message.getCompleted().sizes() }
                    read.getCompleted().sum() shouldBe 500_000
                    read.getCompleted().max() shouldBeLessThan 1001
                    rig.peer.waiting() shouldBe 0
                }

                test("a read that is cancelled loses nothing") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x02, byteArrayOf(1)))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { message.read() }.getCompleted() shouldBe byteArrayOf(1)
                    val hasty = rig.begin { withTimeoutOrNull(5.milliseconds) { message.read() } }
                    rig.loop.advanceBy(5.milliseconds)
                    hasty.getCompleted().shouldBeNull()
                    rig.receive(rig.peer.frame(0x80, byteArrayOf(2)))
                    rig.begin { message.read() }.getCompleted() shouldBe byteArrayOf(2)
                }

                test("one read after another may be cancelled") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x02, byteArrayOf(1)))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { message.read() }.getCompleted() shouldBe byteArrayOf(1)
                    repeat(2) {
                        val hasty =
                            rig.begin { withTimeoutOrNull(5.milliseconds) { message.read() } }
                        rig.loop.advanceBy(5.milliseconds)
                        hasty.getCompleted().shouldBeNull()
                    }
                    rig.receive(rig.peer.frame(0x80, byteArrayOf(2)))
                    rig.begin { message.read() }.getCompleted() shouldBe byteArrayOf(2)
                }

                test("a frame is over once the message is read beyond it") {
                    val rig = ConnectionRig(role)
                    rig.receive(
                        rig.peer.frame(0x02, byteArrayOf(1)),
                        rig.peer.frame(0x00, byteArrayOf(2)),
                        rig.peer.frame(0x80, byteArrayOf(3)),
                    )
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    val first = rig.begin { message.nextFrame()!! }.getCompleted()
                    rig.begin { message.read() }.getCompleted() shouldBe byteArrayOf(1)
                    rig.begin { message.read() }.getCompleted() shouldBe byteArrayOf(2)
                    rig.begin { first.read() }.failure().shouldBeInstanceOf<IllegalStateException>()
                    val last = rig.begin { message.nextFrame()!! }.getCompleted()
                    rig.begin { last.read() }.getCompleted() shouldBe byteArrayOf(3)
                }

                test("bytes that come one by one cost more than one each") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 1000, capacity = 1)
                    rig.receive(rig.peer.frame(0x82, ByteArray(500)))
                    rig.peer.waiting() shouldBeGreaterThan 400
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { message.sizes() }.getCompleted().sum() shouldBe 500
                }

                test("a connection that ends within a message says so to its reader") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x02, byteArrayOf(1)))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    val read = rig.begin { message.sizes() }
                    rig.peer.vanish(IOException("gone"))
                    rig.loop.run()
                    read.failure().shouldBeInstanceOf<ConnectionClosedException>()
                    rig.begin { incomingStreams.receive() }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                }

                test("a clean Close within a message is no end of the message") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x02, byteArrayOf(1)), rig.peer.close(1000))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { message.read() }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                    rig.begin { incomingStreams.receiveCatching() }.getCompleted()
                        .isClosed.shouldBeTrue()
                }

                test("text that is not UTF-8 ends its reader, and the connection with 1007") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x01, byteArrayOf(0x61)))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.receive(rig.peer.frame(0x00, byteArrayOf(0xFF.toByte())))
                    rig.begin { message.sizes() }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                    rig.peer.frames shouldContainExactly listOf("close 1007")
                }

                test("after close what was not read is discarded, and reading throws") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.frame(0x02, ByteArray(5)))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { close(1000, "") }
                    rig.begin { message.read() }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                }

                test("cancelling discards what waits and what is read, and all that follows") {
                    val rig = ConnectionRig(role, maxIncomingQueueSize = 100)
                    rig.receive(rig.peer.frame(0x02, ByteArray(101)))
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { incomingStreams.cancel() }
                    rig.begin { message.read() }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                    rig.receive(rig.peer.frame(0x80, ByteArray(101)), rig.peer.ping("alive"))
                    repeat(3) { rig.receive(rig.peer.frame(0x82, ByteArray(101))) }
                    rig.receive(rig.peer.ping("still"))
                    rig.peer.frames shouldContainExactly listOf("pong alive", "pong still")
                }

                test("either whole or in pieces: the other one is an error") {
                    val rig = ConnectionRig(role)
                    rig.connection.incomingStreams shouldBe rig.connection.incomingStreams
                    shouldThrow<IllegalStateException> { rig.connection.incoming }
                        .message shouldBe "incoming cannot be used: incomingStreams was"
                    val other = ConnectionRig(role)
                    other.connection.incoming
                    shouldThrow<IllegalStateException> { other.connection.incomingStreams }
                }

                test("what came before the choice is there whole, unfinished messages included") {
                    val rig = ConnectionRig(role)
                    rig.receive(
                        rig.peer.text("one"),
                        rig.peer.frame(0x02, byteArrayOf(1)),
                        rig.peer.frame(0x00, byteArrayOf(2)),
                    )
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("one")
                    rig.receive(rig.peer.frame(0x80, byteArrayOf(3)))
                    rig.begin { incoming.receive() }.getCompleted() shouldBe
                        Message.Binary(byteArrayOf(1, 2, 3))
                }

                test("what came before the choice and the end is there whole, and then the end") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.text("last"), rig.peer.close(1000))
                    rig.loop.advanceBy(5_000.milliseconds)
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("last")
                    rig.begin { incoming.receiveCatching() }.getCompleted().isClosed.shouldBeTrue()
                }

                test("a message that was cut off before the choice is no message") {
                    val rig = ConnectionRig(role)
                    rig.receive(
                        rig.peer.text("one"),
                        rig.peer.frame(0x01, byteArrayOf(0x61)),
                        rig.peer.close(1000),
                    )
                    rig.begin { incoming.receive() }.getCompleted() shouldBe Message.Text("one")
                    rig.begin { incoming.receiveCatching() }.getCompleted().isClosed.shouldBeTrue()
                    val broken = ConnectionRig(role)
                    broken.receive(broken.peer.frame(0x81, byteArrayOf(0xFF.toByte())))
                    broken.begin { incoming.receive() }.isCompleted.shouldBeFalse()
                }

                test("the same in pieces") {
                    val rig = ConnectionRig(role)
                    rig.receive(rig.peer.text("last"), rig.peer.close(1000))
                    rig.loop.advanceBy(5_000.milliseconds)
                    val message = rig.begin { incomingStreams.receive() }.getCompleted()
                    rig.begin { message.read() }.text() shouldBe "last"
                    rig.begin { message.read() }.getCompleted().shouldBeNull()
                    rig.begin { incomingStreams.receiveCatching() }.getCompleted()
                        .isClosed.shouldBeTrue()
                }

                test(
                    "maxMessagePayloadSize counts for whole messages, also one begun before the choice",
                ) {
                    val rig =
                        ConnectionRig(role, maxMessagePayloadSize = 10, maxStreamedMessageSize = 0)
                    rig.receive(rig.peer.frame(0x02, ByteArray(11)))
                    rig.peer.frames shouldContainExactly emptyList()
                    rig.begin { incoming.receive() }
                    rig.peer.frames shouldContainExactly listOf("close 1009")
                    val piecewise =
                        ConnectionRig(role, maxMessagePayloadSize = 10, maxStreamedMessageSize = 0)
                    piecewise.receive(piecewise.peer.frame(0x82, ByteArray(11)))
                    val message = piecewise.begin { incomingStreams.receive() }.getCompleted()
                    piecewise.begin { message.sizes() }.getCompleted().sum() shouldBe 11
                }

                test("a limit that was set counts for messages in pieces as well") {
                    val rig = ConnectionRig(role, maxStreamedMessageSize = 10)
                    val message = rig.begin { incomingStreams.receive() }
                    rig.receive(
                        rig.peer.frame(0x02, ByteArray(6)),
                        rig.peer.frame(0x80, ByteArray(5)),
                    )
                    rig.begin { message.await().sizes() }.failure()
                        .shouldBeInstanceOf<ConnectionClosedException>()
                    rig.peer.frames shouldContainExactly listOf("close 1009")
                }

                test("select takes readers too") {
                    val rig = ConnectionRig(role)
                    val chosen = rig.begin { select { incomingStreams.onReceive { it } } }
                    rig.receive(rig.peer.text("hi"))
                    val message = chosen.getCompleted()
                    rig.begin { message.read() }.text() shouldBe "hi"
                }
            }
        }
    })

@OptIn(ExperimentalCoroutinesApi::class)
private fun Deferred<*>.failure() = getCompletionExceptionOrNull()

@OptIn(ExperimentalCoroutinesApi::class)
private fun Deferred<ByteArray?>.text() = getCompleted()?.decodeToString()

private suspend fun MessageReader.sizes(): List<Int> = buildList {
    while (true) add((read() ?: break).size)
}

private suspend fun dev.kobahn.MessageReader.Frame.sizes(): List<Int> = buildList {
    while (true) add((read() ?: break).size)
}
