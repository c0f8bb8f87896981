package dev.kobahn

import dev.kobahn.autobahn.StatusPage
import dev.kobahn.autobahn.webStatus
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith

/** `webStatus` by the bytes of its answers. */
class WebStatusTest :
    FunSpec({
        test("without webStatus a request that asks for no WebSocket is 426") {
            webSocketServer { onConnect { } }.use { server ->
                get(server.port, "/?redirect=http://a.example/") shouldBe
                    "HTTP/1.1 426 Upgrade Required\r\nServer: Kobahn\r\nUpgrade: websocket\r\n" +
                    "Connection: Upgrade, close\r\nContent-Length: 0\r\n\r\n"
            }
        }

        test("with webStatus it is a page, for every path") {
            webSocketServer { webStatus() }.use { server ->
                val answer = get(server.port, "/any?x=1")
                answer shouldStartWith "HTTP/1.1 200 OK\r\nServer: Kobahn\r\n" +
                    "Content-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: "
                answer shouldContain "WebSocket endpoint"
                answer shouldNotContain "refresh"
            }
        }

        test("a redirect that is allowed is 303, its URL encoded") {
            status("http://*.example:80").use { server ->
                get(server.port, "/?redirect=http://a.example/%C3%A4%20b%22?c=1%23d") shouldBe
                    "HTTP/1.1 303 See Other\r\nServer: Kobahn\r\n" +
                    "Location: http://a.example/%C3%A4%20b%22?c=1#d\r\n" +
                    "Connection: close\r\nContent-Length: 0\r\n\r\n"
            }
        }

        test("a redirect after some time is a page that refreshes, its URL escaped") {
            status("http://a.example:80").use { server ->
                val page = get(server.port, "/?redirect=http://a.example/?a=%26b'%3Cc&after=7")
                page shouldStartWith "HTTP/1.1 200 OK\r\n"
                page shouldContain """<meta http-equiv="refresh" """ +
                    """content="7;url=http://a.example/?a=&amp;b&#39;%3Cc">"""
                page.count("<c") shouldBe 0
            }
        }

        test("a redirect to anywhere else is 400, and so is every redirect by default") {
            status("https://a.example:443").use { server ->
                for (target in FOREIGN) {
                    get(server.port, "/?redirect=$target") shouldStartWith "HTTP/1.1 400 "
                    get(server.port, "/?redirect=$target&after=1") shouldStartWith "HTTP/1.1 400 "
                }
                get(server.port, "/?redirect=https://a.example") shouldStartWith "HTTP/1.1 303 "
            }
            status().use { server ->
                get(server.port, "/?redirect=https://a.example/") shouldBe
                    "HTTP/1.1 400 redirect is not allowed\r\nServer: Kobahn\r\n" +
                    "Connection: close\r\nContent-Length: 0\r\n\r\n"
            }
        }

        test("a time that is no number is 400, and so is a URL that is none") {
            status("http://a.example:80").use { server ->
                for (after in listOf("x", "-1", "1.5", "99999999999")) {
                    get(server.port, "/?redirect=http://a.example/&after=$after") shouldStartWith
                        "HTTP/1.1 400 malformed after\r\n"
                }
                for (url in listOf("http://", "http://a%20b/", "http://[::1/", "mailto:a")) {
                    get(server.port, "/?redirect=$url") shouldStartWith
                        "HTTP/1.1 400 malformed redirect\r\n"
                }
            }
        }

        test("onRequest goes before the page, and may send the page itself") {
            webSocketServer {
                webStatus()
                onRequest { request ->
                    StatusPage().page("http://b.example/", 3).takeIf { request.path == "/own" }
                }
            }.use { server ->
                get(server.port, "/own") shouldContain "3;url=http://b.example/"
                get(server.port, "/") shouldNotContain "url="
            }
        }

        test("the page does not stand in for a WebSocket") {
            webSocketServer {
                webStatus()
                onConnect { send("hi") }
            }.use { server ->
                RawPeer(server.port).use {
                    it.handshake() shouldStartWith "HTTP/1.1 101 "
                    it.readFrame() shouldBe "text hi"
                }
                RawPeer(server.port).use {
                    it.send("POST / HTTP/1.1\r\nHost: x\r\n\r\n")
                    it.readAll() shouldEndWith "Content-Length: 0\r\n\r\n"
                }
            }
        }
    })

private val FOREIGN = listOf(
    "https://b.example/",
    "http://a.example/",
    "https://a.example:444/",
    "https://a.example.b.example/",
    "https://a.example@b.example/",
    "https://b.example%5C@a.example/",
    "https://a.example%5C.b.example/",
    "https://a%252eexample/",
    "https:a.example",
    "//a.example/",
    "/local",
    "javascript:alert(1)",
    "https://a.example/%0D%0AX-Injected:%201",
    "https://",
)

private fun status(vararg redirects: String) = webSocketServer {
    webStatus(redirects.asList())
}

private fun get(port: Int, target: String): String = RawPeer(port).use {
    it.send("GET $target HTTP/1.1\r\nHost: localhost\r\n\r\n")
    it.readAll()
}
