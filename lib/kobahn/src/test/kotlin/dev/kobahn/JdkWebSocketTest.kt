package dev.kobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.URI
import java.net.http.HttpClient
import java.net.http.WebSocket as JdkWebSocket
import java.nio.ByteBuffer
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** Notes what comes, messages whole. */
private class Notes : JdkWebSocket.Listener {
    private val events = LinkedBlockingQueue<String>()
    private val text = StringBuilder()
    private var binary = 0

    fun next(): String = checkNotNull(events.poll(10, TimeUnit.SECONDS)) { "nothing came" }

    override fun onText(
        webSocket: JdkWebSocket,
        data: CharSequence,
        last: Boolean,
    ): CompletionStage<*>? {
        text.append(data)
        if (last) events.add("text $text").also { text.setLength(0) }
        webSocket.request(1)
        return null
    }

    override fun onBinary(
        webSocket: JdkWebSocket,
        data: ByteBuffer,
        last: Boolean,
    ): CompletionStage<*>? {
        binary += data.remaining()
        if (last) events.add("binary $binary").also { binary = 0 }
        webSocket.request(1)
        return null
    }

    override fun onPing(webSocket: JdkWebSocket, message: ByteBuffer): CompletionStage<*>? {
        webSocket.request(1)
        return null
    }

    override fun onPong(webSocket: JdkWebSocket, message: ByteBuffer): CompletionStage<*>? {
        events.add("pong ${Charsets.UTF_8.decode(message)}")
        webSocket.request(1)
        return null
    }

    override fun onClose(
        webSocket: JdkWebSocket,
        statusCode: Int,
        reason: String,
    ): CompletionStage<*>? {
        events.add("close $statusCode $reason")
        return null
    }

    override fun onError(webSocket: JdkWebSocket, error: Throwable) {
        events.add("error $error")
    }
}

/** The JDK's client as a peer nobody here has written. */
class JdkWebSocketTest :
    FunSpec({
        test("it echoes text, binary and fragments, answers its Ping and its Close") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val notes = Notes()
                val peer = connect(server.port, notes)
                peer.sendText("Grüße", true).join()
                notes.next() shouldBe "text Grüße"
                peer.sendBinary(ByteBuffer.wrap(ByteArray(100_000)), true).join()
                notes.next() shouldBe "binary 100000"
                peer.sendText("one ", false).join()
                peer.sendPing(ByteBuffer.wrap("in between".encodeToByteArray())).join()
                peer.sendText("two", true).join()
                notes.next() shouldBe "pong in between"
                notes.next() shouldBe "text one two"
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
                val notes = Notes()
                connect(server.port, notes)
                notes.next() shouldBe "text pong came: true"
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
                    .buildAsync(URI("ws://localhost:${server.port}/"), Notes()).join()
                peer.subprotocol shouldBe "chat.v2"
                peer.abort()
            }
        }
    })

private fun connect(port: Int, notes: Notes): JdkWebSocket =
    HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(
        URI("ws://localhost:$port/"),
        notes,
    ).join()
