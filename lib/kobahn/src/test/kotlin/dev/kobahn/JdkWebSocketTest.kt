package dev.kobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.URI
import java.net.http.HttpClient
import java.net.http.WebSocket as JdkWebSocket
import java.nio.ByteBuffer

/** The JDK's client as a peer nobody here has written. */
class JdkWebSocketTest :
    FunSpec({
        test("it echoes text, binary and fragments, answers its Ping and its Close") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val notes = JdkNotes()
                val peer = connect(server.port, notes)
                peer.sendText("Grüße", true).join()
                notes.next() shouldBe Message.Text("Grüße")
                peer.sendBinary(ByteBuffer.wrap(ByteArray(100_000)), true).join()
                notes.next() shouldBe Message.Binary(ByteArray(100_000))
                peer.sendText("one ", false).join()
                peer.sendPing(ByteBuffer.wrap("in between".encodeToByteArray())).join()
                peer.sendText("two", true).join()
                notes.next() shouldBe "pong in between"
                notes.next() shouldBe Message.Text("one two")
                peer.sendClose(3001, "bye").join()
                notes.next() shouldBe "close 1000 "
            }
        }

        test("our Ping is answered and our Close is understood") {
            webSocketServer {
                onConnect {
                    val time = ping()
                    send("pong came: ${time.isPositive()}")
                    close(3002, "enough")
                }
            }.use { server ->
                val notes = JdkNotes()
                connect(server.port, notes)
                notes.next() shouldBe Message.Text("pong came: true")
                notes.next() shouldBe "close 3002 enough"
            }
        }

        test("the subprotocol is the one both speak") {
            webSocketServer {
                subprotocols = listOf("chat.v2", "chat.v1")
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val peer = HttpClient.newHttpClient().newWebSocketBuilder().subprotocols(
                    "chat.v1",
                    "chat.v2",
                )
                    .buildAsync(URI("ws://localhost:${server.port}/"), JdkNotes()).join()
                peer.subprotocol shouldBe "chat.v2"
                peer.abort()
            }
        }
    })

private fun connect(port: Int, notes: JdkNotes): JdkWebSocket =
    HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(
        URI("ws://localhost:$port/"),
        notes,
    ).join()
