package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.ExtensionParameter
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.maps.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.pair
import io.kotest.property.checkAll

private val server = ServerHandshake()
private val open = ServerHandshake(allowedOrigins = AllowedOrigins.ANY)

class ServerHandshakeTest :
    FunSpec({
        test("the request of RFC 6455 section 1.2 is an upgrade") {
            val headers =
                REQUEST_FIELDS + headersOf(
                    "Origin" to "http://example.com",
                    "Sec-WebSocket-Protocol" to "chat, superchat",
                    "Sec-WebSocket-Extensions" to "permessage-deflate; client_max_window_bits",
                )
            val request = open.upgraded(request(headers, "/chat;v=1?a=1&b=%20+&a=2&none="))
            request.peer shouldBe "tcp4:1.2.3.4:5"
            request.headers shouldBe headers
            request.host shouldBe "server.example.com"
            request.path shouldBe "/chat;v=1"
            request.query shouldBe "a=1&b=%20+&a=2&none="
            request.resource shouldBe "/chat;v=1?a=1&b=%20+&a=2&none="
            request.params shouldBe mapOf("a" to listOf("1", "2"), "b" to listOf("  "))
            request.param("a") shouldBe "1"
            request.param("none").shouldBeNull()
            request.version shouldBe 13
            request.origin shouldBe "http://example.com"
            request.subprotocols.shouldContainExactly("chat", "superchat")
            request.extensions.shouldContainExactly(
                ExtensionHeader(
                    "permessage-deflate",
                    listOf(ExtensionParameter("client_max_window_bits")),
                ),
            )
        }

        test("a client leaves out optional fields") {
            val request = server.upgraded(request())
            request.origin.shouldBeNull()
            request.query.shouldBeNull()
            request.subprotocols.shouldBeEmpty()
            request.extensions.shouldBeEmpty()
            request.params.shouldBeEmpty()
        }

        test("405 names the method, 426 the versions and the protocol") {
            server.refused(request(method = "POST")).headers shouldBe headersOf("Allow" to "GET")
            server.refused(
                replaced("Sec-WebSocket-Version", "0"),
            ).headers shouldBe
                UPGRADE + ("Sec-WebSocket-Version" to "13, 8")
            server.upgradeRequired().text() shouldContain
                "Upgrade: websocket\r\nConnection: Upgrade, close"
        }

        test("the path of an absolute target counts, its authority does not") {
            val request = server.upgraded(request(target = "ws://other:81/a/b?c=d"))
            request.resource shouldBe "/a/b?c=d"
            request.host shouldBe "server.example.com"
            server.upgraded(request(target = "ws://other")).resource shouldBe "/"
            server.upgraded(request(target = "ws://other?c=d")).resource shouldBe "/?c=d"
            server.upgraded(request(target = "//a/b")).path shouldBe "//a/b"
        }

        test("the host is given without its port") {
            server.upgraded(replaced("Host", "Example.com:81")).host shouldBe
                "Example.com"
            server.upgraded(replaced("Host", "[::1]:81")).host shouldBe "[::1]"
            server.upgraded(replaced("Host", "[::1]")).host shouldBe "[::1]"
        }

        test("a port in Host must be the external one, if that is set") {
            val behind = ServerHandshake(externalPort = 443)
            behind.upgraded(request()).host shouldBe "server.example.com"
            behind.upgraded(replaced("Host", "a:443")).host shouldBe "a"
            behind.refused(replaced("Host", "a:80")).status shouldBe 400
        }

        test("a request without Upgrade is accepted if the checks of plain HTTP pass") {
            val plain = REQUEST_FIELDS.with("Upgrade", null)
            val result = server.check(request(plain, "/page?a=b"), "peer")
            val page = result.shouldBeInstanceOf<ServerHandshakeResult.NotAnUpgrade>().request
            page.path shouldBe "/page"
            page.param("a") shouldBe "b"
            page.peer shouldBe "peer"
            server.refused(request(plain, method = "POST")).status shouldBe 405
            server.refused(request(plain, version = "HTTP/1.2")).status shouldBe 505
            server.refused(request(plain.with("Host", null))).status shouldBe 400
        }

        test("without a page OPTIONS gets 204 with the allowed methods, GET and HEAD get 426") {
            fun answer(method: String): HttpResponse {
                val head = request(headersOf("Host" to "a"), "/", method)
                val result = server.check(head, "peer")
                return server.withoutPage(
                    result.shouldBeInstanceOf<ServerHandshakeResult.NotAnUpgrade>().request,
                )
            }
            answer("OPTIONS").status shouldBe 204
            answer("OPTIONS").headers["Allow"] shouldBe "GET, HEAD, OPTIONS"
            answer("GET").status shouldBe 426
            answer("HEAD").status shouldBe 426
        }

        test("an upgrade to another protocol is a plain request, unless it has a key") {
            val other = REQUEST_FIELDS.with("Upgrade", "h2c").with("Sec-WebSocket-Key", null)
            val result = server.check(request(other, "/page"), "peer")
            result.shouldBeInstanceOf<ServerHandshakeResult.NotAnUpgrade>().request.path shouldBe
                "/page"
            server.refused(request(REQUEST_FIELDS.with("Upgrade", "h2c"))).status shouldBe 400
        }

        test("several fields of subprotocols and extensions are merged") {
            val request =
                server.upgraded(
                    request(
                        REQUEST_FIELDS + headersOf(
                            "Sec-WebSocket-Protocol" to "a",
                            "Sec-WebSocket-Protocol" to "b, ,c",
                            "Sec-WebSocket-Extensions" to "x; q=1",
                            "Sec-WebSocket-Extensions" to "y",
                        ),
                    ),
                )
            request.subprotocols.shouldContainExactly("a", "b", "c")
            request.extensions.map { it.toString() }.shouldContainExactly("x; q=1", "y")
        }

        test("an origin that no pattern permits is refused with 403") {
            val strict =
                ServerHandshake(allowedOrigins = AllowedOrigins(listOf("https://a.com:443")))
            strict.upgraded(added("Origin", "https://a.com")).origin shouldBe
                "https://a.com"
            strict.refused(added("Origin", "https://b.com")).status shouldBe
                403
            strict.upgraded(request()).origin.shouldBeNull()
            strict.upgraded(
                added("Sec-WebSocket-Origin", "https://b.com"),
            ).origin.shouldBeNull()
        }

        test("the log names a refused origin and the option that would allow it") {
            fun detail(origin: String) = server.check(added("Origin", origin), "peer")
                .shouldBeInstanceOf<ServerHandshakeResult.Refused>().detail
            detail("HTTPS://App.example:443") shouldBe
                "the origin https://app.example is not allowed at the host server.example.com; " +
                "allowedOrigins += \"https://app.example\" would allow it"
            detail("null") shouldBe "the origin is null, which a sandboxed page or a file has; " +
                "allowNullOrigin = true would allow it"
            // The quoted origin must not suggest a star, nor be as long as a peer likes.
            detail("https://*") shouldBe "the origin is not allowed"
            detail("https://${"a".repeat(300)}") shouldBe "the origin is not allowed"
            detail("nonsense") shouldBe "malformed origin"
        }

        test("version 8 may name its origin either way, but not two of them") {
            val old = REQUEST_FIELDS.with("Sec-WebSocket-Version", "8")
            val request = open.upgraded(request(old + ("Sec-WebSocket-Origin" to "http://a")))
            request.version shouldBe 8
            request.origin shouldBe "http://a"
            open.upgraded(request(old + ("Origin" to "http://b"))).origin shouldBe "http://b"
            val same = headersOf("Origin" to "http://b", "Sec-WebSocket-Origin" to "http://b")
            open.upgraded(request(old + same)).origin shouldBe "http://b"
            val two = headersOf("Origin" to "http://a", "Sec-WebSocket-Origin" to "http://b")
            open.refused(request(old + two)).status shouldBe 400
            val strict = ServerHandshake(allowedOrigins = AllowedOrigins(listOf("http://b:80")))
            strict.refused(request(old + ("Sec-WebSocket-Origin" to "http://a"))).status shouldBe
                403
        }

        test("only the versions asked for are accepted") {
            val strict = ServerHandshake(versions = listOf(13))
            strict.upgraded(request()).version shouldBe 13
            val refused = strict.refused(replaced("Sec-WebSocket-Version", "8"))
            refused.headers["Sec-WebSocket-Version"] shouldBe "13"
        }

        test("a trusted proxy names the peer") {
            val headers =
                REQUEST_FIELDS +
                    headersOf(
                        "X-Forwarded-For" to "9.9.9.9, 1.1.1.1",
                        "x-forwarded-for" to "2.2.2.2",
                    )
            server.upgraded(request(headers)).peer shouldBe "tcp4:1.2.3.4:5"
            ServerHandshake(trustXForwardedFor = 1).upgraded(request(headers)).peer shouldBe
                "2.2.2.2"
            ServerHandshake(trustXForwardedFor = 2).upgraded(request(headers)).peer shouldBe
                "1.1.1.1"
            ServerHandshake(trustXForwardedFor = 3).upgraded(request(headers)).peer shouldBe
                "9.9.9.9"
            ServerHandshake(trustXForwardedFor = 4).upgraded(request(headers)).peer shouldBe
                "tcp4:1.2.3.4:5"
            ServerHandshake(trustXForwardedFor = 1).upgraded(request()).peer shouldBe
                "tcp4:1.2.3.4:5"
        }

        test("options out of range are errors that name them") {
            shouldThrow<IllegalArgumentException> { ServerHandshake(versions = listOf(7)) }
                .message shouldContain "versions"
            shouldThrow<IllegalArgumentException> { ServerHandshake(versions = emptyList()) }
            shouldThrow<IllegalArgumentException> { ServerHandshake(externalPort = 0) }
                .message shouldContain "externalPort"
            shouldThrow<IllegalArgumentException> { ServerHandshake(trustXForwardedFor = -1) }
                .message shouldContain "trustXForwardedFor"
        }

        test("the response opens the WebSocket, its fields in order") {
            val request = server.upgraded(
                added("Sec-WebSocket-Protocol", "a, b"),
            )
            val response =
                server.accept(
                    request,
                    subprotocol = "b",
                    extensions = listOf(ExtensionHeader("x"), ExtensionHeader("y")),
                    server = "Kobahn",
                    headers = headersOf("X-A" to "1", "X-A" to "2"),
                )
            String(response.toBytes()) shouldBe
                "HTTP/1.1 101 Switching Protocols\r\nServer: Kobahn\r\nUpgrade: websocket\r\n" +
                "Connection: Upgrade\r\nX-A: 1\r\nX-A: 2\r\nSec-WebSocket-Protocol: b\r\n" +
                "Sec-WebSocket-Accept: $SAMPLE_ACCEPT\r\nSec-WebSocket-Extensions: x, y\r\n\r\n"
        }

        test("the shortest response has three fields") {
            server.accept(server.upgraded(request()), server = "").headers shouldBe
                RESPONSE_FIELDS
        }

        test("a Server field given with the headers wins") {
            server.accept(
                server.upgraded(request()),
                server = "a",
                headers = headersOf("server" to "b"),
            )
                .headers["Server"] shouldBe "b"
        }

        test("a subprotocol that was not offered is an error of the program") {
            shouldThrow<IllegalStateException> {
                server.accept(server.upgraded(request()), "a")
            }
        }

        context("a program cannot set the fields of the handshake") {
            vectors(
                "Upgrade",
                "connection",
                "Sec-WebSocket-Accept",
                "sec-websocket-protocol",
                "Sec-WebSocket-Extensions",
                "Content-Length",
                "Transfer-Encoding",
            ) { name ->
                shouldThrow<IllegalArgumentException> {
                    server.accept(
                        server.upgraded(request()),
                        headers = headersOf(name to "a"),
                    )
                }.message shouldContain name
            }
        }

        test("the server's first subprotocol that was offered is chosen") {
            server.selectSubprotocol(listOf("c", "b", "a"), listOf("a", "b")) shouldBe "b"
            server.selectSubprotocol(listOf("c"), listOf("a")).shouldBeNull()
            server.selectSubprotocol(emptyList(), listOf("a")).shouldBeNull()
        }

        test("a request shows itself with all its properties") {
            val headers =
                headersOf("Host" to "h:1", "Upgrade" to "websocket", "Connection" to "Upgrade") +
                    REQUEST_FIELDS.filter {
                        it.key.startsWith("Sec-")
                    }.fold(Headers.EMPTY) { all, (name, value) ->
                        all +
                            (name to value)
                    } +
                    headersOf(
                        "X-Q" to "a\"\\\tb",
                        "Sec-WebSocket-Protocol" to "p",
                        "Sec-WebSocket-Extensions" to "x; a; b=1",
                    )
            val request = server.upgraded(request(headers, "/p?a=1&a=%0a"))
            request.toString() shouldBe
                """{"peer": "tcp4:1.2.3.4:5", "headers": """ +
                """{"host": "h:1", "upgrade": "websocket", """ +
                """"connection": "Upgrade", "sec-websocket-key": "$SAMPLE_KEY", """ +
                """"sec-websocket-version": "13", "x-q": "a\"\\\u0009b", """ +
                """"sec-websocket-protocol": "p", """ +
                """"sec-websocket-extensions": "x; a; b=1"}, "host": "h", "path": "/p", """ +
                """"params": {"a": ["1", "\u000a"]}, """ +
                """"version": 13, "origin": null, "protocols": ["p"], """ +
                """"extensions": [["x", [["a", null], ["b", "1"]]]]}"""
        }
    })
