package dev.kobahn

import dev.kobahn.autobahn.masking
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

class PreparedMessageTest :
    FunSpec({
        timeout = 30_000

        test("a prepared message is text or binary, and one byte array for all") {
            PreparedMessage("ö").message shouldBe Message.Text("ö")
            val bytes = byteArrayOf(1, 2)
            (PreparedMessage(bytes).message.bytes === bytes) shouldBe true
            PreparedMessage(bytes).options.compress shouldBe true
            PreparedMessage(
                Message.Text("ö"),
                SendOptions(compress = false),
            ).options.compress shouldBe
                false
        }

        test("a prepared message is on the wire what the message is, for every connection") {
            val prepared = PreparedMessage("prepared")
            webSocketServer {
                onConnect { repeat(2) { send(prepared) } }
            }.use { server ->
                repeat(2) {
                    RawPeer(server.port).use { peer ->
                        peer.handshake()
                        repeat(2) { peer.readHex(10) shouldBe "81087072657061726564" }
                        peer.readFrame() shouldBe "close 1000"
                    }
                }
            }
        }

        test("a prepared message is cut into frames of autoFragmentSize") {
            webSocketServer {
                autoFragmentSize = 2
                onConnect { send(PreparedMessage("abc")) }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    peer.readHex(7) shouldBe "01026162" + "800163"
                }
            }
        }

        test("every copy of a prepared message has a key of its own where frames are masked") {
            val prepared = PreparedMessage("same")
            webSocketServer {
                masking(maskServerFrames = true)
                onConnect { repeat(2) { send(prepared) } }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake()
                    val frames = List(2) { peer.readHex(10) }
                    frames.forEach { it.take(4) shouldBe "8184" }
                    frames[0] shouldNotBe frames[1]
                }
            }
        }

        test("a prepared message is under the limits and the state of its connection") {
            webSocketServer {
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                val client = webSocketClient { maxMessagePayloadSize = 3 }
                val webSocket = client.connect("ws://localhost:${server.port}")
                shouldThrow<PayloadExceededException> { webSocket.send(PreparedMessage("four")) }
                shouldThrow<PayloadExceededException> { webSocket.trySend(PreparedMessage("four")) }
                webSocket.trySend(PreparedMessage("two")) shouldBe true
                webSocket.incoming.receive() shouldBe Message.Text("two")
                webSocket.close()
                shouldThrow<ConnectionClosedException> { webSocket.send(PreparedMessage("x")) }
                shouldThrow<ConnectionClosedException> { webSocket.trySend(PreparedMessage("x")) }
            }
        }
    })
