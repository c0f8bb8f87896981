package dev.kobahn.internal.server

import dev.kobahn.CloseStatus
import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.NO_SUBPROTOCOL
import dev.kobahn.RawPeer
import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.capturedLog
import dev.kobahn.count
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeout

/** Connects a client that only waits to a server with [handler], and returns how the connection ended. */
private suspend fun endOf(
    configure: WebSocketServerOptions.() -> Unit = {},
    handler: suspend ServerWebSocket.() -> Unit,
): CloseStatus {
    var status: CloseStatus? = null
    webSocketServer {
        configure()
        onConnect(handler)
    }.use { server ->
        status =
            withTimeout(10.seconds) {
                webSocketClient().connect("ws://localhost:${server.port}/") { awaitClosed() }
            }
    }
    return status!!
}

/** Returns the refusal of a server with [handler]. */
private suspend fun refusalOf(
    configure: WebSocketServerOptions.() -> Unit = {},
    handler: suspend ServerWebSocket.() -> Unit,
): HandshakeException {
    var refusal: HandshakeException? = null
    webSocketServer {
        configure()
        onConnect(handler)
    }.use { server ->
        refusal = shouldThrow<HandshakeException> {
            webSocketClient {
                subprotocols = listOf("b", "a")
            }.connect("ws://localhost:${server.port}/") {}
        }
    }
    return refusal!!
}

class RealServerWebSocketTest :
    FunSpec({
        for (dispatcher in listOf(null, Dispatchers.Default)) {
            context("with handlers on ${dispatcher ?: "the loop"}") {
                test("a handler that throws closes with 1011 and is logged once") {
                    val log = capturedLog {
                        val status = endOf({ handlerDispatcher = dispatcher }) {
                            accept()
                            error("the handler is broken")
                        }
                        status.code shouldBe 1011
                    }
                    log.count("java.lang.IllegalStateException: the handler is broken") shouldBe 1
                    log.count("ERROR") shouldBe 1
                }

                test("a handler that returns closes with 1000, cleanly") {
                    val status = endOf({ handlerDispatcher = dispatcher }) { accept() }
                    status.code shouldBe 1000
                    status.wasClean.shouldBeTrue()
                }

                test("a handler that returns at once accepts and closes with 1000") {
                    endOf({ handlerDispatcher = dispatcher }) {}.code shouldBe 1000
                }

                test("a handler that is cancelled closes with 1001") {
                    val server = webSocketServer {
                        handlerDispatcher = dispatcher
                        onConnect {
                            accept()
                            awaitCancellation()
                        }
                    }
                    server.start()
                    webSocketClient().connect("ws://localhost:${server.port}/") {
                        server.job.cancel()
                        awaitClosed().code shouldBe 1001
                    }
                    withTimeout(10.seconds) { server.join() }
                }

                test("a handler that throws before it accepts is 500 and logged once") {
                    val log = capturedLog {
                        refusalOf({
                            handlerDispatcher = dispatcher
                        }) { error("broken early") }.status shouldBe
                            500
                    }
                    log.count("java.lang.IllegalStateException: broken early") shouldBe 1
                    log.count("ERROR") shouldBe 1
                }

                test(
                    "openHandshakeTimeout refuses with 503, and the accept that fails then is no error",
                ) {
                    val ended = CompletableDeferred<Throwable?>()
                    val log = capturedLog {
                        val refusal = refusalOf({
                            handlerDispatcher = dispatcher
                            openHandshakeTimeout = 50.milliseconds
                        }) {
                            try {
                                awaitClosed()
                                accept()
                            } catch (failure: Throwable) {
                                ended.complete(failure)
                                throw failure
                            }
                        }
                        refusal.status shouldBe 503
                        ended.await().shouldBeInstanceOf<java.io.IOException>()
                    }
                    log shouldBe ""
                }

                test("a receive that the peer's clean Close ends is no error of the handler") {
                    val log = capturedLog {
                        webSocketServer {
                            handlerDispatcher = dispatcher
                            onConnect { while (true) send(incoming.receive()) }
                        }.use { server ->
                            val webSocket = webSocketClient().connect(
                                "ws://localhost:${server.port}/",
                            )
                            webSocket.send("one")
                            webSocket.incoming.receive() shouldBe Message.Text("one")
                            val status = webSocket.close(3001)
                            status.code shouldBe 1000
                            status.wasClean.shouldBeTrue()
                        }
                    }
                    log shouldBe ""
                }

                test("select accepts the connection as receive does") {
                    webSocketServer {
                        handlerDispatcher = dispatcher
                        onConnect {
                            while (true) send(select<Message> { incoming.onReceive { it } })
                        }
                    }.use { server ->
                        withTimeout(10.seconds) {
                            webSocketClient().connect("ws://localhost:${server.port}/") {
                                repeat(10) {
                                    send("message $it")
                                    incoming.receive() shouldBe Message.Text("message $it")
                                }
                            }
                        }
                    }
                }
            }
        }

        test("deny refuses with its status, reason, headers and body") {
            val refusal = refusalOf {
                deny(402, "Pay first", headersOf("X-Price" to "5"), "five coins")
            }
            refusal.status shouldBe 402
            refusal.message!! shouldContain "402"
            refusal.headers["X-Price"] shouldBe "5"
            refusal.bodyText shouldBe "five coins"
        }

        test("deny after accept is an error of the handler") {
            val log = capturedLog {
                endOf {
                    accept()
                    deny(403)
                }.code shouldBe 1011
            }
            log.count("ERROR") shouldBe 1
        }

        test("accepting twice is an error, and leaves the connection open") {
            endOf {
                accept()
                shouldThrow<IllegalStateException> { accept() }
                shouldThrow<IllegalStateException> { accept(NO_SUBPROTOCOL) }
                close(3003)
            }.code shouldBe 3003
        }

        test("a subprotocol that was not offered is an error: 500") {
            val log = capturedLog { refusalOf { accept("c") }.status shouldBe 500 }
            log.count("was not offered") shouldBe 1
        }

        test(
            "the subprotocol is the server's first that was offered, unless accept names one or none",
        ) {
            webSocketServer {
                subprotocols = listOf("x", "a", "b")
                route("/implicit") {
                    onConnect {
                        accept()
                        send(subprotocol.toString())
                    }
                }
                route("/explicit") {
                    onConnect {
                        accept("b", headersOf("X-Node" to "7"))
                        send(subprotocol.toString())
                    }
                }
                route("/none") {
                    onConnect {
                        accept(NO_SUBPROTOCOL)
                        send(subprotocol.toString())
                    }
                }
            }.use { server ->
                val client = webSocketClient { subprotocols = listOf("b", "a") }
                for ((path, expected) in listOf(
                    "implicit" to "a",
                    "explicit" to "b",
                    "none" to null,
                )) {
                    client.connect("ws://localhost:${server.port}/$path") {
                        subprotocol shouldBe expected
                        incoming.receive() shouldBe Message.Text(expected.toString())
                        if (path == "explicit") response.headers["X-Node"] shouldBe "7"
                    }
                }
            }
        }

        test("a path without a route is 404, and pathParameters has the names of a route") {
            webSocketServer {
                route("/room/{room}/as/{name}") {
                    onConnect { send(pathParameters.toString() + request.param("q")) }
                }
                route("/fixed") { onConnect { send("fixed") } }
            }.use { server ->
                val client = webSocketClient()
                val url = "ws://localhost:${server.port}"
                client.connect("$url/room/blue/as/Ann?q=1") {
                    (incoming.receive() as Message.Text).text
                } shouldBe
                    "{room=blue, name=Ann}1"
                client.connect("$url/fixed") { (incoming.receive() as Message.Text).text } shouldBe
                    "fixed"
                for (path in listOf("/", "/room/blue/as", "/room//as/Ann", "/fixed/")) {
                    shouldThrow<HandshakeException> { client.connect("$url$path") }.status shouldBe
                        404
                }
            }
        }

        test("frames that come before accept are received after it") {
            val go = CompletableDeferred<Unit>()
            webSocketServer {
                onConnect {
                    go.await()
                    for (message in incoming) send(message)
                }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.send(
                        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
                            "Connection: Upgrade\r\n" +
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                    )
                    repeat(3) { peer.send(RawPeer.text("early $it")) }
                    peer.send(RawPeer.CLOSE)
                    go.complete(Unit)
                    peer.readHead() shouldStartWith "HTTP/1.1 101 "
                    List(5) { peer.readFrame() } shouldContainExactly
                        listOf("text early 0", "text early 1", "text early 2", "close 1000", "end")
                }
            }
        }

        test("accept throws if the client has gone away") {
            val failure = CompletableDeferred<Throwable>()
            val gone = CompletableDeferred<Unit>()
            webSocketServer {
                onConnect {
                    gone.complete(Unit)
                    awaitClosed()
                    failure.complete(shouldThrow<java.io.IOException> { accept() })
                }
            }.use { server ->
                RawPeer(server.port).use { peer ->
                    peer.send(
                        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
                            "Connection: Upgrade\r\n" +
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                    )
                    gone.await()
                }
                withTimeout(10.seconds) { failure.await() }
            }
        }

        test("closeStatus is null until the end, and then the result of awaitClosed") {
            val status = CompletableDeferred<CloseStatus>()
            webSocketServer {
                onConnect {
                    closeStatus.shouldBeNull()
                    for (message in incoming) send(message)
                    status.complete(awaitClosed())
                    closeStatus shouldBe status.await()
                }
            }.use { server ->
                webSocketClient().connect("ws://localhost:${server.port}/") { close(3005, "bye") }
                withTimeout(10.seconds) { status.await() }.code shouldBe 3005
            }
        }
    })
