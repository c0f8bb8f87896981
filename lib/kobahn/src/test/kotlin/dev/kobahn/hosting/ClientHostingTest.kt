package dev.kobahn.hosting

import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServer
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.ResponseHeadParser
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okio.buffer

private val ECHO: suspend ServerWebSocket.() -> Unit = {
    for (message in incoming) send(message)
}

class ClientHostingTest :
    FunSpec({
        timeout = 30_000
        val executor = Executors.newCachedThreadPool()
        afterSpec { executor.shutdown() }

        suspend fun serve(
            handler: suspend ServerWebSocket.() -> Unit = ECHO,
            test: suspend (WebSocketServer, WebSocketUrl) -> Unit,
        ) = webSocketServer {
            perMessageDeflate()
            subprotocols = listOf("chat")
            maxMessagePayloadSize = 8 shl 20
            onConnect(handler)
        }.use { test(it, WebSocketUrl.parse("ws://localhost:${it.port}/a?b=c")) }

        fun socket(server: WebSocketServer) = Socket("localhost", server.port)

        fun Socket.stream() = BlockingByteStream.of(this, executor)

        fun Socket.details() = StreamDetails.of(remoteSocketAddress, localSocketAddress)

        test("a WebSocket is opened over a socket of the application's") {
            serve { server, url ->
                val socket = socket(server)
                val client = webSocketClient {
                    perMessageDeflate()
                    subprotocols = listOf("chat")
                    maxMessagePayloadSize = 8 shl 20
                }
                client.connectOver(socket.stream(), socket.details(), url) {
                    subprotocol shouldBe "chat"
                    extensions.size shouldBe 1
                    transportDetails.peer shouldBe "tcp4:127.0.0.1:${server.port}"
                    for (size in listOf(0, 70_000, 5 shl 20)) {
                        val bytes = Random(size).nextBytes(size)
                        send(bytes)
                        incoming.receive().bytes.contentEquals(bytes) shouldBe true
                    }
                }
                socket.awaitClosed()
            }
        }

        test("a connection over a stream is the client's, and closes with it") {
            serve { server, url ->
                val client = webSocketClient()
                val socket = socket(server)
                val webSocket = client.connectOver(socket.stream(), socket.details(), url)
                webSocket.send("hello")
                (webSocket.incoming.receive() as Message.Text).text shouldBe "hello"
                client.close()
                webSocket.closeStatus!!.wasClean shouldBe true
                val late = socket(server)
                shouldThrow<IllegalStateException> {
                    client.connectOver(late.stream(), late.details(), url)
                }
                late.awaitClosed()
            }
        }

        test("a refusal is an exception, and the stream is closed") {
            serve({ deny(403, body = "no") }) { server, url ->
                val socket = socket(server)
                val failure = shouldThrow<HandshakeException> {
                    webSocketClient().connectOver(socket.stream(), socket.details(), url)
                }
                failure.status shouldBe 403
                failure.body.decodeToString() shouldBe "no"
                socket.awaitClosed()
            }
        }

        test("another client may make the handshake of a WebSocket") {
            serve { server, url ->
                val client = webSocketClient { perMessageDeflate() }
                val handshake = client.handshakeFor(url)
                handshake.request.target shouldBe "/a?b=c"
                val socket = socket(server)
                val response = withContext(Dispatchers.IO) { socket.ask(handshake) }
                handshake.open(response, socket.stream(), socket.details()) {
                    extensions.size shouldBe 1
                    send("hello")
                    (incoming.receive() as Message.Text).text shouldBe "hello"
                }
                socket.awaitClosed()
            }
        }

        test("an answer to another handshake is refused") {
            serve { server, url ->
                val client = webSocketClient()
                val socket = socket(server)
                val response = withContext(Dispatchers.IO) {
                    socket.ask(client.handshakeFor(url))
                }
                val failure = shouldThrow<HandshakeException> {
                    client.handshakeFor(url).open(response, socket.stream(), socket.details())
                }
                failure.message shouldContain "Sec-WebSocket-Accept"
                socket.awaitClosed()
            }
        }

        test("an answer that is no 101 is refused with its status") {
            serve({ deny(404) }) { server, url ->
                val client = webSocketClient()
                val socket = socket(server)
                val handshake = client.handshakeFor(url)
                val response = withContext(Dispatchers.IO) { socket.ask(handshake) }
                shouldThrow<HandshakeException> {
                    handshake.open(response, socket.stream(), socket.details())
                }.status shouldBe 404
                socket.awaitClosed()
            }
        }

        test("the socket that OkHttp has after a 101 carries a WebSocket") {
            serve { server, url ->
                val client = webSocketClient { perMessageDeflate() }
                val handshake = client.handshakeFor(url)
                val response = withContext(Dispatchers.IO) {
                    OkHttpClient().ask("http://localhost:${server.port}/a?b=c", handshake)
                }
                handshake.open(
                    response.head(),
                    response.stream(executor),
                    StreamDetails("okhttp"),
                ) {
                    extensions.size shouldBe 1
                    val text = "through OkHttp ".repeat(10_000)
                    send(text)
                    (incoming.receive() as Message.Text).text shouldBe text
                }
            }
        }
    })

/** A thread of the executor closes the socket. */
private suspend fun Socket.awaitClosed() = eventually(10.seconds) { isClosed shouldBe true }

/** Sends the request of [handshake] and reads the head of the answer, byte by byte. */
private fun Socket.ask(handshake: HostedHandshake): ResponseHead {
    getOutputStream().write(handshake.request.toBytes())
    val parser = ResponseHeadParser()
    val byte = ByteBuffer.allocate(1)
    do {
        byte.clear()
        byte.put(getInputStream().read().toByte()).flip()
    } while (!parser.parse(byte))
    return (parser.result as HeadResult.Complete).head
}

private fun OkHttpClient.ask(url: String, handshake: HostedHandshake): Response {
    val request = Request.Builder().url(url)
    for ((name, value) in handshake.request.headers) request.addHeader(name, value)
    return newCall(request.build()).execute()
}

private fun Response.head(): ResponseHead {
    val fields = Headers.Builder()
    for ((name, value) in headers) fields.add(name, value)
    return ResponseHead("HTTP/1.1", code, message, fields.build())
}

private fun Response.stream(executor: Executor): BlockingByteStream {
    val socket = checkNotNull(socket)
    return BlockingByteStream(
        socket.source.buffer().inputStream(),
        socket.sink.buffer().outputStream(),
        executor,
        socket::cancel,
    )
}
