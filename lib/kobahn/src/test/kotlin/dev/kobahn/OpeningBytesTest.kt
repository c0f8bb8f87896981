package dev.kobahn

import dev.kobahn.autobahn.ConnectionAccept
import dev.kobahn.autobahn.accept
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.yield

/** The server's side of the opening handshake, by the bytes of its answers. */
class OpeningBytesTest :
    FunSpec({
        context("the connection opens in each form of an acceptance") {
            val forms = mapOf<String, suspend ServerWebSocket.() -> Unit>(
                "none" to { },
                "headers" to { accept(headers = headersOf("X-A" to "1")) },
                "a subprotocol" to { accept("b") },
                "a subprotocol and headers" to
                    { accept("b", headersOf("X-A" to "1", "X-A" to "2")) },
                "no subprotocol" to { accept(NO_SUBPROTOCOL) },
                "a ConnectionAccept" to
                    { accept(ConnectionAccept("b", headersOf("X-A" to "1"))) },
                "after waiting" to {
                    repeat(3) { yield() }
                    accept(ConnectionAccept())
                },
            )
            val fields = mapOf(
                "none" to "Sec-WebSocket-Protocol: a\r\n",
                "headers" to "X-A: 1\r\nSec-WebSocket-Protocol: a\r\n",
                "a subprotocol" to "Sec-WebSocket-Protocol: b\r\n",
                "a subprotocol and headers" to "X-A: 1\r\nX-A: 2\r\nSec-WebSocket-Protocol: b\r\n",
                "no subprotocol" to "",
                "a ConnectionAccept" to "X-A: 1\r\nSec-WebSocket-Protocol: b\r\n",
                "after waiting" to "",
            )
            for ((form, accept) in forms) {
                test(form) {
                    webSocketServer {
                        subprotocols = listOf("x", "a", "b")
                        onConnect(accept)
                    }.use { server ->
                        RawPeer(server.port).use {
                            it.handshake("/", "Sec-WebSocket-Protocol: b,a") shouldBe (
                                "HTTP/1.1 101 Switching Protocols\r\nServer: Kobahn\r\n" +
                                    "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
                                    fields[form] +
                                    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
                                )
                            it.readFrame() shouldBe "close 1000"
                        }
                    }
                }
            }
        }

        test("a denial has its status, whatever that is, and its phrase and fields") {
            val answers = mapOf(
                ConnectionDeniedException(403) to "403 Forbidden\r\nServer: Kobahn\r\n",
                ConnectionDeniedException(403, "No") to "403 No\r\nServer: Kobahn\r\n",
                ConnectionDeniedException(299) to "299 \r\nServer: Kobahn\r\n",
                ConnectionDeniedException(599, "Odd", headersOf("X-A" to "1")) to
                    "599 Odd\r\nServer: Kobahn\r\nX-A: 1\r\n",
            )
            for ((deny, answer) in answers) {
                webSocketServer { onConnect { throw deny } }.use { server ->
                    answerOf(server) shouldBe
                        "HTTP/1.1 ${answer}Connection: close\r\nContent-Length: 0\r\n\r\n"
                }
            }
        }

        test("any other exception is 500, is logged, and its text stays inside") {
            val log = capturedLog {
                webSocketServer { onConnect { error("secret\r\nX-Injected: 1") } }.use { server ->
                    answerOf(server) shouldBe
                        "HTTP/1.1 500 Internal Server Error\r\nServer: Kobahn\r\n" +
                        "Connection: close\r\nContent-Length: 0\r\n\r\n"
                }
            }
            log shouldContain "secret"
        }

        test("version 8 opens too, and names its origin either way") {
            webSocketServer {
                allowedOrigins = listOf("http://good.example:80")
                onConnect { send("${request.version} ${request.origin}") }
            }.use { server ->
                for (name in listOf("Origin", "Sec-WebSocket-Origin")) {
                    RawPeer(server.port).use {
                        it.open(version = 8, "$name: http://good.example") shouldStartWith
                            "HTTP/1.1 101 "
                        it.readFrame() shouldBe "text 8 http://good.example"
                    }
                    RawPeer(server.port).use {
                        it.open(version = 8, "$name: http://bad.example") shouldStartWith
                            "HTTP/1.1 403 "
                    }
                }
                RawPeer(server.port).use {
                    val head = it.open(version = 13, "Sec-WebSocket-Origin: http://bad.example")
                    head shouldStartWith "HTTP/1.1 101 "
                    it.readFrame() shouldBe "text 13 null"
                }
            }
        }

        test("the port in Host must be the external one, if one is named") {
            webSocketServer {
                externalPort = 8443
                onConnect { }
            }.use { server ->
                for ((host, status) in listOf("a:8443" to 101, "a" to 101, "a:80" to 400)) {
                    RawPeer(server.port).use {
                        it.open(version = 13, host = host) shouldStartWith "HTTP/1.1 $status "
                    }
                }
            }
        }

        test("HTTP/2 is told what is spoken here, with prior knowledge and by upgrade") {
            webSocketServer { onConnect { } }.use { server ->
                val answer = "Server: Kobahn\r\nUpgrade: websocket\r\n" +
                    "Connection: Upgrade, close\r\nContent-Length: 0\r\n\r\n"
                RawPeer(server.port).use {
                    it.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                    it.sendHex("000000 04 00 00000000")
                    it.readAll() shouldBe "HTTP/1.1 426 HTTP/2 is not spoken here\r\n$answer"
                }
                RawPeer(server.port).use {
                    it.send(
                        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n" +
                            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
                    )
                    it.readAll() shouldBe "HTTP/1.1 426 Upgrade Required\r\n$answer"
                }
            }
        }

        test("a refusal says how it can be done right, and how long it is") {
            webSocketServer {
                allowedOrigins = listOf("http://good.example:80")
                server = null
                onConnect { }
            }.use { server ->
                answerOf(server, "Origin: http://bad.example") shouldBe
                    "HTTP/1.1 403 origin is not allowed\r\n" +
                    "Connection: close\r\nContent-Length: 0\r\n\r\n"
                RawPeer(server.port).use {
                    it.send("PUT / HTTP/1.1\r\nHost: x\r\n\r\n")
                    it.readAll() shouldBe
                        "HTTP/1.1 405 method is not GET, HEAD or OPTIONS\r\n" +
                        "Allow: GET, HEAD, OPTIONS\r\n" +
                        "Connection: close\r\nContent-Length: 0\r\n\r\n"
                }
                RawPeer(server.port).use {
                    it.open(version = 7) shouldBe
                        "HTTP/1.1 426 unsupported WebSocket version\r\nUpgrade: websocket\r\n" +
                        "Sec-WebSocket-Version: 13, 8\r\n" +
                        "Connection: Upgrade, close\r\nContent-Length: 0"
                }
            }
        }

        test("header values of a list are a line each, on both sides") {
            val fields = headersOf(mapOf("X-A" to listOf("1", "2")))
            webSocketServer {
                headers = fields
                onConnect {
                    request.headers.getAll("X-A") shouldBe listOf("1", "2")
                    accept()
                }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake("/", "X-A: 1", "X-A: 2") shouldContain "\r\nX-A: 1\r\nX-A: 2\r\n"
                }
            }
            against({ peer ->
                peer.readHead() shouldContain "\r\nX-A: 1\r\nX-A: 2\r\n"
                peer.end()
            }) { url ->
                runCatching { webSocketClient { headers = fields }.connect(url) }
                    .exceptionOrNull()!!.message!! shouldNotContain "X-A"
            }
        }

        test("bytes that are not UTF-8 may stand in a head, and are ISO-8859-1") {
            against({ peer ->
                peer.readHead()
                peer.sendHex("HTTP/1.1 403 ".encodeToByteArray().toHexString() + "fc0d0a0d0a").end()
            }) { url ->
                runCatching { webSocketClient().connect(url) }
                    .exceptionOrNull()!!.message!! shouldContain "403 ü"
            }
        }
    })

/** Everything a server says to a valid handshake with further [fields]. */
private fun answerOf(server: WebSocketServer, vararg fields: String): String =
    RawPeer(server.port).use { it.handshake("/", *fields) + "\r\n\r\n" + it.readAll() }

private fun RawPeer.open(version: Int, vararg fields: String, host: String = "localhost"): String {
    send(
        "GET / HTTP/1.1\r\nHost: $host\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Version: $version\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
            fields.joinToString("") { "$it\r\n" } + "\r\n",
    )
    return readHead()
}
