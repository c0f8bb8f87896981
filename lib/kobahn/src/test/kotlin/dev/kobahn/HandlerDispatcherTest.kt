package dev.kobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

internal class HandlerDispatcherTest :
    FunSpec({
        timeout = 30_000

        test("a handler that blocks its thread keeps no other waiting") {
            val answered = CountDownLatch(CONNECTIONS - 1)
            webSocketServer {
                handlerDispatcher = Dispatchers.IO
                onConnect {
                    for (message in incoming) {
                        if (message.bytes.isEmpty()) answered.await() else answered.countDown()
                        send(message)
                    }
                }
            }.use { server ->
                val peers = List(CONNECTIONS) { RawPeer(server.port).apply { handshake() } }
                peers.forEachIndexed { number, peer ->
                    peer.sendHex(if (number == 0) "81 80 00000000" else "81 81 00000000 61")
                }
                peers.drop(1).forEach { it.readFrame() shouldBe "text a" }
                peers.first().readFrame() shouldBe "text "
                peers.forEach { it.close() }
            }
        }

        test("what a handler sent leaves though it goes on without suspending") {
            val answered = CountDownLatch(1)
            webSocketServer {
                handlerDispatcher = Dispatchers.IO
                onConnect {
                    for (message in incoming) {
                        send(message)
                        answered.await()
                    }
                }
            }.use { server ->
                val peer = RawPeer(server.port).apply { handshake() }
                peer.sendHex("81 81 00000000 61")
                peer.readFrame() shouldBe "text a"
                answered.countDown()
                peer.close()
            }
        }

        for (dispatcher in listOf(null, Dispatchers.Default)) {
            val end = "a handler that is cancelled and fails in another way closes all the same"
            test("$end: ${dispatcher ?: "the loop"}") {
                webSocketServer {
                    handlerDispatcher = dispatcher
                    onConnect {
                        accept()
                        currentCoroutineContext().cancel()
                        throw ClosedReceiveChannelException("of something else")
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        it.handshake()
                        it.readFrame() shouldBe "close 1011"
                    }
                }
            }

            test("what a handler keeps for its thread is there: ${dispatcher ?: "the loop"}") {
                val kept = ThreadLocal<String?>()
                webSocketServer {
                    handlerDispatcher = dispatcher
                    onConnect {
                        withContext(kept.asContextElement(request.path)) {
                            for (message in incoming) send("${kept.get()}")
                        }
                    }
                }.use { server ->
                    val peers = listOf("/a", "/b").associateWith { path ->
                        RawPeer(server.port).apply { handshake(path) }
                    }
                    repeat(5) {
                        peers.values.forEach { it.sendHex("81 80 00000000") }
                        for ((path, peer) in peers) peer.readFrame() shouldBe "text $path"
                    }
                    peers.values.forEach { it.close() }
                }
            }
        }
    })

private const val CONNECTIONS = 40
