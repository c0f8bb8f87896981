package dev.kobahn.internal.connection

import dev.kobahn.ConnectionClosedException
import dev.kobahn.Message
import dev.kobahn.PreparedMessage
import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.extension.expansion
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.selects.select

private const val LARGE = 1_000_000L

private fun rig(budget: MemoryBudget, maxOutgoingQueueSize: Long = LARGE) = ConnectionRig(
    Role.SERVER,
    budget = budget,
    maxIncomingQueueSize = LARGE,
    maxOutgoingQueueSize = maxOutgoingQueueSize,
    closeHandshakeTimeout = 30.seconds,
)

/** The beginning of a message of 500,000 bytes, of which only [count] come. */
private fun unfinished(count: Int): ByteArray {
    val frame = ByteBuffer.allocate(14 + count)
    frame.put(0x82.toByte()).put(0xFF.toByte()).putLong(500_000).putInt(0)
    return frame.array()
}

/** Holds something, and runs out of memory whatever is wanted of it. */
private class Failing : HeldMemory.Owner {
    override var heldMemory = 0L

    override fun onMemoryShort(isShort: Boolean) = fail()

    override fun giveUpMemory() = fail()

    override fun reassessMemory() = if (heldMemory == 0L) fail() else false

    private fun fail(): Nothing = throw OutOfMemoryError("on purpose")
}

private val receivers: Map<String, suspend Connection.() -> Any?> = mapOf(
    "receive" to { incoming.receive() },
    "iteration" to { incoming.iterator().hasNext() },
    "select" to { select { incoming.onReceive { it } } },
    "incomingStreams" to { incomingStreams.receive() },
)

internal class HeldMemoryTest :
    FunSpec({
        test(
            "what is put together, what waits, and what waits to be sent counts, and is given back",
        ) {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            rig.begin { incoming }
            rig.receive(unfinished(60_000))
            (budget.used >= 60_000) shouldBe true
            rig.receive(ByteArray(440_000))
            budget.used shouldBe 500_000
            rig.begin { incoming.receive() }
            budget.used shouldBe 0
            rig.peer.stopReading()
            rig.begin { send(MessageType.BINARY, ByteArray(300_000)) }
            (budget.used in 300_000..300_100) shouldBe true
            rig.transport.vanish()
            rig.loop.run()
            budget.used shouldBe 0
        }

        test("what was read and is not parsed counts as soon as it is held") {
            val budget = MemoryBudget(10_000_000)
            val rig = ConnectionRig(
                Role.SERVER,
                budget = budget,
                maxIncomingQueueSize = 1_000,
                extensions = listOf(expansion()),
            )
            rig.begin { incoming.tryReceive() }
            val wire = ByteArray(7_000) { if (it % 2 == 0) -1 else 0x41 }
            rig.receive(*Array(8) { rig.peer.frame(0xC2, wire) })
            rig.connection.reading.isPaused shouldBe true
            (budget.used >= 7_000 / 2 * 255 + 7 * 7_000) shouldBe true
            rig.transport.vanish()
            rig.loop.run()
            // The message that waits for the handler.
            (budget.used in 7_000 / 2 * 255..<7_000 / 2 * 256 + 3_500) shouldBe true
        }

        test("what waits after the end counts until it is taken") {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            rig.begin { incoming }
            repeat(2) { rig.receive(rig.peer.frame(0x82, ByteArray(300_000))) }
            rig.transport.vanish()
            rig.loop.run()
            budget.used shouldBe 600_000
            rig.begin { incoming.receive() }.await().size shouldBe 300_000
            budget.used shouldBe 300_000
            rig.begin { incoming.receive() }.await().size shouldBe 300_000
            budget.used shouldBe 0
        }

        test("what waits after the end counts no more once the handler has ended") {
            val budget = MemoryBudget(10_000_000)
            val handlersEnd: List<ConnectionRig.(() -> Unit) -> Unit> = listOf(
                { end -> end().also { connection.memory!!.onHandlerEnd() } },
                { end -> connection.memory!!.onHandlerEnd().also { end() } },
            )
            for (inOrder in handlersEnd) {
                val rig = rig(budget)
                rig.begin { incoming }
                rig.receive(rig.peer.frame(0x82, ByteArray(300_000)))
                budget.used shouldBe 300_000
                rig.inOrder {
                    rig.transport.vanish()
                    rig.loop.run()
                }
                budget.used shouldBe 0
            }
        }

        test("what waits for the application of a client after the end is its own") {
            val budget = MemoryBudget(10_000_000)
            val rig = ConnectionRig(Role.CLIENT, budget = budget, maxIncomingQueueSize = LARGE)
            rig.begin { incoming }
            rig.receive(rig.peer.frame(0x82, ByteArray(300_000)))
            budget.used shouldBe 300_000
            rig.transport.vanish()
            rig.loop.run()
            budget.used shouldBe 0
            rig.begin { incoming.receive() }.await().size shouldBe 300_000
        }

        for ((name, receive) in receivers) {
            test("what waits after the end is given up above the budget, and $name tells so") {
                val budget = MemoryBudget(500_000)
                val rig = rig(budget)
                rig.begin { if (name == "incomingStreams") incomingStreams else incoming }
                rig.receive(rig.peer.frame(0x82, ByteArray(300_000)), rig.peer.close(1000))
                rig.peer.end()
                rig.loop.advanceBy(1.seconds)
                rig.connection.closeStatus?.wasClean shouldBe true
                val other = rig(budget)
                other.begin { incoming }
                other.receive(other.peer.frame(0x82, ByteArray(250_000)))
                rig.loop.run()
                budget.used shouldBe 250_000
                rig.begin { runCatching { receive() } }.await().exceptionOrNull()
                    .shouldBeInstanceOf<ConnectionClosedException>()
            }
        }

        test("what is in pieces counts too") {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            rig.receive(unfinished(60_000))
            (budget.used >= 60_000) shouldBe true
            rig.transport.vanish()
            rig.loop.run()
            budget.used shouldBe 0
        }

        test("small messages do not count") {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            rig.peer.stopReading()
            repeat(20) { rig.receive(rig.peer.text("x".repeat(500))) }
            budget.used shouldBe 0
        }

        test("of a message to many each who waits with it counts a part, and the last one all") {
            val budget = MemoryBudget(10_000_000)
            val message = PreparedMessage(Message.Binary(ByteArray(300_000)))
            val rigs = List(3) { rig(budget) }
            for (rig in rigs) {
                rig.peer.stopReading()
                rig.begin { outgoing.send(message) }
            }
            (budget.used in 550_000L..550_100) shouldBe true
            rigs.forEach { it.loop.advanceBy(5.seconds) }
            (budget.used in 300_000L..300_100) shouldBe true
            rigs.take(2).forEach {
                it.transport.vanish()
                it.loop.run()
            }
            rigs.last().loop.advanceBy(5.seconds)
            (budget.used in 300_000L..300_100) shouldBe true
            rigs.last().transport.vanish()
            rigs.last().loop.run()
            budget.used shouldBe 0
            rigs.sumOf { it.loop.pendingTimers } shouldBe 0
        }

        for (fragmentSize in listOf(0, 50_000)) {
            test(
                "a message counts whole until its last byte is written, in frames of $fragmentSize",
            ) {
                val budget = MemoryBudget(10_000_000)
                val rig = rig(budget)
                rig.peer.stopReading()
                rig.begin { send(MessageType.BINARY, ByteArray(300_000), fragmentSize) }
                repeat(4) {
                    (budget.used in 300_000L..<320_000) shouldBe true
                    rig.peer.readOnce()
                    rig.loop.run()
                }
                repeat(4) {
                    rig.peer.readOnce()
                    rig.loop.run()
                }
                budget.used shouldBe 0
            }
        }

        test("what waits for select counts until that has taken it") {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            rig.begin { incoming.onReceive }
            rig.receive(rig.peer.frame(0x82, ByteArray(300_000)))
            budget.used shouldBe 300_000
            rig.begin { select { incoming.onReceive { it } } }.await().size shouldBe 300_000
            rig.begin { incoming.onReceive }
            budget.used shouldBe 0
        }

        for (end in listOf("the peer's end", "cancel")) {
            test("what select has taken does not count after $end") {
                val budget = MemoryBudget(10_000_000)
                val rig = rig(budget)
                val selecting = rig.begin { select { incoming.onReceive { it } } }
                rig.receive(rig.peer.frame(0x82, ByteArray(300_000)))
                selecting.await().size shouldBe 300_000
                if (end == "cancel") rig.begin { incoming.cancel() } else rig.transport.vanish()
                rig.receive(rig.peer.ping("still there?"))
                budget.used shouldBe 0
            }
        }

        test("a message that a cancelled receive gives back counts again, until cancel") {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            val receiving = rig.begin { incoming.receive() }
            rig.peer.send(rig.peer.frame(0x82, ByteArray(300_000)))
            while (rig.connection.memory!!.heldMemory < 300_000) rig.loop.step()
            receiving.cancel()
            rig.loop.run()
            budget.used shouldBe 300_000
            rig.begin { incoming.cancel() }
            budget.used shouldBe 0
        }

        test("memory that the transport comes to keep counts until it keeps it no more") {
            val budget = MemoryBudget(10_000_000)
            val rig = rig(budget)
            for (held in listOf(100_000L, 0L)) {
                rig.transport.heldMemory = held
                rig.connection.onHeldMemory()
                budget.used shouldBe held
            }
        }

        val wishes: Map<String, HeldMemory.(Failing) -> Unit> = mapOf(
            "paused" to { owner ->
                owner.heldMemory = 90_000
                update()
            },
            "resumed" to { resume() },
            "told to give up" to { giveUp() },
            "looked at anew" to { watch() },
        )
        for ((name, tell) in wishes) {
            test("who fails when it is $name is closed") {
                val loop = VirtualLoop()
                val (transport, _) = MemoryTransport.pair(loop)
                val owner = Failing()
                val memory = HeldMemory(MemoryBudget(100_000), transport, owner)
                memory.tell(owner)
                shouldThrow<OutOfMemoryError> { loop.advanceBy(5.seconds) }
                transport.isClosed shouldBe true
            }
        }

        test("nothing is restored while memory is short") {
            val budget = MemoryBudget(2_600_000)
            val rig = ConnectionRig(
                Role.SERVER,
                budget = budget,
                maxIncomingQueueSize = 10_000_000,
                extensions = listOf(expansion()),
            )
            rig.begin { incoming }
            // Each restores to 127,500 bytes, and a turn of the loop to a little more than a MiB.
            val wire = ByteArray(1_000) { if (it % 2 == 0) -1 else 0x41 }
            rig.receive(*Array(40) { rig.peer.frame(0xC2, wire) })
            rig.connection.reading.isPaused shouldBe true
            rig.begin { List(40) { incoming.receive().size } }.await() shouldBe
                List(40) { 127_500 }
            rig.peer.frames shouldBe emptyList()
        }

        test("who is closed with messages unread is told so though the peer answers the Close") {
            val budget = MemoryBudget(150_000)
            val rig = rig(budget)
            rig.begin { incoming }
            rig.receive(rig.peer.frame(0x82, ByteArray(60_000)))
            rig.receive(rig.peer.frame(0x82, ByteArray(60_000)))
            rig.loop.advanceBy(6.seconds)
            rig.peer.frames shouldBe listOf("close 1013")
            val receiving = rig.begin { runCatching { incoming.iterator().hasNext() } }
            rig.receive(rig.peer.close(1013))
            rig.peer.end()
            rig.loop.advanceBy(1.seconds)
            receiving.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosedException>()
        }

        test(
            "who holds much while memory is short is not read from, and closed with 1013 after five seconds",
        ) {
            val budget = MemoryBudget(150_000)
            val rig = rig(budget)
            rig.begin { incoming }
            rig.receive(unfinished(60_000))
            rig.receive(ByteArray(20_000))
            rig.connection.reading.isPaused shouldBe true
            rig.loop.advanceBy(4.seconds)
            rig.peer.frames shouldBe emptyList()
            rig.loop.advanceBy(2.seconds)
            rig.peer.frames shouldBe listOf("close 1013")
            budget.used shouldBe 0
            // What still comes of the message is kept no more.
            rig.receive(ByteArray(400_000))
            budget.used shouldBe 0
            rig.connection.reading.isPaused shouldBe false
        }

        test("who holds much while memory is short sends no more than one message at a time") {
            val budget = MemoryBudget(1_400_000)
            val other = rig(budget)
            other.begin { incoming }
            other.receive(unfinished(300_000))
            val rig = rig(budget)
            rig.begin { incoming }
            rig.peer.stopReading()
            rig.begin { send(MessageType.BINARY, ByteArray(200_000)) }.isCompleted shouldBe true
            rig.receive(unfinished(400_000))
            rig.connection.reading.isPaused shouldBe true
            val sending = rig.begin { send(MessageType.TEXT, "late".encodeToByteArray()) }
            sending.isCompleted shouldBe false
            rig.begin { trySend(MessageType.TEXT, ByteArray(1)) }.await() shouldBe false
            other.transport.vanish()
            other.loop.run()
            rig.loop.run()
            sending.isCompleted shouldBe true
            rig.begin { trySend(MessageType.TEXT, ByteArray(1)) }.await() shouldBe true
        }

        test("reading goes on when others hold less, and nothing is lost") {
            val budget = MemoryBudget(1_000_000)
            val other = rig(budget)
            other.begin { incoming }
            other.receive(unfinished(300_000))
            val rig = rig(budget)
            rig.begin { incoming }
            rig.receive(unfinished(400_000))
            rig.connection.reading.isPaused shouldBe true
            other.transport.vanish()
            other.loop.run()
            rig.loop.run()
            rig.connection.reading.isPaused shouldBe false
            rig.receive(ByteArray(100_000))
            val message = rig.begin { incoming.receive() }
            message.await().size shouldBe 500_000
            rig.loop.advanceBy(10.seconds)
            rig.peer.frames shouldBe emptyList()
        }

        test("a connection that closes reads on for the peer's Close though memory is short") {
            val budget = MemoryBudget(150_000)
            val rig = rig(budget)
            rig.begin { incoming }
            rig.receive(rig.peer.frame(0x82, ByteArray(120_000)))
            rig.connection.reading.isPaused shouldBe true
            val closing = rig.begin { close(1000, "") }
            rig.connection.reading.isPaused shouldBe false
            budget.used shouldBe 0
            rig.receive(rig.peer.close(1000))
            rig.peer.end()
            rig.loop.run()
            closing.await().wasClean shouldBe true
        }

        test("who gave back what it held is read from again though others hold much") {
            val budget = MemoryBudget(1_000_000)
            val other = rig(budget)
            other.begin { incoming }
            other.receive(other.peer.frame(0x82, ByteArray(400_000)))
            val rig = rig(budget)
            rig.begin { incoming }
            rig.receive(rig.peer.frame(0x82, ByteArray(60_000)))
            rig.receive(rig.peer.frame(0x82, ByteArray(390_000)))
            rig.connection.reading.isPaused shouldBe true
            rig.begin { repeat(2) { incoming.receive() } }
            rig.connection.reading.isPaused shouldBe false
            rig.loop.advanceBy(6.seconds)
            rig.peer.frames shouldBe emptyList()
            // And it is subject to the budget as before.
            rig.receive(rig.peer.frame(0x82, ByteArray(500_000)))
            rig.connection.reading.isPaused shouldBe true
        }

        test(
            "who is resumed at once after it was paused is read from, in whatever order it learns",
        ) {
            val actions = ArrayDeque<Runnable>()
            val loop = object : Loop by VirtualLoop() {
                override fun execute(action: Runnable) = actions.addFirst(action)
            }
            var isPaused = false
            val owner = object : HeldMemory.Owner {
                override var heldMemory = 90_000L

                override fun onMemoryShort(isShort: Boolean) {
                    isPaused = isShort
                }

                override fun giveUpMemory() = Unit

                override fun reassessMemory() = false
            }
            val memory = HeldMemory(MemoryBudget(100_000), MemoryTransport.pair(loop).first, owner)
            memory.update()
            owner.heldMemory = 0
            memory.update()
            actions.size shouldBe 2
            actions.forEach { it.run() }
            isPaused shouldBe false
        }

        test("nothing is read ahead, not even for the peer's end, while memory is short") {
            val rig = ConnectionRig(
                Role.SERVER,
                maxIncomingQueueSize = LARGE,
                autoPing = AutoPingConfig(3.seconds, 2.seconds, 12, true),
                budget = MemoryBudget(10_000_000),
            )
            val memory = rig.connection.memory!!
            rig.begin { incoming }
            memory.onMemoryShort(true)
            rig.receive(rig.peer.frame(0x82, ByteArray(1_000)))
            rig.loop.advanceBy(30.seconds)
            rig.transport.received shouldBe 0
            memory.onMemoryShort(false)
            rig.loop.run()
            rig.transport.received shouldBeGreaterThan 1_000
        }

        test("who is to leave does not keep what it does not take, whatever else it holds") {
            val budget = MemoryBudget(500_000)
            val rig = rig(budget)
            rig.begin { incoming }
            rig.peer.stopReading()
            rig.begin { send(MessageType.BINARY, ByteArray(200_000)) }
            rig.receive(rig.peer.frame(0x82, ByteArray(600_000)))
            rig.loop.advanceBy(6.seconds)
            rig.connection.closeStatus?.wasClean shouldBe false
            budget.used shouldBe 0
            shouldThrow<ConnectionClosedException> { rig.begin { incoming.receive() }.await() }
        }

        test("who is to leave is told so where it takes what waits for it") {
            val budget = MemoryBudget(500_000)
            val rig = rig(budget)
            rig.begin { incoming }
            rig.begin { send(MessageType.BINARY, ByteArray(20_000)) }
            rig.receive(rig.peer.frame(0x82, ByteArray(600_000)))
            rig.loop.advanceBy(6.seconds)
            rig.peer.frames.last() shouldBe "close 1013"
        }

        test("above the budget who holds most is closed at once, or dropped if it is output") {
            val budget = MemoryBudget(500_000)
            val small = rig(budget)
            small.begin { incoming }
            small.receive(unfinished(20_000))
            val large = rig(budget)
            large.begin { incoming }
            large.receive(unfinished(120_000))
            val slow = rig(budget)
            slow.peer.stopReading()
            slow.begin { send(MessageType.BINARY, ByteArray(900_000)) }
            listOf(slow, large, small).forEach { it.loop.run() }
            slow.connection.closeStatus?.wasClean shouldBe false
            large.peer.frames shouldBe emptyList()
            small.peer.frames shouldBe emptyList()
        }
    })
