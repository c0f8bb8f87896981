package dev.kobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.channels.toList

class EchoTest :
    FunSpec({
        test("an echo server and a client in ten lines") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val echoes = webSocketClient().connect("ws://localhost:${server.port}/") {
                    send("hello")
                    send(byteArrayOf(1, 2, 3))
                    listOf(incoming.receive(), incoming.receive())
                }
                echoes shouldContainExactly
                    listOf(Message.Text("hello"), Message.Binary(byteArrayOf(1, 2, 3)))
            }
        }

        test("a clean close tells both sides") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val webSocket = webSocketClient().connect("ws://localhost:${server.port}/")
                val status = webSocket.close(3001, "done")
                status.wasClean shouldBe true
                status.code shouldBe 1000
                webSocket.incoming.toList() shouldBe emptyList()
            }
        }
    })
