package dev.kobahn

import dev.kobahn.protocol.handshake.ClientHandshake
import dev.kobahn.protocol.handshake.ClientHandshakeResult
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.HeadResult
import dev.kobahn.protocol.handshake.HttpHeadParser
import dev.kobahn.protocol.handshake.RequestHeadParser
import dev.kobahn.protocol.handshake.ResponseHeadParser
import dev.kobahn.protocol.handshake.ServerHandshake
import dev.kobahn.protocol.handshake.ServerHandshakeResult
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withTimeout

/** What a peer wrote cannot begin a line of its own, hide text or command a terminal where it is printed. */
class PeerTextTest :
    FunSpec({
        test("the reason of a Close stays on its line in every text made of it") {
            val seen = CompletableDeferred<Pair<CloseStatus, String?>>()
            val server = webSocketServer {
                onConnect {
                    accept()
                    val status = awaitClosed()
                    val failure = runCatching { send("late") }.exceptionOrNull()
                    seen.complete(status to failure?.message)
                }
            }
            server.use {
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    peer.send(RawPeer.masked(CLOSE, CODE + FORGED.encodeToByteArray()))
                    val (status, message) = withTimeout(10.seconds) { seen.await() }
                    status.reason shouldBe FORGED
                    status.toString().shouldBeOneLine()
                    status.remote.toString().shouldBeOneLine()
                    message!!.shouldContain("3001 bye")
                    message.shouldBeOneLine()
                }
            }
        }

        test("a peer forges no line by the reason of a Close that a handler did not expect") {
            val log = against({ peer ->
                peer.open()
                val payload = CODE + FORGED.encodeToByteArray()
                peer.send(byteArrayOf(CLOSE.toByte(), payload.size.toByte()) + payload)
                peer.readAll()
            }) { url ->
                // The handler uses another connection, whose end is a failure of the handler's.
                val server = webSocketServer {
                    onConnect {
                        accept()
                        val other = webSocketClient().connect(url)
                        other.awaitClosed()
                        other.send("late")
                    }
                }
                capturedLog {
                    server.use {
                        RawPeer(server.port).use { peer ->
                            peer.handshake()
                            peer.readFrame() shouldBe "close 1011"
                        }
                    }
                }
            }
            log shouldContain "onConnect failed"
            log.lines().filter {
                "forged" in it && "the connection is closed" !in it
            }.shouldBeEmpty()
            log.lines().forEach { it.shouldBeOneLine() }
        }

        test("a reason phrase stays on its line in the exception and the head") {
            against({ peer ->
                peer.readHead()
                peer.send(
                    latin1("HTTP/1.1 403 no$C1\r\nX-Why: because$C1\r\nContent-Length: 0\r\n\r\n"),
                )
            }) { url ->
                val refusal = shouldThrow<HandshakeException> { webSocketClient().connect(url) }
                refusal.message!! shouldContain "answered 403 no"
                refusal.message!!.shouldBeOneLine()
                refusal.headers["X-Why"] shouldBe "because$C1"
                refusal.headers.toString().shouldBeOneLine()
            }
        }

        test("a head from elsewhere is one line, as are the judgements on it") {
            val parser = ResponseHeadParser()
            parser.parse(ByteBuffer.wrap(latin1("HTTP/1.1 403 no$C1\r\nX-Why: $C1\r\n\r\n")))
            parser.head().toString().shouldBeOneLine()
            val handshake = ClientHandshake(ConnectingRequest("localhost"), ByteArray(16))
            handshake.check(parser.head(), "peer")
                .shouldBeInstanceOf<ClientHandshakeResult.Failed>().reason.shouldBeOneLine()
        }

        test("X-Forwarded-For forges no line by way of the request's peer") {
            var text = ""
            val server = webSocketServer {
                trustXForwardedFor = 1
                onConnect {
                    text = toString()
                    accept()
                    error("on purpose")
                }
            }
            val log = capturedLog {
                server.use {
                    RawPeer(server.port).use { peer ->
                        peer.send(latin1("GET / HTTP/1.1\r\nX-Forwarded-For: 1.2.3.4$C1\r\n"))
                        peer.send(REST_OF_HEAD)
                        peer.readHead()
                        peer.readFrame() shouldBe "close 1011"
                    }
                }
            }
            text shouldContain "1.2.3.4"
            text.shouldBeOneLine()
            log shouldContain "onConnect failed for 1.2.3.4"
            log.lines().forEach { it.shouldBeOneLine() }
        }

        test("a request as JSON is one line, whatever its query and fields hold") {
            val parser = RequestHeadParser()
            val query = "a=%0A%C2%85%E2%80%A8%E2%80%AE%1B%7F"
            parser.parse(
                ByteBuffer.wrap(latin1("GET /?$query HTTP/1.1\r\nX-A: $C1\r\n") + REST_OF_HEAD),
            )
            parser.head().toString().shouldBeOneLine()
            val request = ServerHandshake().check(parser.head(), "peer")
                .shouldBeInstanceOf<ServerHandshakeResult.Upgrade>().request
            request.param("a") shouldBe "\n\u0085\u2028\u202E\u001B\u007F"
            request.toString().shouldBeOneLine()
            request.toString().shouldBeOneLine()
        }
    })

private const val CLOSE = 0x88
private val CODE = byteArrayOf(0x0B, 0xB9.toByte())

/** Controls above ASCII, which a head may hold: NEL begins a line, CSI commands a terminal. */
private const val C1 = "\u0085\u009B31m"
private const val FORGED =
    "bye\n12:00:00.000 [main] ERROR app - forged\r\u001B[31m\u202E\u0085\u2028\u007F\uDB40\uDC41"
private val REST_OF_HEAD = latin1(
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
)

private fun latin1(text: String) = text.toByteArray(Charsets.ISO_8859_1)

private fun <H : Any> HttpHeadParser<H>.head(): H =
    result.shouldBeInstanceOf<HeadResult.Complete<H>>().head

/** Nothing begins another line, hides or commands; a tab is allowed, stack traces have them. */
private fun String.shouldBeOneLine() = withClue(this) {
    val unsafe = setOf(
        Character.CONTROL,
        Character.FORMAT,
        Character.LINE_SEPARATOR,
        Character.PARAGRAPH_SEPARATOR,
        Character.SURROGATE,
    )
    codePoints().toArray()
        .filter { Character.getType(it).toByte() in unsafe && it != '\t'.code }
        .map { it.toString(16) }
        .shouldBeEmpty()
}
