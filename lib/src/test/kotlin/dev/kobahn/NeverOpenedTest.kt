package dev.kobahn

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
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
                        perMessageCompressionAccept = { error("no offer is good enough") }
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
                    perMessageCompressionAccept = { error("no offer is good enough") }
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
