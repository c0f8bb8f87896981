package dev.kobahn.proxy

import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.handshake.headersOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll

class ProxyServerTest :
    FunSpec({
        test("the parts of a proxy's URL") {
            val urls = mapOf(
                "http://proxy.example:3128" to "http://proxy.example:3128",
                "proxy.example" to "http://proxy.example:80",
                "PROXY.example:8080/" to "http://proxy.example:8080",
                "https://proxy.example" to "https://proxy.example:443",
                "socks5://[::1]" to "socks5://[::1]:1080",
                "socks5h://a:1081" to "socks5://a:1081",
                "socks://a" to "socks5://a:1080",
            )
            for ((url, text) in urls) ProxyServer.parse(url).toString() shouldBe text
        }

        test("user and password of the URL are percent-decoded, and not in the text") {
            val proxy = ProxyServer.parse("http://us%40er:p%3Ass@a:1")
            proxy.user shouldBe "us@er"
            proxy.credentials?.password shouldBe "p:ss"
            proxy.toString() shouldBe "http://a:1"
            ProxyServer.parse("http://a:1").user.shouldBeNull()
        }

        test("a malformed URL is refused without quoting it") {
            val wrong = listOf(
                "ftp://u:secret@a",
                "socks4://u:secret@a",
                "http://u:secret@",
                "http://u:secret@a:0",
                "http://u:secret@a:70000",
                "http://u:secret@a b",
                "http://u:secret@[::1",
                "http://u:12/secret@a:1",
                "http://u:12?secret@a:1",
            )
            for (url in wrong) {
                shouldThrow<IllegalArgumentException> { ProxyServer.parse(url) }
                    .message shouldNotContain "secret"
            }
        }

        test("credentials that cannot be sent are refused") {
            val http = ProxyServer.http("a", 1)
            shouldThrow<IllegalArgumentException> { http.withCredentials("a:b", "c") }
            shouldThrow<IllegalArgumentException> { http.withCredentials("a", "b\r\nX: y") }
            val socks = ProxyServer.socks5("a", 1)
            shouldThrow<IllegalArgumentException> { socks.withCredentials("", "b") }
            shouldThrow<IllegalArgumentException> { socks.withCredentials("a", "x".repeat(256)) }
        }

        test("fields of the CONNECT request itself cannot be set, and SOCKS5 has none") {
            val http = ProxyServer.http("a", 1)
            http.withHeaders(headersOf("X" to "y")).headers["X"] shouldBe "y"
            for (name in listOf("Host", "Connection", "Content-Length", "Sec-WebSocket-Key")) {
                shouldThrow<IllegalArgumentException> { http.withHeaders(headersOf(name to "y")) }
                    .message shouldContain name
            }
            shouldThrow<IllegalArgumentException> {
                ProxyServer.socks5("a", 1).withHeaders(headersOf("X" to "y"))
            }
        }

        test("Proxy-Authorization is given once: by credentials, or by a field") {
            val http = ProxyServer.http("a", 1)
            val field = headersOf("proxy-authorization" to "Bearer t")
            http.withHeaders(field).headers shouldBe field
            for (twice in listOf<() -> Unit>(
                { http.withCredentials("u", "secret").withHeaders(field) },
                { http.withCredentialsOnRequest("u", "secret").withHeaders(field) },
                { http.withHeaders(field).withCredentials("u", "secret") },
            )) {
                val failure = shouldThrow<IllegalArgumentException> { twice() }
                failure.message shouldContain "Proxy-Authorization is given twice"
                failure.message shouldNotContain "secret"
            }
        }

        test("proxies are equal by all their parts") {
            fun proxy() = ProxyServer.http("a", 1).withCredentials("u", "p")
            proxy() shouldBe proxy()
            proxy().hashCode() shouldBe proxy().hashCode()
            proxy() shouldNotBe ProxyServer.https("a", 1).withCredentials("u", "p")
            proxy() shouldNotBe ProxyServer.http("a", 1).withCredentials("u", "q")
            proxy() shouldNotBe ProxyServer.http("a", 1).withCredentialsOnRequest("u", "p")
        }

        test("a proxy is its own choice, except for the hosts that are left out") {
            val proxy = ProxyServer.http("a", 1)
            val url = WebSocketUrl.parse("ws://host.corp/")
            proxy.proxyFor(url) shouldBe proxy
            proxy.except(NoProxy.parse(".corp")).proxyFor(url).shouldBeNull()
            proxy.except(NoProxy.parse("corp.example")).proxyFor(url) shouldBe proxy
        }

        test("any text is a URL or an IllegalArgumentException") {
            checkAll(Arb.string(0..60)) {
                try {
                    ProxyServer.parse(it)
                } catch (_: IllegalArgumentException) {
                    // It is no URL of a proxy.
                }
            }
        }
    })
