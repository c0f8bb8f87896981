package dev.kobahn.interop

import dev.kobahn.JdkNotes
import dev.kobahn.Message
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.URI
import java.net.http.HttpClient
import java.nio.ByteBuffer
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
            next() shouldBe Message.Text("é".repeat(size / 2))
            send(ByteArray(size))
            next() shouldBe Message.Binary(ByteArray(size))
        }
        close(1000)
        next() shouldBe "close 1000 "
    }
}

private class JdkClient(port: Int) : JvmClient() {
    private val webSocket = HttpClient.newBuilder().sslContext(ClientTrust.context).build()
        .newWebSocketBuilder().buildAsync(URI("wss://localhost:$port/"), JdkNotes(events)).join()

    override fun send(text: String) {
        webSocket.sendText(text, true).join()
    }

    override fun send(bytes: ByteArray) {
        webSocket.sendBinary(ByteBuffer.wrap(bytes), true).join()
    }

    override fun close(code: Int) {
        webSocket.sendClose(code, "").join()
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
            events.add(Message.Text(text))
        }

        override fun onMessage(webSocket: OkHttpWebSocket, bytes: ByteString) {
            events.add(Message.Binary(bytes.toByteArray()))
        }

        override fun onClosing(webSocket: OkHttpWebSocket, code: Int, reason: String) {
            events.add("close $code $reason")
        }

        override fun onFailure(webSocket: OkHttpWebSocket, t: Throwable, response: Response?) {
            events.add(t)
        }
    }
}
