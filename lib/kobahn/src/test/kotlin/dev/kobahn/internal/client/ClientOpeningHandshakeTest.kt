package dev.kobahn.internal.client

import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.against
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.open
import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.HeadLimits
import dev.kobahn.protocol.handshake.ResponseHead
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.webSocketClient
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.channels.toList

/** Returns the exception of a connect that the server answers with [answer]. */
private suspend fun refused(
    answer: String,
    client: WebSocketClient = webSocketClient(),
): HandshakeException = against({ peer ->
    peer.readHead()
    peer.send(answer).end()
    peer.readAll()
}) { url -> shouldThrow<HandshakeException> { client.connect(url) } }

/** Responses, and the message of the exception for each. */
private val FAILURES = listOf(
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" to
        "answered 200 OK instead of 101: this is a page, and no WebSocket; check the path of the URL",
    "SSH-2.0-OpenSSH_9.2\r\n\r\n" to "the answer is not HTTP: malformed status line",
    "" to "the server ended the transport without an answer",
)

class ClientOpeningHandshakeTest :
    FunSpec({
        test("an answer that is not HTTP is a HandshakeException") {
            refused("SSH-2.0-OpenSSH_9.2\r\n\r\n").status.shouldBeNull()
        }

        test("an answer above headLimits names that option") {
            against({ peer ->
                peer.readHead()
                peer.send("HTTP/1.1 101 Switching Protocols\r\nX: " + "x".repeat(300))
                peer.readAll()
            }) { url ->
                val client = webSocketClient { headLimits = HeadLimits(200, 1000, 10) }
                shouldThrow<HandshakeException> { client.connect(url) }
            }.message shouldEndWith "the answer is larger than headLimits allows: " +
                "a header line is longer than 200 bytes"
        }

        test("exceptions about an answer begin with the server's host and port") {
            for ((answer, message) in FAILURES) {
                lateinit var place: String
                against({ peer ->
                    peer.readHead()
                    peer.send(answer).end()
                    peer.readAll()
                }) { url ->
                    place = url.removePrefix("ws://").removeSuffix("/")
                    shouldThrow<HandshakeException> { webSocketClient().connect(url) }
                }.message shouldBe "$place: $message"
            }
        }

        test("a server that ends the transport without an answer is a HandshakeException") {
            refused("").status.shouldBeNull()
        }

        test("a refusal has its status, headers and body") {
            val refusal = refused(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nNo way",
            )
            refusal.status shouldBe 401
            refusal.headers["WWW-Authenticate"] shouldBe "Basic"
            refusal.bodyText shouldBe "No wa"
        }

        test("a redirection is a refusal with its Location") {
            val refusal = refused("HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\nmoved")
            refusal.status shouldBe 302
            refusal.headers["Location"] shouldBe "ws://elsewhere/"
            refusal.bodyText shouldBe "moved"
        }

        test("a wrong Sec-WebSocket-Accept is a refusal") {
            refused(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
                    "Connection: Upgrade\r\n" +
                    "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
            ).status shouldBe 101
        }

        test("any number of interim answers may come before the answer") {
            against({ peer ->
                peer.send("HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000))
                peer.open()
                peer.readFrame() shouldBe "close 1000"
                peer.sendHex("88 02 03E8")
            }) { url -> webSocketClient().connect(url) {} }
        }

        test("the request has the values of the options") {
            against({ peer ->
                val head = peer.readHead()
                head shouldStartWith "GET / HTTP/1.1"
                head shouldContain "X-Extra: 1"
                head shouldContain "Origin: https://a.example"
                head shouldContain "User-Agent: test"
                head shouldContain "Sec-WebSocket-Protocol: a,b"
            }) { url ->
                val client = webSocketClient {
                    headers = headersOf("X-Extra" to "1")
                    origin = "https://a.example"
                    userAgent = "test"
                    subprotocols = listOf("a", "b")
                }
                shouldThrow<HandshakeException> { client.connect(url) }
            }
        }

        test("frames in the same packet as the answer are received") {
            against({ peer ->
                peer.open(
                    together = "81 05 48656c6c6f 88 02 03E8".filterNot {
                        it == ' '
                    }.hexToByteArray(),
                )
                peer.readFrame() shouldBe "close 1000"
            }) { url ->
                webSocketClient().connect(url) { incoming.toList() } shouldBe
                    listOf(Message.Text("Hello"))
            }
        }

        test("memory that the transport of an open connection keeps counts for memoryBudget") {
            val (transport, _) = MemoryTransport.pair(VirtualLoop())
            val context = ClientContext(WebSocketClientOptions())
            val request = ConnectingRequest(host = "localhost", port = 80)
            val opening = ClientOpeningHandshake(
                transport,
                ClientHandshake(request, "the sample nonce".encodeToByteArray()),
                HeadLimits.DEFAULT,
                "localhost",
                context.connection(transport),
            )
            opening.start(
                ResponseHead(
                    "HTTP/1.1",
                    101,
                    "Switching Protocols",
                    headersOf(
                        "Upgrade" to "websocket",
                        "Connection" to "Upgrade",
                        "Sec-WebSocket-Accept" to "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                    ),
                ),
            )
            opening.response.isCompleted shouldBe true
            for (held in listOf(100_000L, 0L)) {
                transport.heldMemory = held
                opening.onHeldMemory()
                context.budget?.used shouldBe held
            }
        }
    })
