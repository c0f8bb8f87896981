package dev.kobahn

import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.EachByte
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.extension.encodingBy
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers

/** A handler off the loop that takes long to compress, from end to end. */
class EncodingElsewhereTest :
    FunSpec({
        test("while one handler compresses, all loops serve everybody, its own connection too") {
            val begun = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val tried = CompletableDeferred<Boolean>()
            val slow = SlowExtension {
                begun.countDown()
                goOn.await()
            }
            webSocketServer {
                extensions = listOf(slow)
                handlerDispatcher = Dispatchers.IO
                onConnect { for (message in incoming) send(message) }
                route("/slow") {
                    onConnect {
                        val peer = this
                        onPong { tried.complete(peer.trySend(Message.Text("no"))) }
                        send("slow")
                    }
                }
            }.use { server ->
                try {
                    RawPeer(server.port).use { peer ->
                        peer.handshake("/slow", "Sec-WebSocket-Extensions: x-test")
                        begun.await()
                        repeat(OTHERS) {
                            RawPeer(server.port).use { other ->
                                other.handshake()
                                other.send(RawPeer.text("echo")).readFrame() shouldBe "text echo"
                            }
                        }
                        peer.send(RawPeer.masked(0x89, "a".encodeToByteArray()))
                        peer.readFrame() shouldBe "pong a"
                        peer.send(RawPeer.masked(0x8A, ByteArray(0)))
                        tried.await() shouldBe false
                        goOn.countDown()
                        peer.readFrame() shouldBe "frame ${0xC1}"
                        peer.readFrame() shouldBe "close 1000"
                    }
                } finally {
                    goOn.countDown()
                }
            }
        }
    })

/** Some of them share the loop of the slow one. */
private const val OTHERS = 16

/** Changes nothing, and calls [encode] before. */
private class SlowExtension(private val encode: () -> Unit) : ServerExtension {
    override fun accept(offers: List<ExtensionHeader>): AgreedExtension? {
        if (offers.none { it.name == "x-test" }) return null
        return encodingBy(object : EachByte({ listOf(it) }) {
            override fun encode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) {
                this@SlowExtension.encode()
                super.encode(bytes, offset, length, output)
            }
        })
    }
}
