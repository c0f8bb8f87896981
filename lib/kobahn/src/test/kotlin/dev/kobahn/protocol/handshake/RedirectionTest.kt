package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain

private fun resolve(base: String, location: String) =
    Redirection.resolve(WebSocketUrl.parse(base), location)

class RedirectionTest :
    FunSpec({
        context("the examples of RFC 3986 section 5.4") {
            rules(
                "ws://g:1/" to "ws://g:1/",
                "g" to "ws://a:80/b/c/g",
                "./g" to "ws://a:80/b/c/g",
                "g/" to "ws://a:80/b/c/g/",
                "/g" to "ws://a:80/g",
                "//g" to "ws://g:80/",
                "?y" to "ws://a:80/b/c/d;p?y",
                "g?y" to "ws://a:80/b/c/g?y",
                "#s" to "ws://a:80/b/c/d;p?q",
                "g#s" to "ws://a:80/b/c/g",
                ";x" to "ws://a:80/b/c/;x",
                "." to "ws://a:80/b/c/",
                "./" to "ws://a:80/b/c/",
                ".." to "ws://a:80/b/",
                "../g" to "ws://a:80/b/g",
                "../.." to "ws://a:80/",
                "../../../g" to "ws://a:80/g",
                "/./g" to "ws://a:80/g",
                "/../g" to "ws://a:80/g",
                "g." to "ws://a:80/b/c/g.",
                "..g" to "ws://a:80/b/c/..g",
                "./g/." to "ws://a:80/b/c/g/",
                "g/../h" to "ws://a:80/b/c/h",
                "g?y/../x" to "ws://a:80/b/c/g?y/../x",
            ) { (location, url) -> "${resolve("ws://a/b/c/d;p?q", location)}" shouldBe url }
        }

        test("an empty Location is the same URL") {
            "${resolve("ws://a/b?q", "")}" shouldBe "ws://a:80/b?q"
        }

        context("the schemes of a redirect") {
            rules(
                "http://b/x" to "ws://b:80/x",
                "HTTPS://b/x" to "wss://b:443/x",
                "wss://b:1/x" to "wss://b:1/x",
                "http:\u002f/[::1]:9000?a:b" to "ws://[::1]:9000/?a:b",
            ) { (location, url) -> "${resolve("ws://a/", location)}" shouldBe url }
        }

        test("a redirect without a scheme keeps TLS") {
            "${resolve("wss://a/x", "//b/y")}" shouldBe "wss://b:443/y"
            "${resolve("wss://a/x", "y")}" shouldBe "wss://a:443/y"
        }

        test("bytes that a URL must not hold are encoded") {
            "${resolve("ws://a/", "/\u00c3\u00a9 b")}" shouldBe "ws://a:80/%C3%A9%20b"
        }

        context("a redirect is refused") {
            rules(
                Triple("to another scheme", "ws://a/", "ftp://b/"),
                Triple("to a script", "ws://a/", "javascript:alert(1)"),
                Triple("away from TLS", "wss://a/", "ws://a/"),
                Triple("away from TLS by http", "wss://a/", "http://a/"),
                Triple("to a Unix socket", "ws://a/", "ws://unix:/run/secret.sock"),
                Triple("to a Unix socket by its scheme", "ws://a/", "ws+unix:/run/secret.sock"),
                Triple("with credentials", "ws://a/", "ws://user:secret@b/"),
                Triple("without a host", "ws://a/", "ws:///secret"),
                Triple("with a malformed port", "ws://a/", "ws://b:secret/"),
            ) { (_, base, location) ->
                shouldThrow<IllegalArgumentException> { resolve(base, location) }
                    .message!! shouldNotContain "secret"
            }
        }

        test("credentials stay at the same scheme, host and port") {
            val base = WebSocketUrl.parse("ws://ada:pw@a/b")
            Redirection.resolve(base, "/c").credentials shouldBe base.credentials
            Redirection.resolve(base, "ws://a:80/c").credentials shouldBe base.credentials
            Redirection.resolve(base, "ws://a:81/c").credentials.shouldBeNull()
            Redirection.resolve(base, "wss://a/c").credentials.shouldBeNull()
            Redirection.resolve(base, "//b/c").credentials.shouldBeNull()
        }

        test("a relative redirect stays on a Unix socket") {
            "${resolve("ws+unix:/run/a.sock:/b/c", "d")}" shouldBe "ws+unix:/run/a.sock:/b/d"
        }

        test("five statuses with one Location are a redirect") {
            val there = headersOf("Location" to "/")
            (200..599).filter { Redirection.isOne(it, there) } shouldBe
                listOf(301, 302, 303, 307, 308)
            Redirection.isOne(301, Headers.EMPTY) shouldBe false
            Redirection.isOne(301, there + there) shouldBe false
            Redirection.isOne(null, there) shouldBe false
        }

        test("secrets are left out in any spelling") {
            Redirection.withoutSecrets(
                headersOf(
                    "AUTHORIZATION" to "1",
                    "cookie" to "2",
                    "Proxy-Authorization" to "3",
                    "A" to "4",
                ),
            ) shouldBe headersOf("A" to "4")
        }
    })
