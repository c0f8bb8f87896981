package dev.kobahn.internal.group

import dev.kobahn.Message
import dev.kobahn.PayloadExceededException
import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.internal.client.RealClientWebSocket
import dev.kobahn.internal.connection.ConnectionRig
import dev.kobahn.internal.connection.MemoryBudget
import dev.kobahn.protocol.Allocation
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.Headers
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async

private val RESPONSE = ConnectionResponse("memory", Headers.EMPTY, 101, 13, null, emptyList())
private const val HIGH_WATER = 1000L
private const val SIZE = 300

/** A connection in memory, and whoever is at its other end. */
private class Listener(maxMessagePayloadSize: Long = 0, budget: MemoryBudget? = null) {
    val rig = ConnectionRig(
        Role.SERVER,
        maxOutgoingQueueSize = HIGH_WATER,
        maxMessagePayloadSize = maxMessagePayloadSize,
        capacity = 100,
        budget = budget,
    )
    val webSocket: WebSocket = RealClientWebSocket(rig.connection, RESPONSE)

    /** What it heard: the first characters of messages of [SIZE]. */
    val heard: List<String>
        get() {
            rig.loop.run()
            return rig.peer.frames.map { it.removePrefix("text ").trimEnd('.') }
        }

    fun getStuck() {
        rig.peer.stopReading()
        rig.loop.run()
    }

    fun readOn() {
        rig.peer.readOn()
        rig.loop.run()
    }

    fun vanish() {
        rig.peer.vanish(java.io.IOException("reset"))
        rig.loop.run()
    }
}

private fun message(text: Any) = PreparedMessage("$text".padEnd(SIZE, '.'))

private fun group(slowConsumer: SlowConsumer) =
    Group<WebSocket>(slowConsumer, Dispatchers.Unconfined)

private fun Group<WebSocket>.add(listener: Listener) = add(listener.webSocket, listener.webSocket)

private fun <T> begin(block: suspend () -> T): Deferred<T> =
    CoroutineScope(Job() + Dispatchers.Unconfined)
        .async(start = CoroutineStart.UNDISPATCHED) { block() }

@OptIn(kotlinx.coroutines.ExperimentalCoroutinesApi::class)
class GroupTest :
    FunSpec({
        test("members come and go, each once, and leave by themselves when they end") {
            val group = group(SlowConsumer.Disconnect())
            val listeners = List(3) { Listener() }
            listeners.map { group.add(it) } shouldBe listOf(true, true, true)
            group.add(listeners[0]).shouldBeFalse()
            val before = group.members
            before shouldContainExactlyInAnyOrder listeners.map { it.webSocket }
            group.remove(listeners[0].webSocket).shouldBeTrue()
            group.remove(listeners[0].webSocket).shouldBeFalse()
            (listeners[0].webSocket in group).shouldBeFalse()
            listeners[1].vanish()
            group.members shouldContainExactly listOf(listeners[2].webSocket)
            group.add(listeners[1])
            group.size shouldBe 1
            before.size shouldBe 3
        }

        for (policy in listOf(
            SlowConsumer.Suspend,
            SlowConsumer.DropOldest(),
            SlowConsumer.Disconnect(),
        )) {
            test("every member hears everything in order ($policy)") {
                val group = group(policy)
                val listeners = List(3) { Listener() }
                listeners.forEach { group.add(it) }
                for (number in 1..20) {
                    begin { group.broadcast(message(number)) }.getCompleted() shouldBe 3
                    listeners.forEach { it.rig.loop.run() }
                }
                listeners.forEach { it.heard shouldBe (1..20).map(Int::toString) }
                group.droppedMessages shouldBe 0
            }

            test("a stuck member that hears later keeps the order ($policy)") {
                val group = group(policy)
                val listener = Listener()
                group.add(listener)
                listener.getStuck()
                val sending = begin { for (number in 1..9) group.broadcast(message(number)) }
                listener.readOn()
                sending.getCompleted()
                begin { group.broadcast(message("last")) }.getCompleted()
                listener.heard shouldBe (1..9).map(Int::toString) + "last"
            }

            test("a member that ends while it is stuck holds nobody up ($policy)") {
                val group = group(policy)
                val listeners = List(3) { Listener() }
                listeners.forEach { group.add(it) }
                listeners[0].getStuck()
                val sending = begin { for (number in 1..9) group.broadcast(message(number)) }
                listeners[0].vanish()
                repeat(9) { listeners.drop(1).forEach { it.rig.loop.run() } }
                sending.isCompleted.shouldBeTrue()
                group.size shouldBe 2
                listeners.drop(1).forEach { it.heard shouldBe (1..9).map(Int::toString) }
            }
        }

        test(
            "to suspend is to wait for the slowest, who holds no more than its mark and one more",
        ) {
            val group = group(SlowConsumer.Suspend)
            val (stuck, other) = List(2) { Listener().also { group.add(it) } }
            stuck.getStuck()
            var sent = 0
            val sending = begin {
                repeat(20) {
                    group.broadcast(message(it))
                    sent++
                    other.rig.loop.run()
                }
            }
            sending.isCompleted.shouldBeFalse()
            other.heard.size shouldBe sent + 1
            stuck.webSocket.bufferedAmount shouldBeLessThan HIGH_WATER + 2 * (SIZE + 4)
            stuck.readOn()
            sending.getCompleted()
            stuck.heard shouldBe (0 until 20).map(Int::toString)
            shouldThrow<IllegalStateException> { group.trySend(message(0)) }
        }

        for (policy in listOf(
            SlowConsumer.DropOldest(900_000),
            SlowConsumer.Disconnect(maxQueueSize = 900_000),
        )) {
            test("what waits for a member counts as held by its connection ($policy)") {
                val budget = MemoryBudget(10_000_000)
                val stuck = Listener(budget = budget)
                stuck.getStuck()
                val group = group(policy)
                group.add(stuck)
                repeat(4) { group.trySend(PreparedMessage(ByteArray(300_000))) }
                (budget.used in 1_200_000L..<1_220_000) shouldBe true
                group.remove(stuck.webSocket)
                // What its connection has taken already is still to be written.
                (budget.used in 600_000L..<610_000) shouldBe true
                stuck.vanish()
                budget.used shouldBe 0
            }
        }

        test("of what waits for several members each connection counts its part") {
            val budget = MemoryBudget(10_000_000)
            val all = List(4) { Listener(budget = budget) }
            val group = group(SlowConsumer.DropOldest(900_000))
            all.forEach {
                it.getStuck()
                group.add(it)
            }
            repeat(3) { group.trySend(PreparedMessage(ByteArray(300_000))) }
            all.forEach { it.rig.loop.advanceBy(5.seconds) }
            (budget.used in 900_000L..<930_000) shouldBe true
            all.drop(1).forEach { it.vanish() }
            all.first().rig.loop.advanceBy(5.seconds)
            (budget.used in 900_000L..<930_000) shouldBe true
            all.first().vanish()
            budget.used shouldBe 0
        }

        test("no member is closed for a message that many wait with, and that is there once") {
            val budget = MemoryBudget(1_000_000)
            val group = group(SlowConsumer.DropOldest(900_000))
            val all = List(100) { Listener(budget = budget) }
            all.forEach {
                it.getStuck()
                group.add(it)
            }
            group.trySend(PreparedMessage(ByteArray(300_000)))
            all.forEach { it.rig.loop.run() }
            group.size shouldBe 100
            budget.isTight shouldBe false
        }

        test("a member is closed that much waits for while memory runs out") {
            val budget = MemoryBudget(1_000_000)
            val stuck = Listener(budget = budget)
            stuck.getStuck()
            val group = group(SlowConsumer.DropOldest(900_000))
            group.add(stuck)
            repeat(4) { group.trySend(PreparedMessage(ByteArray(300_000))) }
            stuck.rig.loop.run()
            stuck.webSocket.closeStatus?.wasClean shouldBe false
            group.size shouldBe 0
            budget.used shouldBe 0
        }

        test("to drop the oldest is to keep the newest, within the bound, and to count") {
            val group = group(SlowConsumer.DropOldest(2L * SIZE))
            val (stuck, other) = List(2) { Listener().also { group.add(it) } }
            stuck.getStuck()
            for (number in 1..100) {
                begin { group.broadcast(message(number)) }.getCompleted() shouldBe 2
                other.rig.loop.run()
            }
            stuck.webSocket.bufferedAmount shouldBeLessThan HIGH_WATER + 2 * (SIZE + 4)
            other.heard.size shouldBe 100
            stuck.readOn()
            val heard = stuck.heard.map(String::toInt)
            heard shouldBe heard.sorted()
            heard.takeLast(2) shouldBe listOf(99, 100)
            heard.size.toLong() shouldBe 100 - group.droppedMessages
            stuck.webSocket.closeStatus shouldBe null
        }

        test("a message larger than the whole bound is kept where it is the only one that waits") {
            val group = group(SlowConsumer.DropOldest(0))
            val stuck = Listener().also { group.add(it) }
            stuck.getStuck()
            for (number in 1..20) group.trySend(message(number))
            stuck.readOn()
            stuck.heard.last() shouldBe "20"
        }

        test("to disconnect is to close the slow one with the code given, and no other") {
            val group = group(SlowConsumer.Disconnect(4008, "too slow", 2L * SIZE))
            val (stuck, other) = List(2) { Listener().also { group.add(it) } }
            stuck.getStuck()
            for (number in 1..100) {
                group.trySend(message(number))
                other.rig.loop.run()
            }
            group.members shouldContainExactly listOf(other.webSocket)
            other.heard.size shouldBe 100
            stuck.webSocket.bufferedAmount shouldBeLessThan HIGH_WATER + 2 * (SIZE + 4)
            stuck.rig.connection.isClosing.shouldBeTrue()
            stuck.readOn()
            stuck.heard.last() shouldBe "close 4008"
        }

        test("a member the message is too long for does not keep it from the others") {
            val group = group(SlowConsumer.Disconnect())
            val narrow = Listener(maxMessagePayloadSize = 10).also { group.add(it) }
            val others = List(5) { Listener().also { group.add(it) } }
            shouldThrow<PayloadExceededException> { group.trySend(message("long")) }
            others.forEach { it.heard shouldBe listOf("long") }
            narrow.heard shouldBe emptyList()
            narrow.webSocket.closeStatus shouldBe null
        }

        test("a member with a small limit does not keep a message from a slow one") {
            val group = group(SlowConsumer.Suspend)
            Listener(maxMessagePayloadSize = SIZE - 1L).also { group.add(it) }
            val slow = Listener().also { group.add(it) }
            slow.getStuck()
            while (slow.webSocket.trySend(message("full"))) slow.rig.loop.run()
            val sending = begin { group.broadcast(message("all")) }
            slow.readOn()
            slow.heard.last() shouldBe "all"
            (sending.getCompletionExceptionOrNull() is PayloadExceededException).shouldBeTrue()
        }

        test("what is sent while messages wait for a member takes its turn behind them") {
            val later = ArrayDeque<Runnable>()
            val dispatcher = object : CoroutineDispatcher() {
                override fun dispatch(context: CoroutineContext, block: Runnable) {
                    later.addLast(block)
                }
            }
            val group = Group<WebSocket>(SlowConsumer.DropOldest(), dispatcher)
            val listener = Listener().also { group.add(it) }
            listener.getStuck()
            for (number in 1..9) group.trySend(message(number))
            listener.readOn()
            group.trySend(message("last"))
            while (later.isNotEmpty()) {
                later.removeFirst().run()
                listener.rig.loop.run()
            }
            listener.heard shouldBe (1..9).map(Int::toString) + "last"
        }

        test("what waits for a member that is removed is not sent") {
            val group = group(SlowConsumer.DropOldest())
            val stuck = Listener().also { group.add(it) }
            stuck.getStuck()
            for (number in 1..20) group.trySend(message(number))
            group.remove(stuck.webSocket)
            stuck.readOn()
            (stuck.heard.size < 20).shouldBeTrue()
            stuck.webSocket.closeStatus shouldBe null
        }

        test("a message for members with room allocates next to nothing for each of them").config(
            enabled = Allocation.isMeasured,
        ) {
            val group = group(SlowConsumer.Disconnect())
            val listeners = List(100) { Listener().also { group.add(it) } }
            val message = PreparedMessage(Message.Text("hello"))
            fun run() = listeners.forEach { it.rig.loop.run() }
            repeat(50) { group.trySend(message).also { run() } }
            var allocated = 0L
            repeat(50) {
                allocated += Allocation.of { group.trySend(message) }
                run()
            }
            // A virtual loop keeps no segments, and its task that writes is most of the rest.
            allocated / 50 / 100 - SegmentPool.SEGMENT_SIZE shouldBeLessThan 150
        }
    })
