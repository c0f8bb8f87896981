package dev.kobahn

import dev.kobahn.protocol.MessageType
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import kotlin.random.Random
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.launch

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
