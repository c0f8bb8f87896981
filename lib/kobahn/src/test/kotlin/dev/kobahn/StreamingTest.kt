package dev.kobahn

import dev.kobahn.protocol.MessageType
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.OutputStream
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

class StreamingTest :
    FunSpec({
        test("a message larger than may come whole goes to and fro piece by piece") {
            val server = webSocketServer {
                onConnect {
                    for (message in incomingStreams) {
                        sendMessage(message.type) { while (true) write(message.read() ?: break) }
                    }
                }
            }
            server.use {
                val payload = Random(1).nextBytes(20_000_000)
                val back = ByteArrayOutputStream()
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    coroutineScope {
                        launch {
                            sendMessage(MessageType.BINARY, ByteArrayInputStream(payload))
                        }
                        val message = incomingStreams.receive()
                        while (true) back.write(message.read() ?: break)
                    }
                }
                back.toByteArray().contentEquals(payload) shouldBe true
            }
        }

        test("a message is passed on as a flow and copied to a stream, whole and as it arrives") {
            val server = webSocketServer {
                onConnect {
                    for (message in incomingStreams) sendMessage(message.type, message.asFlow())
                }
            }
            server.use {
                val payload = Random(2).nextBytes(3_000_000)
                val back = ByteArrayOutputStream()
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    coroutineScope {
                        launch { sendMessage(MessageType.BINARY, ByteArrayInputStream(payload)) }
                        incomingStreams.receive().copyTo(back) shouldBe payload.size
                    }
                    sendMessage(MessageType.TEXT) { }
                    incomingStreams.receive().copyTo(back) shouldBe 0
                }
                back.toByteArray().contentEquals(payload) shouldBe true
            }
        }

        test("a flow of a message that is left early leaves the rest to be read") {
            val server = webSocketServer {
                onConnect {
                    for (message in incomingStreams) {
                        val first = message.asFlow().first()
                        val rest = ByteArrayOutputStream()
                        message.copyTo(rest)
                        send("${first.size + rest.size()}")
                    }
                }
            }
            server.use {
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    sendMessage(MessageType.BINARY) {
                        write(ByteArray(5))
                        write(ByteArray(7))
                    }
                    incoming.receive() shouldBe Message.Text("12")
                }
            }
        }

        test("a copy ends with what its target throws, or with the connection that broke off") {
            val failed = CompletableDeferred<Throwable?>()
            val cut = CompletableDeferred<Throwable?>()
            val server = webSocketServer {
                onConnect {
                    accept()
                    val full = object : OutputStream() {
                        override fun write(byte: Int) = throw IOException("disk full")
                    }
                    failed.complete(
                        runCatching { incomingStreams.receive().copyTo(full) }.exceptionOrNull(),
                    )
                    val target = ByteArrayOutputStream()
                    cut.complete(
                        runCatching { incomingStreams.receive().copyTo(target) }.exceptionOrNull(),
                    )
                }
            }
            server.use {
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    peer.send(RawPeer.masked(0x82, ByteArray(5)))
                    withTimeout(10.seconds) { failed.await() }?.message shouldBe "disk full"
                    peer.send(RawPeer.masked(0x02, ByteArray(5)))
                    peer.end()
                    withTimeout(10.seconds) { cut.await() }
                        .shouldBeInstanceOf<ConnectionClosedException>()
                }
            }
        }

        test("the fragments of a flow or a sequence are frames, the last one with FIN") {
            val server = webSocketServer {
                onConnect {
                    for (message in incomingStreams) {
                        val lengths =
                            buildList { while (true) add((message.nextFrame() ?: break).length) }
                        send("${message.type} $lengths")
                    }
                }
            }
            server.use {
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    val fragments = listOf(ByteArray(3), ByteArray(1), ByteArray(2))
                    sendMessage(MessageType.BINARY, flowOf(*fragments.toTypedArray()))
                    sendMessage(MessageType.TEXT, fragments.asSequence())
                    sendMessage(MessageType.TEXT, emptySequence())
                    sendMessage(MessageType.BINARY, ByteArrayInputStream(ByteArray(70_000)))
                    List(4) { (incoming.receive() as Message.Text).text } shouldContainExactly
                        listOf(
                            "BINARY [3, 1, 2]",
                            "TEXT [3, 1, 2]",
                            "TEXT [0]",
                            "BINARY [65536, 4464, 0]",
                        )
                }
            }
        }
    })
