package dev.kobahn

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith

/** What the calls of an application put on the wire, byte for byte. */
class ApplicationBytesTest :
    FunSpec({
        test("messages, Pings and Closes of an application are the frames of RFC 6455") {
            webSocketServer {
                onConnect {
                    send("Hello")
                    send(byteArrayOf(1, 2))
                    ping()
                    close(1001, "bye")
                }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    peer.readHex(7) shouldBe "810548656c6c6f"
                    peer.readHex(4) shouldBe "82020102"
                    val ping = peer.readHex(2)
                    ping shouldStartWith "89"
                    val payload = peer.readHex(ping.drop(2).toInt(16)).hexToByteArray()
                    peer.send(RawPeer.masked(0x8A, payload))
                    peer.readHex(7) shouldBe "880503e9627965"
                }
            }
        }

        test("the parts of a message are a frame each, the last one with FIN") {
            webSocketServer {
                onConnect {
                    val parts = listOf(ByteArray(3), ByteArray(1), ByteArray(2))
                    sendMessage(MessageType.BINARY, parts.asSequence())
                }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    peer.readHex(5) shouldBe "0203" + "000000"
                    peer.readHex(3) shouldBe "0001" + "00"
                    peer.readHex(4) shouldBe "8002" + "0000"
                }
            }
        }

        test("a denial is written with its status, phrase, fields and body") {
            webSocketServer {
                onConnect { deny(403, "Not you", headersOf("X-Why" to "full moon"), "Go away") }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    val head = peer.handshake().lines()
                    head.first().trim() shouldBe "HTTP/1.1 403 Not you"
                    head.map(String::trim) shouldContain "X-Why: full moon"
                    peer.readAll() shouldBe "Go away"
                }
            }
        }

        test("an acceptance is written with its subprotocol and fields") {
            webSocketServer {
                onConnect { accept("v1", headersOf("X-Node" to "7")) }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    val head = peer.handshake("/", "Sec-WebSocket-Protocol: v2, v1").lines()
                    head.first() shouldStartWith "HTTP/1.1 101 "
                    head.map(String::trim) shouldContain "Sec-WebSocket-Protocol: v1"
                    head.map(String::trim) shouldContain "X-Node: 7"
                    peer.readFrame() shouldBe "close 1000"
                }
            }
        }

        test("the origin null is let in by allowNullOrigin and by nothing else") {
            suspend fun answer(configure: WebSocketServerOptions.() -> Unit) = webSocketServer {
                onConnect { accept() }
                configure()
            }.use { server ->
                RawPeer(server.port).use { it.handshake("/", "Origin: null").take(12) }
            }
            answer { } shouldEndWith "403"
            answer { allowedOrigins = listOf("*") } shouldEndWith "403"
            answer { allowNullOrigin = true } shouldEndWith "101"
            answer {
                allowNullOrigin = true
                allowedOrigins = listOf("https://a.example:443")
                maxConnections = 5
            } shouldEndWith "101"
        }
    })
