package dev.kobahn.ktor

import dev.kobahn.HandshakeException
import dev.kobahn.Message
import dev.kobahn.RawPeer
import dev.kobahn.webSocketClient
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.ktor.http.HttpStatusCode
import io.ktor.server.application.Application
import io.ktor.server.application.createRouteScopedPlugin
import io.ktor.server.application.install
import io.ktor.server.cio.CIO
import io.ktor.server.request.uri
import io.ktor.server.response.respond
import io.ktor.server.response.respondText
import io.ktor.server.routing.get
import io.ktor.server.routing.route
import io.ktor.server.routing.routing
import io.ktor.util.AttributeKey
import java.net.Socket
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withContext

class KobahnRouteTest :
    FunSpec({
        timeout = 30_000

        test("a page and a WebSocket share a path") {
            serve({
                routing {
                    get("/both") { call.respondText("a page") }
                    kobahn("/both") { onConnect { send("a socket") } }
                }
            }) { host ->
                peer(host) {
                    send("GET /both HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    readAll() shouldContain "a page"
                }
                host.first("/both") shouldBe "a socket"
            }
        }

        test("a request without an upgrade does not reach the route") {
            serve({ routing { kobahn("/ws") { onConnect { } } } }) { host ->
                peer(host) {
                    send("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    readHead() shouldStartWith "HTTP/1.1 404"
                }
            }
        }

        test("an upgrade is recognized whatever its case, among others") {
            serve({ routing { kobahn("/ws") { onConnect { send("yes") } } } }) { host ->
                peer(host) {
                    send(
                        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket, other\r\n" +
                            "Connection: keep-alive, upgrade\r\nSec-WebSocket-Version: 13\r\n" +
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                    )
                    readHead() shouldStartWith "HTTP/1.1 101"
                    readFrame() shouldBe "text yes"
                }
            }
        }

        test("a plugin of the route answers before the handler, and the handler knows its call") {
            val user = AttributeKey<String>("user")
            val guard = createRouteScopedPlugin("guard") {
                onCall { call ->
                    val name = call.request.headers["X-User"]
                    if (name == null) {
                        call.respond(HttpStatusCode.Unauthorized)
                    } else {
                        call.attributes.put(user, name)
                    }
                }
            }
            serve({
                routing {
                    route("/private") {
                        install(guard)
                        kobahn("/ws") {
                            onConnect {
                                send(
                                    "${currentCall().attributes[user]} at ${currentCall().request.uri}",
                                )
                            }
                        }
                    }
                }
            }) { host ->
                shouldThrow<HandshakeException> { host.first("/private/ws") }.status shouldBe 401
                val client = webSocketClient { headers += "X-User" to "ada" }
                client.connect("ws://127.0.0.1:${host.port}/private/ws?a=b") {
                    (incoming.receive() as Message.Text).text shouldBe "ada at /private/ws?a=b"
                }
            }
        }

        test("the parameters of Ktor's path are those of the WebSocket") {
            serve({
                routing {
                    route("/{tenant}") {
                        kobahn("/files/{rest...}") { onConnect { send("$pathParameters") } }
                    }
                }
            }) { host ->
                host.first("/acme/files/a/b%20c") shouldBe "{tenant=acme, rest=a/b c}"
            }
        }

        test("options of the plugin hold for all routes, and a route overrides them") {
            serve({
                install(Kobahn) {
                    maxConnections = 1
                    subprotocols = listOf("general")
                }
                routing {
                    kobahn("/a") {
                        onConnect {
                            accept()
                            send("$subprotocol")
                        }
                    }
                    kobahn("/b") {
                        subprotocols = listOf("special")
                        onConnect {
                            accept()
                            awaitCancellation()
                        }
                    }
                }
            }) { host ->
                host.first("/a", "special", "general") shouldBe "general"
                // The client has seen its end, and the server may not have counted it out yet.
                eventually(10.seconds) { host.connections shouldBe 0 }
                val client = webSocketClient { subprotocols = listOf("general", "special") }
                client.connect("ws://127.0.0.1:${host.port}/b") {
                    subprotocol shouldBe "special"
                    shouldThrow<HandshakeException> { host.first("/a") }.status shouldBe 503
                }
            }
        }

        test("a header that no head may have is answered with 400") {
            serve({ routing { kobahn("/ws") { onConnect { } } } }) { host ->
                peer(host) { handshake("/ws", "X-Bad: a\u0001b") shouldStartWith "HTTP/1.1 400" }
            }
        }

        test("the end of the application closes connections with 1001") {
            val opened = CompletableDeferred<Unit>()
            val host = KtorHost.start(CIO) {
                routing {
                    kobahn("/ws") {
                        onConnect {
                            accept()
                            opened.complete(Unit)
                            awaitClosed()
                        }
                    }
                }
            }
            val socket = webSocketClient().connect("ws://127.0.0.1:${host.port}/ws")
            opened.await()
            withContext(Dispatchers.IO) {
                val stopping = async { host.stopApplication(graceMillis = 10_000) }
                socket.awaitClosed().code shouldBe 1001
                stopping.await()
            }
            host.connections shouldBe 0
        }

        test("currentCall outside of a handler is an error that says so") {
            shouldThrow<IllegalStateException> { currentCall() }.message shouldContain
                "no handler of kobahn"
        }
    })

private suspend fun serve(module: Application.() -> Unit, test: suspend (KtorHost) -> Unit) {
    val host = KtorHost.start(CIO, module)
    try {
        withContext(Dispatchers.IO) { test(host) }
    } finally {
        host.close()
    }
}

private fun peer(host: KtorHost, test: RawPeer.() -> Unit) =
    RawPeer(Socket("127.0.0.1", host.port)).use(test)

/** The first message at [path]. */
private suspend fun KtorHost.first(path: String, vararg offers: String): String =
    webSocketClient { subprotocols = offers.toList() }.connect("ws://127.0.0.1:$port$path") {
        (incoming.receive() as Message.Text).text
    }
