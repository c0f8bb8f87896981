package dev.kobahn.benchmarks.clients

import java.net.InetAddress
import java.net.Socket
import java.util.concurrent.CountDownLatch
import javax.net.SocketFactory
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.WebSocket
import okhttp3.WebSocketListener

/** OkHttp, which reads each connection on a thread of its own. */
internal class OkHttpPeerClient : PeerClient {
    override fun start(url: String, exchanges: List<Exchange>) {
        val client = OkHttpClient.Builder().socketFactory(NoDelay()).build()
        client.dispatcher.maxRequests = exchanges.size
        client.dispatcher.maxRequestsPerHost = exchanges.size
        val open = CountDownLatch(exchanges.size)
        val request = Request.Builder().url(url).build()
        exchanges.forEach { client.newWebSocket(request, Talk(it, open)) }
        open.await()
    }

    private class Talk(private val exchange: Exchange, private val open: CountDownLatch) :
        WebSocketListener() {
        override fun onOpen(webSocket: WebSocket, response: Response) {
            open.countDown()
            exchange.begin().forEach { webSocket.send(it) }
        }

        override fun onMessage(webSocket: WebSocket, text: String) {
            webSocket.send(exchange.answer(text))
        }

        override fun onFailure(webSocket: WebSocket, t: Throwable, response: Response?) =
            Exchange.fail(t.stackTraceToString())
    }

    /** Sockets with TCP_NODELAY, which OkHttp does not set by itself. */
    private class NoDelay : SocketFactory() {
        override fun createSocket() = Socket().apply { tcpNoDelay = true }

        override fun createSocket(host: String, port: Int) = throw UnsupportedOperationException()

        override fun createSocket(host: String, port: Int, local: InetAddress, localPort: Int) =
            throw UnsupportedOperationException()

        override fun createSocket(host: InetAddress, port: Int) =
            throw UnsupportedOperationException()

        override fun createSocket(
            host: InetAddress,
            port: Int,
            local: InetAddress,
            localPort: Int,
        ) = throw UnsupportedOperationException()
    }
}
