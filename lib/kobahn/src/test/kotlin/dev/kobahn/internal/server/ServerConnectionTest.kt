package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.WireLog
import dev.kobahn.capturedLog
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.MessageEncoder
import dev.kobahn.protocol.extension.ReversedBytes
import dev.kobahn.protocol.extension.ServerExtension
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withTimeout

private const val PAGE = 300_000

private val LONG_REQUEST = ServerRig.REQUEST.removeSuffix("\r\n") +
    (0..<8).joinToString("") { "X-$it: ${"x".repeat(7_500)}\r\n" } + "\r\n"

private val LENGTH = LONG_REQUEST.length.toLong()

class ServerConnectionTest :
    FunSpec({
        fun rig(memoryBudget: Long = 10_000_000) = ServerRig {
            this.memoryBudget = memoryBudget
            onRequest { if (it.path == "/page") HttpResponse.html("p".repeat(PAGE)) else null }
            onConnect {
                accept()
                awaitCancellation()
            }
        }

        test("a long request counts once while its WebSocket is open") {
            val rig = rig()
            val budget = rig.context.budget!!
            rig.receive(LONG_REQUEST.dropLast(2))
            budget.used shouldBe LENGTH - 2
            rig.receive("\r\n")
            rig.answer.toString() shouldStartWith "HTTP/1.1 101 "
            budget.used shouldBe LENGTH
            val another = rig.another()
            another.receive(LONG_REQUEST)
            budget.used shouldBe 2 * LENGTH
            rig.vanish()
            another.vanish()
            budget.used shouldBe 0
        }

        test("a WebSocket whose request exceeds the budget is closed") {
            val rig = rig(memoryBudget = 2 * LENGTH + 10_000)
            rig.receive(LONG_REQUEST)
            val others = List(2) { rig.another().apply { receive(LONG_REQUEST) } }
            (listOf(rig) + others).count { it.ended } shouldBe 2
            rig.context.budget!!.used shouldBe LENGTH
        }

        test("an answer in plain HTTP counts until it is written") {
            val rig = rig()
            rig.stopReading()
            rig.receive("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            val before = rig.context.budget!!.used
            (before in PAGE - 70_000L..PAGE + 1_000) shouldBe true
            rig.takeOnce()
            (rig.context.budget.used < before) shouldBe true
            repeat(5) { rig.takeOnce() }
            rig.answer.length shouldBe rig.answer.indexOf("\r\n\r\n") + 4 + PAGE
            rig.context.budget.used shouldBe 0
        }

        test("a client that takes a page slowly loses it when memory is short for five seconds") {
            val rig = rig(memoryBudget = 301_000)
            rig.stopReading()
            rig.receive("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            rig.loop.advanceBy(4.seconds)
            rig.ended shouldBe false
            rig.loop.advanceBy(1.seconds)
            rig.ended shouldBe true
            rig.context.budget!!.used shouldBe 0
        }

        val failing: Map<String, WebSocketServerOptions.() -> Unit> = mapOf(
            "an encoder that throws" to
                { extensions = listOf(Unclosable(encoder = true) { error("no") }) },
            "a decoder that throws" to
                { extensions = listOf(Unclosable(encoder = false) { error("no") }) },
            "a decoder without memory" to {
                extensions = listOf(Unclosable(encoder = false) { throw OutOfMemoryError("no") })
            },
            "a log that throws an Error" to {
                extensions = listOf(ReversedBytes)
                logFrames = true
                wireLog = WireLog { if ("CLOSED" in it.toString()) throw OutOfMemoryError("no") }
            },
        )
        for ((name, configure) in failing) {
            test(
                "a connection frees its place and ends its handler despite $name",
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

        test(
            "ServerConnections has the connections that were added and not removed, in any order",
        ) {
            val random = Random(1)
            val connections = ServerConnections()
            val model = ArrayList<ServerConnection>()
            repeat(300) {
                if (model.isEmpty() || random.nextInt(5) < 3) {
                    connection().also(connections::add).also(model::add)
                } else {
                    connections.remove(model.removeAt(random.nextInt(model.size)))
                }
                connections.toList() shouldContainExactlyInAnyOrder model
                connections.isEmpty shouldBe model.isEmpty()
            }
        }
    })

/** A whole binary message with RSV2. */
private const val TRANSFORMED_BINARY = 0xA2

/** `x-reverse`, where [close] is called when the encoder or the decoder is closed. */
private class Unclosable(private val encoder: Boolean, private val close: () -> Unit) :
    ServerExtension,
    AgreedExtension by ReversedBytes {
    override fun accept(offers: List<ExtensionHeader>) = takeIf { header in offers }

    override fun encoder(pool: CodecPool): MessageEncoder = ReversedBytes.encoder(pool).let {
        object : MessageEncoder by it {
            override fun close() {
                it.close()
                if (encoder) this@Unclosable.close.invoke()
            }
        }
    }

    override fun decoder(pool: CodecPool): MessageDecoder = ReversedBytes.decoder(pool).let {
        object : MessageDecoder by it {
            override fun close() {
                it.close()
                if (!encoder) this@Unclosable.close.invoke()
            }
        }
    }
}

private fun connection(): ServerConnection {
    val context = serverContext(WebSocketServerOptions(), CoroutineScope(Job()))
    return ServerConnection(MemoryTransport.pair(VirtualLoop()).first, context) {}
}
