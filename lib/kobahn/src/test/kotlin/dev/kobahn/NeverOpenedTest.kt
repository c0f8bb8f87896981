package dev.kobahn

import dev.kobahn.autobahn.perMessageCompression
import dev.kobahn.protocol.extension.AgreedExtension
import dev.kobahn.protocol.extension.ByteSink
import dev.kobahn.protocol.extension.CodecPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.MessageDecoder
import dev.kobahn.protocol.extension.ReservedBits
import dev.kobahn.protocol.extension.ReversedBytes
import dev.kobahn.protocol.extension.ServerExtension
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.ChannelResult
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.yield

/** What a handler hears that begins to receive when the handshake cannot be completed. */
internal class NeverOpenedTest :
    FunSpec({
        timeout = 30_000

        for (dispatcher in listOf(null, Dispatchers.Default)) {
            val place = if (dispatcher == null) "on the loop" else "elsewhere"

            for ((name, receive) in WAYS_TO_RECEIVE) {
                test("an acceptor that throws refuses the connection, which $name says $place") {
                    val told = CompletableDeferred<ConnectionClosedException>()
                    webSocketServer {
                        handlerDispatcher = dispatcher
                        perMessageCompression { error("no offer is good enough") }
                        onConnect { told.complete(shouldThrow { receive() }) }
                    }.use { server ->
                        RawPeer(server.port).use {
                            val offer = "Sec-WebSocket-Extensions: permessage-deflate"
                            it.handshake("/", offer) shouldStartWith "HTTP/1.1 500 "
                            told.await().cause?.message shouldBe "no offer is good enough"
                        }
                    }
                }

                test("$name does not wait for the transport after a refusal $place") {
                    val refused = CompletableDeferred<Unit>()
                    val told = CompletableDeferred<Throwable>()
                    webSocketServer {
                        handlerDispatcher = dispatcher
                        openHandshakeTimeout = 50.milliseconds
                        dropTimeout = Duration.ZERO
                        onConnect {
                            refused.await()
                            told.complete(shouldThrow<ConnectionClosedException> { receive() })
                        }
                    }.use { server ->
                        RawPeer(server.port).use {
                            it.handshake() shouldStartWith "HTTP/1.1 503 "
                            refused.complete(Unit)
                            told.await()
                        }
                    }
                }
            }

            test(
                "an acceptor that throws refuses a connection whose handler hears nothing $place",
            ) {
                webSocketServer {
                    handlerDispatcher = dispatcher
                    openHandshakeTimeout = Duration.ZERO
                    perMessageCompression { error("no offer is good enough") }
                    onConnect {
                        incoming.tryReceive()
                        awaitClosed()
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        val offer = "Sec-WebSocket-Extensions: permessage-deflate"
                        it.handshake("/", offer) shouldStartWith "HTTP/1.1 500 "
                    }
                }
            }

            test("what came with the request and cannot be taken in drops the connection $place") {
                webSocketServer {
                    handlerDispatcher = dispatcher
                    extensions = listOf(Undecodable)
                    onConnect {
                        shouldThrow<ConnectionClosedException> { incoming.receive() }
                        awaitClosed()
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        // In one write: a request for Undecodable, and a message in its form.
                        it.send(REQUEST_WITH_EXTENSION.encodeToByteArray() + FIRST_MESSAGE)
                        it.countAll()
                    }
                }
            }

            test("it drops it where the handler accepts by itself, too $place") {
                val failure = CompletableDeferred<Throwable>()
                val status = CompletableDeferred<CloseStatus>()
                webSocketServer {
                    handlerDispatcher = dispatcher
                    extensions = listOf(Undecodable)
                    onConnect {
                        failure.complete(shouldThrow<Throwable> { accept() })
                        status.complete(awaitClosed())
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        it.send(REQUEST_WITH_EXTENSION.encodeToByteArray() + FIRST_MESSAGE)
                        it.countAll()
                    }
                    failure.await().shouldBeInstanceOf<StackOverflowError>()
                    status.await().wasClean shouldBe false
                }
            }

            test("who denies once the opening is on its way ends the connection with 1011 $place") {
                webSocketServer {
                    handlerDispatcher = dispatcher
                    onConnect {
                        incoming.tryReceive()
                        deny(403)
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        it.handshake() shouldStartWith "HTTP/1.1 101 "
                        it.readFrame() shouldBe "close 1011"
                    }
                }
            }
        }
    })

private const val REQUEST_WITH_EXTENSION = "GET / HTTP/1.1\r\nHost: localhost\r\n" +
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: x-undecodable\r\n\r\n"

/** `a`, masked with zeros, with RSV2. */
private val FIRST_MESSAGE = "a1810000000061".hexToByteArray()

private object Undecodable : ServerExtension, AgreedExtension {
    override val header = ExtensionHeader("x-undecodable")
    override val reservedBits = ReservedBits.RSV2

    override fun accept(offers: List<ExtensionHeader>) = this

    override fun encoder(pool: CodecPool) = ReversedBytes.encoder(pool)

    override fun decoder(pool: CodecPool): MessageDecoder = object : MessageDecoder {
        override fun decode(bytes: ByteArray, offset: Int, length: Int, output: ByteSink) =
            throw StackOverflowError("a decoder fails as no message should make it fail")

        override fun end(output: ByteSink) = Unit

        override fun close() = Unit
    }
}

private val WAYS_TO_RECEIVE: Map<String, suspend ServerWebSocket.() -> Any?> = mapOf(
    "receive" to { incoming.receive() },
    "receiveCatching" to { incoming.receiveCatching().getOrThrow() },
    "iteration" to { incoming.iterator().hasNext() },
    "select" to { select { incoming.onReceive { it } } },
    "a receive of streams" to { incomingStreams.receive() },
    "tryReceive" to {
        var result: ChannelResult<Message>
        do {
            yield()
            result = incoming.tryReceive()
        } while (!result.isClosed)
        result.getOrThrow()
    },
)
