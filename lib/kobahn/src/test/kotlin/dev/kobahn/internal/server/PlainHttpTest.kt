package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.autobahn.webStatus
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** Requests that are no upgrade: pages and health checks. */
class PlainHttpTest :
    FunSpec({
        test("GET, HEAD and OPTIONS reach onRequest with their method, in HTTP/1.0 too") {
            methods().use { server ->
                for (version in listOf("HTTP/1.0", "HTTP/1.1")) {
                    server.ask("GET /a $version", HOST) shouldEndWith "\r\n\r\nGET /a"
                    server.ask("OPTIONS /a $version", HOST) shouldEndWith "\r\n\r\nOPTIONS /a"
                    server.ask("OPTIONS * $version", HOST) shouldEndWith "\r\n\r\nOPTIONS *"
                    val answer = server.ask("HEAD /abc $version", HOST)
                    answer shouldStartWith "HTTP/1.1 200 OK\r\n"
                    answer shouldContain "Content-Length: 9\r\n"
                    answer shouldEndWith "\r\n\r\n"
                }
            }
        }

        test("other methods get 405 with the allowed ones") {
            methods().use { server ->
                for (method in listOf("POST", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH")) {
                    val answer = server.ask("$method / HTTP/1.1", HOST)
                    answer shouldStartWith "HTTP/1.1 405 "
                    answer shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
                }
            }
        }

        test("the default checks of nginx and HAProxy find a server that only has WebSockets") {
            webSocketServer { onConnect { } }.use { server ->
                val answer = server.ask("OPTIONS / HTTP/1.0")
                answer shouldStartWith "HTTP/1.1 204 No Content\r\n"
                answer shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
                server.ask("GET / HTTP/1.0", "Host: backend", "Connection: close")
                    .shouldStartWith("HTTP/1.1 426 ")
            }
        }

        test("an upgrade in HTTP/1.0 is refused") {
            methods().use { server ->
                server.ask("GET / HTTP/1.0", HOST, "Upgrade: websocket", "Connection: Upgrade")
                    .shouldStartWith("HTTP/1.1 505 ")
            }
        }

        test("the status page answers HEAD without its body, and leaves OPTIONS alone") {
            webSocketServer { webStatus() }.use { server ->
                val answer = server.ask("HEAD / HTTP/1.1", HOST)
                answer shouldStartWith "HTTP/1.1 200 OK\r\n"
                answer shouldEndWith "\r\n\r\n"
                server.ask("OPTIONS / HTTP/1.1", HOST) shouldStartWith "HTTP/1.1 204 "
            }
        }

        test("onRequest has the counts of the server") {
            webSocketServer {
                onRequest { request ->
                    if (request.path == "/health") {
                        HttpResponse.text("$connectionCount connections, $handlerCount handlers")
                    } else {
                        null
                    }
                }
                onConnect { for (message in incoming) send(message) }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake() shouldStartWith "HTTP/1.1 101 "
                    server.ask("GET /health HTTP/1.0") shouldEndWith "2 connections, 2 handlers"
                }
            }
        }

        test("a full server answers pages, refuses WebSockets, and counts neither") {
            methods { maxConnections = 1 }.use { server ->
                RawPeer(server.port).use { first ->
                    first.handshake() shouldStartWith "HTTP/1.1 101 "
                    server.ask("GET /a HTTP/1.0") shouldEndWith "GET /a"
                    RawPeer(server.port).use { it.handshake() shouldStartWith "HTTP/1.1 503 " }
                    server.connectionCount shouldBe 1
                }
            }
        }

        test("refused WebSockets keep no place from pages, even if their clients stay") {
            val full: WebSocketServerOptions.() -> Unit = {
                maxConnections = 1
                dropTimeout = ZERO
            }
            methods(full).use { server ->
                RawPeer(server.port).use { first ->
                    first.handshake() shouldStartWith "HTTP/1.1 101 "
                    val refused = List(Places.MAX_PAGES) { RawPeer(server.port) }
                    refused.forEach { it.handshake() shouldStartWith "HTTP/1.1 503 " }
                    server.ask("GET /a HTTP/1.0") shouldEndWith "GET /a"
                    refused.forEach(RawPeer::close)
                }
            }
        }

        for ((kind, request) in mapOf(
            "a page" to "GET /a HTTP/1.0\r\n\r\n",
            "a malformed request" to "nonsense\r\n\r\n",
        )) {
            test("clients that stay behind the answer to $kind keep no place from pages") {
                val full: WebSocketServerOptions.() -> Unit = {
                    maxConnections = 1
                    dropTimeout = 1.minutes
                }
                methods(full).use { server ->
                    RawPeer(server.port).use { first ->
                        first.handshake() shouldStartWith "HTTP/1.1 101 "
                        val peers = List(Places.MAX_PAGES) { RawPeer(server.port).send(request) }
                        peers.forEach { it.readHead() shouldStartWith "HTTP/1.1 " }
                        eventually(10.seconds) {
                            server.ask("GET /a HTTP/1.0") shouldEndWith "GET /a"
                        }
                        peers.forEach(RawPeer::close)
                    }
                }
            }
        }

        test("a full server reads only some requests at once, and gives the places back") {
            methods { maxConnections = 1 }.use { server ->
                RawPeer(server.port).use { first ->
                    first.handshake() shouldStartWith "HTTP/1.1 101 "
                    val peers = List(Places.MAX_PAGES + 1) {
                        RawPeer(server.port).send("GET /a HTTP/1.0\r\n")
                    }
                    fun answered() = peers.filter { it.socket.getInputStream().available() > 0 }
                    eventually(10.seconds) { answered().size shouldBe 1 }
                    val refused = answered().single()
                    refused.readHead() shouldStartWith "HTTP/1.1 503 "
                    for (peer in peers - refused) {
                        peer.send("\r\n").readAll() shouldEndWith "GET /a"
                    }
                    peers.forEach(RawPeer::close)
                    eventually(10.seconds) {
                        server.ask("GET /a HTTP/1.0") shouldEndWith "GET /a"
                    }
                }
            }
        }
    })

private const val HOST = "Host: localhost"

private fun methods(configure: WebSocketServerOptions.() -> Unit = {}) = webSocketServer {
    configure()
    onRequest { request ->
        val isPage = "Upgrade" !in request.headers
        if (isPage) HttpResponse.text("${request.method} ${request.path}") else null
    }
    onConnect { for (message in incoming) send(message) }
}

/** Sends a request of these lines, and returns the whole answer. */
private fun WebSocketServer.ask(vararg lines: String): String = RawPeer(port).use {
    it.send(lines.joinToString("") { line -> "$line\r\n" } + "\r\n").readAll()
}
