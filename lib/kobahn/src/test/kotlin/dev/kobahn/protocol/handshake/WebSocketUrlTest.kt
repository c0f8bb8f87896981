package dev.kobahn.protocol.handshake

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.maps.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldNotContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.map
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll

class WebSocketUrlTest :
    FunSpec({
        test("the parts of a URL") {
            val url = WebSocketUrl.parse("wss://Example.COM:9443/a%20b;v=1/c?x=1&y=%C3%A4+b&x=2&z=")
            url.isSecure shouldBe true
            url.host shouldBe "example.com"
            url.port shouldBe 9443
            url.socketPath.shouldBeNull()
            url.resource shouldBe "/a%20b;v=1/c?x=1&y=%C3%A4+b&x=2&z="
            url.path shouldBe "/a b;v=1/c"
            url.query shouldBe "x=1&y=%C3%A4+b&x=2&z="
            url.params shouldBe mapOf("x" to listOf("1", "2"), "y" to listOf("ä b"))
            url.hostHeader shouldBe "example.com:9443"
            url.toString() shouldBe "wss://example.com:9443/a%20b;v=1/c?x=1&y=%C3%A4+b&x=2&z="
        }

        context("an omitted value has its default") {
            vectors(
                Triple("ws://a", "ws://a:80/", "a"),
                Triple("WSS://a", "wss://a:443/", "a"),
                Triple("ws://a:/", "ws://a:80/", "a"),
                Triple("ws://a?b=c", "ws://a:80/?b=c", "a"),
                Triple("ws://a/?", "ws://a:80/?", "a"),
                Triple("ws://a:443", "ws://a:443/", "a:443"),
                Triple("ws://[::1]", "ws://[::1]:80/", "[::1]"),
                Triple(
                    "ws://[FE80::1%25eth0]:81",
                    "ws://[fe80::1%25eth0]:81/",
                    "[fe80::1]:81",
                ),
                Triple("ws://user:secret@a/", "ws://a:80/", "a"),
                Triple("ws://a:65535/;p", "ws://a:65535/;p", "a:65535"),
                Triple("ws://unix/a", "ws://unix:80/a", "unix"),
            ) { (text, whole, host) ->
                WebSocketUrl.parse(text).toString() shouldBe whole
                WebSocketUrl.parse(text).hostHeader shouldBe host
            }
        }

        context("anything else is an error") {
            vectors(
                "", "a", "ws:", "ws://", "ws:///a", "ws://:80", "http://a", "ws:a", "ws:/a", "://a",
                "ws://a:0",
                "ws://a:65536", "ws://a:b", "ws://a:-1", "ws://a#f", "ws://a/#", "ws://a b",
                "ws://a/b c", "ws://ä",
                "ws://a/ä", "ws://[::1", "ws://::1", "ws://[]", "ws://[a]", "ws://a\r\n",
                "ws://a[",
                "ws+unix:", "ws+unix:/a%00b",
                "ws://inner%.example/", "ws://inner%2/", "ws://inner%2g.example/",
                "ws+unix::/a", "http+unix:/a", "ws://a\\b", "ws://user@",
            ) { text -> shouldThrow<IllegalArgumentException> { WebSocketUrl.parse(text) } }
        }

        test("the shorter form of a Unix socket has the file path as its resource") {
            val url = WebSocketUrl.parse("ws://unix:/run/app.sock")
            url.socketPath shouldBe "/run/app.sock"
            url.resource shouldBe "/run/app.sock"
            url.path shouldBe "/run/app.sock"
            url.hostHeader shouldBe "localhost"
            WebSocketUrl.parse("WS://UNIX:/run/a%20b?c=d").socketPath shouldBe "/run/a b"
        }

        context("a Unix socket with a resource of its own") {
            vectors(
                Triple("ws+unix:/run/a.sock", "/run/a.sock", "/"),
                Triple("ws+unix:///run/a.sock", "/run/a.sock", "/"),
                Triple("ws://unix:///run/a", "/run/a", "///run/a"),
                Triple("ws+unix:%2F%2Frun/a", "/run/a", "/"),
                Triple("ws+unix:/run/a.sock:/b?c=d:e", "/run/a.sock", "/b?c=d:e"),
                Triple("ws+unix:/run/a.sock?c=d", "/run/a.sock", "/?c=d"),
                Triple("wss+unix:a%3Ab:/c", "a:b", "/c"),
            ) { (text, file, resource) ->
                val url = WebSocketUrl.parse(text)
                url.socketPath shouldBe file
                url.resource shouldBe resource
                WebSocketUrl.parse(url.toString()) shouldBe url
            }
        }

        test("a URL is made of its parts, which are encoded") {
            WebSocketUrl.create("Localhost").toString() shouldBe "ws://localhost:80/"
            WebSocketUrl.create(
                "localhost",
                65535,
                true,
                "a b/ä;p=1",
                mapOf("x y" to listOf("1&2", "ä")),
            )
                .toString() shouldBe "wss://localhost:65535/a%20b/%C3%A4;p=1?x+y=1%262&x+y=%C3%A4"
            WebSocketUrl.create("::1", 81).toString() shouldBe "ws://[::1]:81/"
            WebSocketUrl.create("[::1]").hostHeader shouldBe "[::1]"
            WebSocketUrl.create("a", path = "/?#").resource shouldBe "/%3F%23"
            WebSocketUrl.createUnix("/run/a b:c", path = "/x").toString() shouldBe
                "ws+unix:/run/a%20b%3Ac:/x"
        }

        test("invalid parts are errors") {
            for (host in listOf("", "a b", "a/b", "a:80", "ä", "[a]")) {
                shouldThrow<IllegalArgumentException> { WebSocketUrl.create(host) }
            }
            for (port in listOf(-1, 0, 65536)) {
                shouldThrow<IllegalArgumentException> { WebSocketUrl.create("a", port) }
            }
            shouldThrow<IllegalArgumentException> { WebSocketUrl.createUnix("") }
        }

        test("equality is that of the place and the resource") {
            WebSocketUrl.parse("ws://A") shouldBe WebSocketUrl.parse("ws://a:80/")
            WebSocketUrl.parse("ws://A").hashCode() shouldBe
                WebSocketUrl.parse("ws://a:80/").hashCode()
            WebSocketUrl.parse("ws://a") shouldNotBe WebSocketUrl.parse("wss://a:80/")
        }

        test("incomplete escapes stay, and bytes that are not UTF-8 are replaced") {
            WebSocketUrl.parse("ws://a/%/%4/%zz%41%FF").path shouldBe "/%/%4/%zzA\uFFFD"
            WebSocketUrl.parse("ws://a/?&&=&a&=b").params shouldBe mapOf("" to listOf("b"))
            WebSocketUrl.parse("ws://a/?").params.shouldBeEmpty()
        }

        test("any path and parameters survive being encoded and read") {
            val text = Arb.string(0..20)
            checkAll(500, text, Arb.list(Arb.string(1..9), 1..3), Arb.int(1..65535)) {
                    path,
                    values,
                    port,
                ->
                val url = WebSocketUrl.create(
                    "a",
                    port,
                    path = "/$path",
                    params = mapOf("k" to values),
                )
                val read = WebSocketUrl.parse(url.toString())
                read shouldBe url
                read.path shouldBe "/$path"
                read.params shouldBe mapOf("k" to values)
            }
        }

        test("random text is read or refused with an argument error") {
            val pieces =
                "ws wss +unix : / // @ [ ] ::1 a 80 ? & = % %41 ; unix".split(' ')
            checkAll(5_000, Arb.list(Arb.int(pieces.indices), 0..12)) { parts ->
                val text = "ws" + parts.joinToString("") { pieces[it] }
                val url = runCatching { WebSocketUrl.parse(text) }
                    .onFailure { (it is IllegalArgumentException) shouldBe true }
                    .getOrNull()
                if (url != null) WebSocketUrl.parse(url.toString()) shouldBe url
            }
        }

        test("name and password are credentials, decoded, and stand in no text") {
            val url = WebSocketUrl.parse("ws://a%40b:p%3Aw%2F@host/chat?a=b")
            url.credentials shouldBe BasicCredentials("a@b", "p:w/")
            url.host shouldBe "host"
            url.toString() shouldBe "ws://host:80/chat?a=b"
            url shouldBe WebSocketUrl.parse("ws://host/chat?a=b")
            WebSocketUrl.parse("ws://ada@host/").credentials shouldBe BasicCredentials("ada", "")
            WebSocketUrl.parse("ws://@host/").credentials.shouldBeNull()
            WebSocketUrl.parse("ws://host/a@b").credentials.shouldBeNull()
            url.withCredentials("c", "d").credentials shouldBe BasicCredentials("c", "d")
        }

        test("malformed credentials are refused without being quoted") {
            for (text in listOf("ws://se%3Acret:x@a/", "ws://a:se%0Acret@b/")) {
                shouldThrow<IllegalArgumentException> { WebSocketUrl.parse(text) }
                    .message!! shouldNotContain "cret"
            }
        }
    })
