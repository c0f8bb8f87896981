package dev.kobahn.interop

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.URI
import java.net.http.HttpClient
import java.net.http.WebSocket as JdkWebSocket
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.WebSocket as OkHttpWebSocket
import okhttp3.WebSocketListener
import okio.ByteString
import okio.ByteString.Companion.toByteString

/** Clients on the JVM that are not ours, over TLS. */
class WssJvmClientsTest :
    FunSpec({
        for (version in listOf("TLSv1.2", "TLSv1.3")) {
            for (peer in listOf(Peer.JDK, Peer.OKHTTP)) {
                val name = version.replace("v", " ")
                interop(peer, Role.CLIENT, "$name, client certificate: $EXCHANGE") {
                    EchoServer.secure({
                        protocols = listOf(version)
                        needClients()
                    }) { port ->
                        val client = if (peer == Peer.JDK) JdkClient(port) else OkClient(port)
                        client.exchange()
                        nextEnded().run {
                            clientName shouldBe "CN=a client"
                            transportDetails.tls?.protocol shouldBe version
                            shouldHaveEndedCleanly()
                        }
                    }
                }
            }
        }
    })

private const val EXCHANGE = "exchange"
private val SIZES = listOf(0, 1, 125, 126, 65535, 65536, 1 shl 20)

/** A client of an echo server, by the methods that both libraries have. */
private abstract class JvmClient {
    protected val events = LinkedBlockingQueue<Any>()

    abstract fun send(text: String)

    abstract fun send(bytes: ByteArray)

    abstract fun close(code: Int)

    private fun next(): Any = checkNotNull(events.poll(20, TimeUnit.SECONDS)) { "nothing came" }

    fun exchange() {
        for (size in SIZES) {
            send("é".repeat(size / 2))
            next() shouldBe "é".repeat(size / 2)
            send(ByteArray(size))
            next() shouldBe ByteBuffer.wrap(ByteArray(size))
        }
        close(1000)
        next() shouldBe 1000
    }
}

private class JdkClient(port: Int) : JvmClient() {
    private val webSocket = HttpClient.newBuilder().sslContext(ClientTrust.context).build()
        .newWebSocketBuilder().buildAsync(URI("wss://localhost:$port/"), Listener()).join()

    override fun send(text: String) {
        webSocket.sendText(text, true).join()
    }

    override fun send(bytes: ByteArray) {
        webSocket.sendBinary(ByteBuffer.wrap(bytes), true).join()
    }

    override fun close(code: Int) {
        webSocket.sendClose(code, "").join()
    }

    private inner class Listener : JdkWebSocket.Listener {
        private val text = StringBuilder()
        private var binary = ByteArray(0)

        override fun onText(
            webSocket: JdkWebSocket,
            data: CharSequence,
            last: Boolean,
        ): CompletionStage<*>? {
            text.append(data)
            if (last) events.add("$text").also { text.setLength(0) }
            webSocket.request(1)
            return null
        }

        override fun onBinary(
            webSocket: JdkWebSocket,
            data: ByteBuffer,
            last: Boolean,
        ): CompletionStage<*>? {
            binary += ByteArray(data.remaining()).also(data::get)
            if (last) events.add(ByteBuffer.wrap(binary)).also { binary = ByteArray(0) }
            webSocket.request(1)
            return null
        }

        override fun onClose(
            webSocket: JdkWebSocket,
            statusCode: Int,
            reason: String,
        ): CompletionStage<*>? {
            events.add(statusCode)
            return CompletableFuture.completedFuture(null)
        }

        override fun onError(webSocket: JdkWebSocket, error: Throwable) {
            events.add(error)
        }
    }
}

private class OkClient(port: Int) : JvmClient() {
    private val webSocket = OkHttpClient.Builder()
        .sslSocketFactory(ClientTrust.context.socketFactory, ClientTrust.manager).build()
        .newWebSocket(Request.Builder().url("wss://localhost:$port/").build(), Listener())

    override fun send(text: String) {
        webSocket.send(text) shouldBe true
    }

    override fun send(bytes: ByteArray) {
        webSocket.send(bytes.toByteString()) shouldBe true
    }

    override fun close(code: Int) {
        webSocket.close(code, null) shouldBe true
    }

    private inner class Listener : WebSocketListener() {
        override fun onMessage(webSocket: OkHttpWebSocket, text: String) {
            events.add(text)
        }

        override fun onMessage(webSocket: OkHttpWebSocket, bytes: ByteString) {
            events.add(bytes.asByteBuffer())
        }

        override fun onClosing(webSocket: OkHttpWebSocket, code: Int, reason: String) {
            events.add(code)
        }

        override fun onFailure(webSocket: OkHttpWebSocket, t: Throwable, response: Response?) {
            events.add(t)
        }
    }
}
