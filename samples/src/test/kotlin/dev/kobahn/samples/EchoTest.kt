package dev.kobahn.samples

import dev.kobahn.Message
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds

class EchoTest :
    FunSpec({
        test("text and binary messages come back") {
            webSocketServer { echo() }.use { server ->
                webSocketClient().connect("ws://localhost:${server.port}/") {
                    for (message in listOf(Message.Text("ö"), Message.Binary(byteArrayOf(0, -1)))) {
                        send(message)
                        incoming.receive() shouldBe message
                    }
                }
            }
        }

        test("a message to /broadcast goes to all connections there and to no other") {
            webSocketServer { echo() }.use { server ->
                val client = webSocketClient()
                val url = "ws://localhost:${server.port}"
                val others = List(3) { client.connect("$url/broadcast") }
                val elsewhere = client.connect("$url/")
                client.connect("$url/broadcast") {
                    send("to all")
                    (others + this).forEach { it.incoming.receive().toString() shouldBe "to all" }
                }
                elsewhere.send("only this")
                elsewhere.incoming.receive().toString() shouldBe "only this"
                client.close()
            }
        }

        test("a connection to /broadcast that does not read is closed, and the others go on") {
            webSocketServer {
                // Its Close never leaves: it is dropped when nothing has left for so long.
                closeHandshakeTimeout = 500.milliseconds
                echo(broadcast = Broadcast(limit = 64 * 1024))
            }.use { server ->
                val client = webSocketClient { maxIncomingQueueSize = 1 }
                val url = "ws://localhost:${server.port}/broadcast"
                client.connect(url)
                client.connect(url) {
                    val message = ByteArray(64 * 1024)
                    var sent = 0
                    while (server.connectionCount > 1) {
                        send(message)
                        incoming.receive() shouldBe Message.Binary(message)
                        ++sent shouldBeLessThan 10_000
                    }
                    send("still here")
                    incoming.receive().toString() shouldBe "still here"
                }
                client.close()
            }
        }
    })
