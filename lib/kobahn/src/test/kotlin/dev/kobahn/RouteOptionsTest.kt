package dev.kobahn

import dev.kobahn.autobahn.masking
import dev.kobahn.autobahn.webStatus
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlin.reflect.KClass
import kotlin.reflect.KMutableProperty1
import kotlin.reflect.KVisibility
import kotlin.reflect.full.memberProperties
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.Dispatchers

/** Options of a route, by what leaves the server there and elsewhere. */
class RouteOptionsTest :
    FunSpec({
        test("a route has every option that acts once the path is known, and no other") {
            settable(Route::class) shouldBe settable(ServerConnectionOptions::class)
            val serverOnly = settable(WebSocketServerOptions::class) - settable(Route::class)
            serverOnly shouldBe setOf(
                "host", "port", "backlog", "maxConnections", "maxLingeringHandlers", "server",
                "versions", "externalPort", "trustXForwardedFor", "trustedProxies",
                "openHandshakeTimeout", "tcpNoDelay",
                "headLimits", "memoryBudget",
                "forwardedField", "proxyProtocolFrom", "reusePort", "tcpKeepAlive",
                "receiveBufferSize", "sendBufferSize",
            )
            settable(Route::class).shouldContainAll(
                "maxMessagePayloadSize",
                "autoPingInterval",
                "subprotocols",
                "headers",
                "allowedOrigins",
                "handlerDispatcher",
            )
        }

        test("what a route does not set is as at the server, even if that is set later") {
            lateinit var route: Route
            val server = WebSocketServerOptions()
            server.route("/a") {
                route = this
                autoFragmentSize = 7
                handlerDispatcher = null
            }
            server.maxMessagePayloadSize = 5
            server.autoFragmentSize = 8
            server.handlerDispatcher = Dispatchers.Default
            route.maxMessagePayloadSize shouldBe 5
            route.maxFramePayloadSize shouldBe 0
            route.autoFragmentSize shouldBe 7
            route.handlerDispatcher shouldBe null
            server.autoFragmentSize shouldBe 8
        }

        test("a route's options are checked when they are set, and fixed by the server's start") {
            lateinit var route: Route
            val server = webSocketServer {
                route("/a") {
                    route = this
                    shouldThrow<IllegalArgumentException> { maxFramePayloadSize = -1 }
                        .message shouldBe "maxFramePayloadSize is -1, must be 0 (no limit) or more"
                }
            }
            server.use {
                shouldThrow<IllegalStateException> { route.maxFramePayloadSize = 1 }
                shouldThrow<IllegalStateException> { route.onConnect { } }
            }
        }

        test("a route without onConnect has the server's") {
            webSocketServer {
                route("/small") { maxMessagePayloadSize = 1 }
                onConnect { send("served ${request.path}") }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake("/small")
                    it.readFrame() shouldBe "close 1011"
                }
                RawPeer(server.port).use {
                    it.handshake("/other")
                    it.readFrame() shouldBe "text served /other"
                }
            }
        }

        test("limits, fragments and masks are the route's") {
            webSocketServer {
                maxMessagePayloadSize = 100
                route("/own/{n}") {
                    maxMessagePayloadSize = 2
                    autoFragmentSize = 1
                    masking(requireMaskedClientFrames = false)
                    onConnect {
                        send("ab")
                        for (message in incoming) send(message)
                    }
                }
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake("/own/1?x")
                    it.readHex(6) shouldBe "010161800162"
                    it.sendHex("82 03 000000").readFrame() shouldBe "close 1009"
                }
                RawPeer(server.port).use {
                    it.handshake()
                    it.send(RawPeer.text("abc")).readFrame() shouldBe "text abc"
                    it.sendHex("82 00").readFrame() shouldBe "close 1002"
                }
            }
        }

        test("subprotocols and headers are the route's") {
            webSocketServer {
                subprotocols = listOf("a", "b")
                headers = headersOf("X-Where" to "server")
                route("/own") {
                    subprotocols = listOf("b")
                    headers = headersOf("X-Where" to "route")
                }
                onConnect { }
            }.use { server ->
                val offer = "Sec-WebSocket-Protocol: a, b"
                RawPeer(server.port).use {
                    val head = it.handshake("/own", offer)
                    head shouldContain "\r\nX-Where: route\r\nSec-WebSocket-Protocol: b\r\n"
                    head shouldNotContain "server"
                }
                RawPeer(server.port).use {
                    it.handshake("/", offer) shouldContain
                        "\r\nX-Where: server\r\nSec-WebSocket-Protocol: a\r\n"
                }
            }
        }

        test("origins are the route's, before its handler runs") {
            webSocketServer {
                allowedOrigins = listOf("https://good.example:443")
                route("/open") {
                    allowedOrigins = listOf("*")
                    allowNullOrigin = true
                }
                route("/shut") { allowedOrigins = emptyList() }
                onConnect { }
            }.use { server ->
                suspend fun status(path: String, origin: String) = RawPeer(server.port).use {
                    it.handshake(path, "Origin: $origin").substringAfter(' ').substringBefore(' ')
                }
                status("/", "https://good.example") shouldBe "101"
                status("/", "https://bad.example") shouldBe "403"
                status("/open", "https://bad.example") shouldBe "101"
                status("/open", "null") shouldBe "101"
                status("/open?a", "null") shouldBe "101"
                status("/shut", "https://good.example") shouldBe "403"
                status("http://x/open", "null") shouldBe "101"
            }
        }

        test("Pings, Closes and the page are the route's") {
            webSocketServer {
                route("/own") {
                    autoPing { interval = 20.milliseconds }
                    echoCloseCodeReason = true
                    webStatus()
                }
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake("/own")
                    it.readFrame() shouldStartWith "ping "
                    it.sendHex("88 82 00000000 0BB8")
                    generateSequence(it::readFrame).first { frame -> !frame.startsWith("ping") }
                        .shouldBe("close 3000")
                }
                RawPeer(server.port).use {
                    it.handshake("/")
                    it.sendHex("88 82 00000000 0BB8").readFrame() shouldBe "close 1000"
                }
                for ((path, status) in listOf("/own" to 200, "/" to 426)) {
                    RawPeer(server.port).use {
                        it.send("GET $path HTTP/1.1\r\nHost: x\r\n\r\n")
                        it.readHead() shouldStartWith "HTTP/1.1 $status "
                    }
                }
            }
        }

        test("a route's handler runs where the route says") {
            webSocketServer {
                route("/own") { handlerDispatcher = Dispatchers.IO }
                onConnect { send(Thread.currentThread().name.substringBefore('-')) }
            }.use { server ->
                for ((path, thread) in listOf("/own" to "DefaultDispatcher", "/" to "kobahn")) {
                    RawPeer(server.port).use {
                        it.handshake(path)
                        it.readFrame() shouldBe "text $thread"
                    }
                }
            }
        }
    })

private fun settable(type: KClass<*>): Set<String> = type.memberProperties
    .filterIsInstance<KMutableProperty1<*, *>>()
    .filter { it.setter.visibility == KVisibility.PUBLIC }
    .map { it.name }.toSet()
