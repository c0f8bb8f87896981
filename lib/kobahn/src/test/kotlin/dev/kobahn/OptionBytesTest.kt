package dev.kobahn

import dev.kobahn.autobahn.masking
import dev.kobahn.protocol.handshake.AcceptKey
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope

/** What an option changes on the wire, byte for byte, beside what is there without it. */
class OptionBytesTest :
    FunSpec({
        test("maxFramePayloadSize refuses a longer frame with 1009") {
            served { it.send(RawPeer.text("12345")).readFrame() } shouldBe "text 12345"
            served({ maxFramePayloadSize = 4 }) { peer ->
                peer.send(RawPeer.text("1234")).readFrame() shouldBe "text 1234"
                peer.send(RawPeer.text("12345")).readFrame()
            } shouldBe "close 1009"
        }

        test("applyMask leaves a payload as the wire has it when it is off") {
            // "Hello", masked as in RFC 6455 section 5.7
            val masked = "81 85 37 fa 21 3d 7f 9f 4d 51 58"
            served { it.sendHex(masked).readHex(7) } shouldBe "8105" + "48656c6c6f"
            served({
                masking(applyMask = false)
                utf8validateIncoming = false
            }) { it.sendHex(masked).readHex(7) } shouldBe "8105" + "7f9f4d5158"
        }

        test("utf8validateIncoming refuses what is not UTF-8, unless it is off") {
            val text = RawPeer.masked(0x81, byteArrayOf(-1))
            served { it.send(text).readFrame() } shouldBe "close 1007"
            served({ utf8validateIncoming = false }) { it.send(text).readHex(3) } shouldBe "8101ff"
        }

        test("echoCloseCodeReason answers a Close with its own code and reason") {
            val close = "88 85 00 00 00 00 0b b9 62 79 65"
            served { it.sendHex(close).readHex(4) } shouldBe "880203e8"
            served({ echoCloseCodeReason = true }) { it.sendHex(close).readHex(7) } shouldBe
                "8805" + "0bb9627965"
        }

        test("failByDrop ends the transport after a violation without a Close") {
            val violation = RawPeer.masked(0x83, ByteArray(0))
            served { it.send(violation).readFrame() } shouldBe "close 1002"
            served({ failByDrop = true }) { it.send(violation).readFrame() } shouldBe "end"
        }

        test("autoPingInterval and autoPingSize send Pings of that size") {
            served({
                autoPingInterval = 10.milliseconds
                autoPingSize = 40
            }) { it.readHex(2) } shouldBe "8928"
        }

        test("autoPingTimeout drops a peer that does not answer") {
            served({
                autoPingInterval = 10.milliseconds
                autoPingTimeout = 10.milliseconds
            }) { peer ->
                peer.readFrame() shouldStartWith "ping"
                peer.readFrame()
            } shouldBe "end"
        }

        test("maskClientFrames masks what a client sends, unless it is off") {
            asked({ }) { peer ->
                peer.readHex(2).also { peer.readHex(4 + 5) }
            } shouldBe "8185"
            asked({ masking(maskClientFrames = false) }) { it.readHex(7) } shouldBe
                "8105" + "48656c6c6f"
        }

        test("acceptMaskedServerFrames takes masked frames, which are a violation without it") {
            val masked = RawPeer.text("masked")
            suspend fun answered(configure: WebSocketClientOptions.() -> Unit) =
                asked(configure) { peer ->
                    peer.readFrame()
                    peer.send(masked).readFrame()
                }
            answered { } shouldBe "close 1002"
            answered { masking(acceptMaskedServerFrames = true) } shouldBe "text masked"
        }
    })

/** What [play] makes of a connection to an echo server. */
private suspend fun <T> served(
    configure: WebSocketServerOptions.() -> Unit = {},
    play: (RawPeer) -> T,
): T = webSocketServer {
    onConnect {
        accept()
        for (message in incoming) send(message)
    }
    configure()
}.use { server ->
    RawPeer(server.port).use { peer ->
        peer.handshake() shouldStartWith "HTTP/1.1 101 "
        play(peer)
    }
}

/** What [play] makes of a connection of a client that says hello and then echoes. */
private suspend fun <T> asked(
    configure: WebSocketClientOptions.() -> Unit,
    play: (RawPeer) -> T,
): T = coroutineScope {
    ServerSocket(0, 1, InetAddress.getByName("localhost")).use { listening ->
        listening.soTimeout = RawPeer.PATIENCE_MILLIS
        val playing = async(Dispatchers.IO) {
            RawPeer(listening.accept()).use { play(it.open()) }
        }
        val client = webSocketClient(configure = configure)
        client.connect("ws://localhost:${listening.localPort}/") {
            send("Hello")
            try {
                for (message in incoming) send(message)
            } catch (_: ConnectionClosedException) {
                // the peer has seen enough
            }
        }
        playing.await()
    }
}

private fun RawPeer.open(): RawPeer {
    val key = readHead().lines().single { it.startsWith("Sec-WebSocket-Key:") }
    return send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: ${AcceptKey.of(key.substringAfter(':').trim())}\r\n\r\n",
    )
}
