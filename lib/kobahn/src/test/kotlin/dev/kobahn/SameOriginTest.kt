package dev.kobahn

import dev.kobahn.java.AsyncWebSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.future.await

/** Whose pages may connect, by the bytes of the request and the answer. */
class SameOriginTest :
    FunSpec({
        test("by default the pages of the host that was asked may connect, and no others") {
            server().use { server ->
                statusOf(server, host = "a.example", origin = "http://a.example") shouldBe 101
                statusOf(server, host = "A.example:9000", origin = "http://a.Example:9000") shouldBe
                    101
                statusOf(server, host = "[::1]:9000", origin = "http://[::1]:9000") shouldBe 101
                statusOf(server, host = "a.example", origin = "http://evil.example") shouldBe 403
                statusOf(server, host = "a.example", origin = "http://www.a.example") shouldBe 403
                statusOf(server, host = "a.example:9000", origin = "http://a.example:9001") shouldBe
                    403
                statusOf(server, host = "a.example:9000", origin = "http://a.example") shouldBe 403
                statusOf(server, host = "a.example", origin = "http://a.example:9000") shouldBe 403
                statusOf(server, host = "a.example", origin = "null") shouldBe 403
            }
        }

        test(
            "a proxy that ends TLS changes nothing: schemes are not compared, their ports are known",
        ) {
            server().use { server ->
                statusOf(server, host = "a.example", origin = "https://a.example") shouldBe 101
                statusOf(server, host = "a.example:443", origin = "https://a.example") shouldBe 101
                statusOf(server, host = "a.example:80", origin = "http://a.example") shouldBe 101
                statusOf(server, host = "a.example:443", origin = "http://a.example") shouldBe 403
                // Extensions of browsers have hosts that are none.
                statusOf(server, host = "abc", origin = "chrome-extension://abc") shouldBe 403
            }
        }

        test("a Host without a port means the external one where that is known") {
            server { externalPort = 8443 }.use { server ->
                statusOf(server, host = "a.example", origin = "https://a.example:8443") shouldBe 101
                statusOf(server, host = "a.example", origin = "https://a.example") shouldBe 403
            }
        }

        test("what a proxy may have forwarded of the host counts for nothing") {
            server { trustXForwardedFor = 1 }.use { server ->
                val forwarded = "X-Forwarded-Host: evil.example"
                statusOf(server, "a.example", "http://evil.example", forwarded) shouldBe 403
            }
        }

        test("who names no origin is no page, and may connect") {
            server().use { statusOf(it, host = "a.example", origin = null) shouldBe 101 }
        }

        test("the draft's field for the origin is judged alike") {
            server().use { server ->
                fun status(origin: String) = RawPeer(server.port).use {
                    it.send(head("a.example", listOf("Sec-WebSocket-Origin: $origin"), version = 8))
                    it.readHead().statusCode()
                }
                status("http://a.example") shouldBe 101
                status("http://evil.example") shouldBe 403
            }
        }

        test("allowedOrigins names other pages, without the port a browser leaves out too") {
            server {
                allowedOrigins = listOf("https://app.example", "*://*.b.example")
            }.use { server ->
                statusOf(server, "a.example", "https://app.example") shouldBe 101
                statusOf(server, "a.example", "https://app.example:443") shouldBe 101
                statusOf(server, "a.example", "http://app.example") shouldBe 403
                statusOf(server, "a.example", "https://app.example:8443") shouldBe 403
                statusOf(server, "a.example", "http://x.b.example") shouldBe 101
                statusOf(server, "a.example", "https://x.b.example") shouldBe 101
                statusOf(server, "a.example", "https://x.b.example:8443") shouldBe 403
                // The list is all there is.
                statusOf(server, "a.example", "http://a.example") shouldBe 403
            }
        }

        test("same-origin may stand beside other origins") {
            val origins = listOf("same-origin", "https://app.example")
            server { allowedOrigins = origins }.use { server ->
                statusOf(server, "a.example", "https://app.example") shouldBe 101
                statusOf(server, "a.example", "http://a.example") shouldBe 101
                statusOf(server, "a.example", "http://evil.example") shouldBe 403
            }
        }

        test("a star lets every page in, as Autobahn does, and an empty list none") {
            server { allowedOrigins = listOf("*") }.use { server ->
                statusOf(server, "a.example", "http://evil.example") shouldBe 101
                statusOf(server, "a.example", "null") shouldBe 403
            }
            server { allowedOrigins = emptyList() }.use { server ->
                statusOf(server, "a.example", "http://a.example") shouldBe 403
            }
        }

        test("the default is the same from Java") {
            val server = AsyncWebSocketServer.Builder().onConnect { it.deny(418) }.build()
            server.start().await()
            try {
                statusOf(server.port(), "a.example", "http://a.example") shouldBe 418
                statusOf(server.port(), "a.example", "http://evil.example") shouldBe 403
            } finally {
                server.stop().await()
            }
        }

        test("what can be no origin is told where it is set") {
            val wrong =
                listOf(
                    "https://a.example/",
                    "a.example",
                    "null",
                    "https://*.a.example/",
                    "same-site",
                )
            for (origin in wrong) {
                withClue(origin) {
                    shouldThrow<IllegalArgumentException> {
                        webSocketServer { allowedOrigins = listOf(origin) }
                    }.message!! shouldStartWith
                        "allowedOrigins is [$origin], must be same-origin or origins"
                }
            }
        }
    })

private fun server(configure: WebSocketServerOptions.() -> Unit = {}) = webSocketServer {
    onConnect { accept() }
    configure()
}

private fun statusOf(
    server: WebSocketServer,
    host: String,
    origin: String?,
    vararg more: String,
): Int = statusOf(server.port, host, origin, *more)

private fun statusOf(port: Int, host: String, origin: String?, vararg more: String): Int =
    RawPeer(port).use { peer ->
        peer.send(head(host, listOfNotNull(origin?.let { "Origin: $it" }) + more))
        peer.readHead().statusCode()
    }

private fun head(host: String, fields: List<String>, version: Int = 13) =
    "GET / HTTP/1.1\r\nHost: $host\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: $version\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        fields.joinToString("") { "$it\r\n" } + "\r\n"

private fun String.statusCode() = substringAfter(' ').substringBefore(' ').toInt()
