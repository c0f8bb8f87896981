package dev.kobahn.codec

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServer
import dev.kobahn.autobahn.perMessageCompression
import dev.kobahn.codec.brotli.BrotliDecoder
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.hex
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** The codecs in connections, by their bytes. */
class CodecBytesTest :
    FunSpec({
        test("brotli is flushed after a message, not finished, and so the next can be read") {
            server().use { server ->
                RawPeer(server.port).use { peer ->
                    peer.handshake("/", "$FIELD permessage-brotli")
                    val decoder = BrotliDecoder(noContextTakeover = false)
                    repeat(3) {
                        val payload = peer.compressedText()
                        decoder.decoded(payload).decodeToString() shouldBe GREETING
                        val alone = BrotliDecoder(noContextTakeover = true)
                        shouldThrow<ProtocolException> { alone.decoded(payload) }
                        alone.close()
                    }
                    decoder.close()
                }
            }
        }

        test("data that no encoder makes is answered with 1007") {
            for (name in listOf("bzip2", "snappy", "brotli")) {
                withClue(name) {
                    closeCode(name, ByteArray(100) { -2 }) shouldBe 1007
                }
            }
        }

        test("a message that expands beyond the limits is answered with 1009") {
            val bomb = ByteArray(20_000_000)
            val bombs = mapOf(
                "bzip2" to Codecs.BZIP2,
                "snappy" to Codecs.SNAPPY,
                "brotli" to Codecs.BROTLI,
            )
            for ((name, codec) in bombs) {
                withClue(name) {
                    codec.pair { encoder, _ ->
                        closeCode(name, encoder.encoded(bomb)) shouldBe 1009
                    }
                }
            }
        }
    })

private const val FIELD = "Sec-WebSocket-Extensions:"
private const val GREETING = "Hello, hello, hello, hello"

private fun server(): WebSocketServer = webSocketServer {
    perMessageCompression { accept(it.single()) }
    onConnect {
        repeat(3) { send(GREETING) }
        for (message in incoming) send(message)
    }
}

private fun accept(offer: PerMessageCompressOffer): PerMessageCompressOfferAccept = when (offer) {
    is PerMessageBzip2Offer -> PerMessageBzip2OfferAccept(offer)
    is PerMessageSnappyOffer -> PerMessageSnappyOfferAccept(offer)
    is PerMessageBrotliOffer -> PerMessageBrotliOfferAccept(offer)
    else -> error("an unknown offer: $offer")
}

/** The payload of a short frame of text whose message is compressed. */
private fun RawPeer.compressedText(): ByteArray {
    readHex(1) shouldBe "c1"
    return hex(readHex(readHex(1).toInt(16)))
}

/** The code of the Close that a server answers to a message that was sent as [bytes]. */
private suspend fun closeCode(name: String, bytes: ByteArray): Int = server().use { server ->
    RawPeer(server.port).use { peer ->
        peer.handshake("/", "$FIELD permessage-$name")
        repeat(3) { peer.compressedText() }
        peer.send(RawPeer.masked(0xC2, bytes))
        peer.readFrame().split(' ')[1].toInt()
    }
}
