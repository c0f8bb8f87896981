package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.WireLog
import dev.kobahn.capturedLog
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.ReversedOctets
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withTimeout

/** What the application provides fails while a connection ends. */
class FailingEndTest :
    FunSpec({
        val failing: Map<String, WebSocketServerOptions.() -> Unit> = mapOf(
            "an encoder that throws" to
                { extensions = listOf(Unclosable(encoder = true) { error("no") }) },
            "a decoder that throws" to
                { extensions = listOf(Unclosable(encoder = false) { error("no") }) },
            "a decoder without memory" to {
                extensions = listOf(Unclosable(encoder = false) { throw OutOfMemoryError("no") })
            },
            "a log that throws an Error" to {
                extensions = listOf(ReversedOctets)
                logFrames = true
                wireLog = WireLog { if ("CLOSED" in it.toString()) throw OutOfMemoryError("no") }
            },
        )
        for ((name, configure) in failing) {
            test(
                "a connection frees its place and ends its handler whatever fails meanwhile: $name",
            ) {
                capturedLog {
                    val server = webSocketServer {
                        maxConnections = 1
                        onConnect { for (message in incoming) send(message) }
                        configure()
                    }
                    server.start()
                    repeat(3) {
                        RawPeer(server.port).use { peer ->
                            peer.handshake("/", "Sec-WebSocket-Extensions: x-reverse")
                                .shouldStartWith("HTTP/1.1 101 ")
                            // A transformed message has the codecs made; its echo is one too.
                            peer.send(RawPeer.masked(TRANSFORMED_BINARY, ByteArray(3)))
                            peer.readFrame() shouldBe "frame $TRANSFORMED_BINARY"
                        }
                        eventually(10.seconds) { server.connectionCount shouldBe 0 }
                    }
                    withTimeout(10.seconds) { server.stop(deadline = 60.seconds) }
                    server.job.isCompleted shouldBe true
                }
            }
        }
    })

/** A whole binary message with RSV2. */
private const val TRANSFORMED_BINARY = 0xA2

/** `x-reverse`, where [close] is called when the encoder or the decoder is closed. */
private class Unclosable(private val encoder: Boolean, private val close: () -> Unit) :
    ServerExtension,
    AgreedExtension by ReversedOctets {
    override fun accept(offers: List<ExtensionHeader>) = takeIf { header in offers }

    override fun encoder(pool: CodecPool): MessageEncoder = ReversedOctets.encoder(pool).let {
        object : MessageEncoder by it {
            override fun close() {
                it.close()
                if (encoder) this@Unclosable.close.invoke()
            }
        }
    }

    override fun decoder(pool: CodecPool): MessageDecoder = ReversedOctets.decoder(pool).let {
        object : MessageDecoder by it {
            override fun close() {
                it.close()
                if (!encoder) this@Unclosable.close.invoke()
            }
        }
    }
}
