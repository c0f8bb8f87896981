package dev.kobahn

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

private const val SIZE = 64 * 1024
private const val QUEUE = 256L * 1024

class WebSocketGroupTest :
    FunSpec({
        timeout = 120_000

        test("a room in three lines") {
            val room = WebSocketGroup()
            webSocketServer {
                onConnect { room.join(this) { for (message in incoming) room.broadcast(message) } }
            }.use { server ->
                val client = webSocketClient()
                val guests = List(3) { client.connect("ws://localhost:${server.port}") }
                eventually(10.seconds) { room.size shouldBe 3 }
                guests[0].send("hello")
                guests.forEach { it.incoming.receive() shouldBe Message.Text("hello") }
                guests[0].close()
                eventually(10.seconds) { room.size shouldBe 2 }
                client.close()
                eventually(10.seconds) { room.size shouldBe 0 }
            }
        }

        for (policy in listOf(SlowConsumer.DropOldest(QUEUE), SlowConsumer.Disconnect())) {
            test("a peer that does not read costs bounded memory and affects no other ($policy)") {
                val group = WebSocketGroup(policy)
                val most = AtomicLong()
                webSocketServer {
                    maxOutgoingQueueSize = QUEUE
                    onConnect { group.join(this) { for (message in incoming) Unit } }
                }.use { server ->
                    RawPeer(server.port).use { deaf ->
                        deaf.handshake()
                        val good = webSocketClient().connect("ws://localhost:${server.port}")
                        eventually(10.seconds) { group.size shouldBe 2 }
                        val stuck = group.members
                        withTimeout(60.seconds) {
                            repeat(1000) {
                                group.broadcast(ByteArray(SIZE))
                                stuck.forEach { most.accumulateAndGet(it.bufferedAmount, ::maxOf) }
                                good.incoming.receive().size shouldBe SIZE
                            }
                        }
                        most.get() shouldBeLessThan QUEUE + 3 * SIZE
                        if (policy is SlowConsumer.DropOldest) {
                            (group.droppedMessages > 0).shouldBeTrue()
                        } else {
                            eventually(10.seconds) { group.size shouldBe 1 }
                        }
                        good.close()
                    }
                    eventually(10.seconds) { group.size shouldBe 0 }
                }
            }
        }

        test("closeAll closes everybody, waits, and drops who does not answer in time") {
            val group = WebSocketGroup()
            webSocketServer {
                closeHandshakeTimeout = 60.seconds
                onConnect { group.join(this) { for (message in incoming) Unit } }
            }.use { server ->
                RawPeer(server.port).use { deaf ->
                    deaf.handshake()
                    val client = webSocketClient()
                    val guests = List(3) { client.connect("ws://localhost:${server.port}") }
                    eventually(10.seconds) { group.size shouldBe 4 }
                    shouldThrow<IllegalArgumentException> { group.closeAll(1005) }
                    group.size shouldBe 4
                    val members = group.members
                    withTimeout(20.seconds) { group.closeAll(1012, "later", 300.milliseconds) }
                    members.mapNotNull { it.closeStatus }.map { it.wasClean }.sorted() shouldBe
                        listOf(false, true, true, true)
                    group.size shouldBe 0
                    guests.map {
                        it.awaitClosed().remote.toString()
                    }.distinct() shouldContainExactly
                        listOf("1012 later")
                    deaf.readFrame() shouldBe "close 1012"
                }
            }
        }

        test("joining, leaving and broadcasting at once loses nothing for those who stay") {
            val group = WebSocketGroup(SlowConsumer.Suspend)
            webSocketServer {
                onConnect { group.join(this) { for (message in incoming) Unit } }
            }.use { server ->
                val url = "ws://localhost:${server.port}"
                val client = webSocketClient()
                val staying = List(10) { client.connect(url) }
                eventually(10.seconds) { group.size shouldBe 10 }
                val heard = AtomicInteger()
                withContext(Dispatchers.Default) {
                    coroutineScope {
                        for (listener in staying) {
                            launch { repeat(400) { listener.heardNext(heard) } }
                        }
                        repeat(4) { sender ->
                            launch { repeat(100) { group.broadcast("$sender $it") } }
                        }
                        repeat(4) {
                            launch {
                                repeat(25) { client.connect(url).let { it.close() } }
                            }
                        }
                    }
                }
                heard.get() shouldBe 4000
                client.close()
                eventually(10.seconds) { group.size shouldBe 0 }
            }
        }
    })

/** Every sender's messages come in order: none is heard twice or missed. */
private suspend fun WebSocket.heardNext(heard: AtomicInteger) {
    incoming.receive()
    heard.incrementAndGet()
}
