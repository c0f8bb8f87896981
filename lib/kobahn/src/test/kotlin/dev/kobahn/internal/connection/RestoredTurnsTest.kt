package dev.kobahn.internal.connection

import dev.kobahn.Message
import dev.kobahn.TrafficStats
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.bothRoles
import dev.kobahn.protocol.extension.expansion
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.Deferred

/** A few bytes that extensions restore to very many: others have their turn in between. */
class RestoredTurnsTest :
    FunSpec({
        bothRoles("one read that restores to many MiB is received in several turns of the loop") {
            val rig = rig(role)
            val all = rig.receiveAll()
            val ticks = rig.countPerTick()
            rig.peer.send(*rig.bombs(10), rig.peer.close(1000))
            rig.loop.run()
            all.completed() shouldBe List(10) { SIZE }
            ticks.size shouldBeGreaterThan 5
            ticks.zipWithNext { before, after -> after - before }.max() shouldBeLessThan MOST
            rig.peer.frames shouldBe listOf("close 1000")
            rig.loop.advanceBy(ConnectionRig.LONG)
            rig.connection.closeStatus?.wasClean shouldBe true
        }

        bothRoles("all events come in the order of their frames, whatever turn they come in") {
            val rig = rig(role)
            val events = ArrayList<String>()
            rig.connection.pings.onPing { events.add("ping ${it.decodeToString()}") }
            rig.begin { for (message in incoming) events += "message" }
            val frames = rig.bombs(6).flatMapIndexed { index, bomb ->
                listOf(bomb, rig.peer.ping("$index"))
            }
            rig.peer.send(*frames.toTypedArray())
            rig.peer.end()
            rig.loop.run()
            events.filter { it.startsWith("ping") } shouldBe List(6) { "ping $it" }
            events.count { it == "message" } shouldBe 6
            rig.peer.frames shouldBe List(6) { "pong $it" }
            rig.loop.advanceBy(ConnectionRig.LONG)
            (rig.connection.closeStatus?.cause is IOException) shouldBe true
        }

        bothRoles(
            "a rule that is broken in a later turn fails the connection, and a Close behind it counts",
        ) {
            val rig = rig(role)
            val all = rig.receiveAll()
            rig.peer.send(*rig.bombs(4), rig.peer.frame(0x83, ByteArray(9)), rig.peer.close(1001))
            rig.loop.run()
            runCatching { all.completed() }.isFailure shouldBe true
            rig.peer.frames shouldBe listOf("close 1002")
            rig.loop.advanceBy(ConnectionRig.LONG)
            rig.connection.closeStatus?.remote?.code shouldBe 1001
        }

        bothRoles("closing between two turns discards the rest and finds the peer's Close") {
            val rig = rig(role)
            rig.peer.send(*rig.bombs(8), rig.peer.close(1000))
            rig.afterFirst { beginClose(1000, "") }
            rig.loop.run()
            rig.loop.advanceBy(ConnectionRig.LONG)
            rig.connection.closeStatus?.wasClean shouldBe true
        }

        bothRoles("dropping between two turns ends it: nothing more is restored") {
            val rig = rig(role)
            rig.peer.send(*rig.bombs(8))
            rig.afterFirst { drop() }
            rig.loop.run()
            rig.peer.closed shouldBe true
            (rig.restored / SIZE) shouldBeLessThan 4
        }

        bothRoles("a full queue stops the turns until there is room, and nothing is lost") {
            val rig = rig(role, maxIncomingQueueSize = 1_000)
            rig.connection.incoming.tryReceive()
            rig.peer.send(*rig.bombs(8), rig.peer.close(1000))
            rig.loop.run()
            rig.connection.reading.isPaused shouldBe true
            rig.restored shouldBeLessThan MOST
            rig.receiveAll().completed() shouldBe List(8) { SIZE }
            rig.peer.frames shouldBe listOf("close 1000")
        }

        bothRoles("what is read later comes behind what is still held") {
            val rig = rig(role)
            val all = rig.receiveAll()
            rig.peer.send(*rig.bombs(5))
            rig.afterFirst { rig.peer.send(rig.peer.text("later")) }
            rig.loop.run()
            rig.peer.send(rig.peer.close(1000))
            rig.loop.run()
            all.completed() shouldBe List(5) { SIZE } + 5
        }

        bothRoles("what comes although reading is paused comes behind what is still held") {
            val rig = rig(role)
            val all = rig.receiveAll()
            val parts = listOf(rig.bombs(5).joined(), rig.peer.text("later"), rig.peer.close(1000))
            rig.loop.execute { for (part in parts) rig.connection.onBytes(ByteBuffer.wrap(part)) }
            rig.loop.run()
            all.completed() shouldBe List(5) { SIZE } + 5
            rig.connection.closing.statusNow().remote?.code shouldBe 1000
        }

        bothRoles("an end of the input that is told early waits for what is still held") {
            val rig = rig(role)
            val all = rig.receiveAll()
            val bytes = rig.bombs(5).joined() + rig.peer.close(1000)
            rig.loop.execute {
                rig.connection.onBytes(ByteBuffer.wrap(bytes))
                rig.connection.onInputEnd()
            }
            rig.loop.run()
            all.completed() shouldBe List(5) { SIZE }
            rig.loop.advanceBy(ConnectionRig.LONG)
            rig.connection.closeStatus?.remote?.code shouldBe 1000
        }
    })

private fun Array<ByteArray>.joined() = reduce(ByteArray::plus)

/** What a bomb restores to, and how much of it comes in a turn at most. */
private const val SIZE = 900 * 1024 / 255 * 255
private const val MOST = 2L * 1024 * 1024

private fun rig(role: Role, maxIncomingQueueSize: Long = 1L shl 30) = ConnectionRig(
    role,
    maxIncomingQueueSize = maxIncomingQueueSize,
    extensions = listOf(expansion()),
)

/** Messages of a few KiB on the wire. */
private fun ConnectionRig.bombs(count: Int): Array<ByteArray> {
    val wire = ByteArray(SIZE / 255 * 2) { if (it % 2 == 0) -1 else 0x41 }
    return Array(count) { peer.frame(0xC2, wire) }
}

private val ConnectionRig.restored: Long
    get() = connection.trafficStats.incomingBytesAppLevel

private fun ConnectionRig.receiveAll(): Deferred<List<Int>> = begin {
    val sizes = ArrayList<Int>()
    for (message: Message in incoming) sizes += message.size
    sizes
}

/** Never waits: nobody would run the loop. */
private suspend fun <T> Deferred<T>.completed(): T {
    check(isCompleted) { "it still waits" }
    return await()
}

/** Another one's tasks, each of which notes how much is restored. */
private fun ConnectionRig.countPerTick(): List<Long> {
    val counts = ArrayList<Long>()
    fun tick() {
        counts += restored
        if (restored < 10L * SIZE) loop.execute { tick() }
    }
    loop.execute { tick() }
    return counts
}

/** Does something as soon as anything is restored. */
private fun ConnectionRig.afterFirst(action: Connection.() -> Unit) {
    fun look() {
        if (restored > 0) connection.action() else loop.execute { look() }
    }
    loop.execute { look() }
}
