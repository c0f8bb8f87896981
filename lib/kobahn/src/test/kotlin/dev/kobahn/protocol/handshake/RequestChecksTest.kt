package dev.kobahn.protocol.handshake

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.pair
import io.kotest.property.checkAll

private val server = ServerHandshake()

private val twoOrigins =
    REQUEST_FIELDS + headersOf("Origin" to "http://a", "Origin" to "http://a")

/** A request without an upgrade. */
private fun page(
    method: String = "GET",
    target: String = "/page",
    version: String = "HTTP/1.1",
    host: String? = "server.example.com",
) = request(Headers.EMPTY.with("Host", host), target, method, version)

class RequestChecksTest :
    FunSpec({
        context("every check refuses with its status") {
            rules(
                Triple("the method must be GET", request(method = "POST"), 405),
                Triple("the method must not be HEAD", request(method = "HEAD"), 405),
                Triple("the method must not be OPTIONS", request(method = "OPTIONS"), 405),
                Triple("methods are case-sensitive", request(method = "get"), 405),
                Triple("the version must not be 1.0", request(version = "HTTP/1.0"), 505),
                Triple("the method of a page must be known", page(method = "POST"), 405),
                Triple("the method of a page is case-sensitive", page(method = "head"), 405),
                Triple("the version of a page must be known", page(version = "HTTP/1.2"), 505),
                Triple("an asterisk is a target of OPTIONS only", page(target = "*"), 400),
                Triple("HTTP/1.1 demands Host for a page", page(host = null), 400),
                Triple(
                    "Host in HTTP/1.0 must be a host",
                    page(version = "HTTP/1.0", host = "a/b"),
                    400,
                ),
                Triple("HTTP/2 is not spoken", request(version = "HTTP/2.0"), 426),
                Triple(
                    "HTTP/2 is told before its method",
                    request(method = "PRI", target = "*", version = "HTTP/2.0"),
                    426,
                ),
                Triple("the target must be a path", request(target = "chat"), 400),
                Triple("the target must not be an asterisk", request(target = "*"), 400),
                Triple("the target must be no authority", request(target = "example.com:80"), 400),
                Triple("the target must not have a fragment", request(target = "/a#b"), 400),
                Triple("the scheme of a target must be one", request(target = "1x://a/b"), 400),
                Triple("Host must be there", replaced("Host", null), 400),
                Triple("Host must be there once", added("host", "b"), 400),
                Triple("the port in Host must be a number", replaced("Host", "a:b"), 400),
                Triple("the port in Host must not be empty", replaced("Host", "a:"), 400),
                Triple("the port in Host must be in range", replaced("Host", "a:65536"), 400),
                Triple("IPv6 in Host needs brackets", replaced("Host", "::1"), 400),
                Triple("Host must be a host", replaced("Host", "a/b"), 400),
                Triple("Upgrade must name websocket", replaced("Upgrade", "h2c"), 400),
                Triple("Connection must be there", replaced("Connection", null), 400),
                Triple("Connection must name Upgrade", replaced("Connection", "close"), 400),
                Triple("a body is not allowed", added("Content-Length", "1"), 400),
                Triple("a length must be a number", added("Content-Length", "-0"), 400),
                Triple("chunks are not allowed", added("Transfer-Encoding", "chunked"), 400),
                Triple("a version must be there", replaced("Sec-WebSocket-Version", null), 400),
                Triple("a version must be there once", added("Sec-WebSocket-Version", "13"), 400),
                Triple("a version must be a number", replaced("Sec-WebSocket-Version", "x"), 400),
                Triple("a version must be one", replaced("Sec-WebSocket-Version", "13, 8"), 400),
                Triple("a version has no sign", replaced("Sec-WebSocket-Version", "+13"), 400),
                Triple("a version must be known", replaced("Sec-WebSocket-Version", "14"), 426),
                Triple("subprotocols must be tokens", added("Sec-WebSocket-Protocol", "a b"), 400),
                Triple("subprotocols must differ", added("Sec-WebSocket-Protocol", "a,b, a"), 400),
                Triple("an origin must be there once", request(twoOrigins), 400),
                Triple("an origin must be one", added("Origin", "example.com"), 400),
                Triple("the null origin is not allowed", added("Origin", "null"), 403),
                Triple("a key must be there", replaced("Sec-WebSocket-Key", null), 400),
                Triple("a key must be there once", added("Sec-WebSocket-Key", SAMPLE_KEY), 400),
                Triple("a key must be valid", replaced("Sec-WebSocket-Key", "abc"), 400),
                Triple("extensions have a grammar", added("Sec-WebSocket-Extensions", "a;;b"), 400),
            ) { (_, head, status) ->
                val response = server.refused(head)
                response.status shouldBe status
                response.text() shouldContain "close\r\n"
                response.text() shouldContain "\r\nContent-Length: 0\r\n\r\n"
            }
        }

        context("a request for a page passes") {
            rules(
                "with HEAD" to page(method = "HEAD"),
                "with OPTIONS" to page(method = "OPTIONS"),
                "with OPTIONS for the server" to page(method = "OPTIONS", target = "*"),
                "in HTTP/1.0" to page(version = "HTTP/1.0"),
                "in HTTP/1.0 without Host" to page(version = "HTTP/1.0", host = null),
                "with another port than the external one" to page(host = "10.0.0.7:9000"),
            ) { (_, head) ->
                val result = ServerHandshake(externalPort = 443).check(head, "peer")
                val request =
                    result.shouldBeInstanceOf<ServerHandshakeResult.NotAnUpgrade>().request
                request.method shouldBe head.method
                request.path shouldBe head.target
            }
        }

        test("405 allows the methods that are possible with and without an upgrade") {
            server.refused(request(method = "PUT")).headers["Allow"] shouldBe "GET"
            server.refused(page(method = "PUT")).headers["Allow"] shouldBe "GET, HEAD, OPTIONS"
        }

        context("the leniency that the RFC asks for") {
            rules(
                "Upgrade in any case" to replaced("Upgrade", "WebSocket"),
                "Upgrade may be a list" to request(
                    REQUEST_FIELDS.with("Upgrade", "h2c, websocket"),
                ),
                "Connection may be a list" to
                    replaced("Connection", "keep-alive, UPGRADE"),
                "Connection may be there twice" to
                    added("Connection", "keep-alive"),
                "a body of no bytes is none" to request(
                    REQUEST_FIELDS + ("Content-Length" to "0"),
                ),
                "a target may be absolute" to request(target = "http://other.example.com/chat"),
                "a bracketed address is a host" to
                    replaced("Host", "[::1]:9000"),
                "Host may be empty" to replaced("Host", ""),
            ) { (_, head) -> server.upgraded(head) }
        }

        test("random well-formed requests never throw") {
            val names =
                REQUEST_FIELDS.names +
                    setOf(
                        "Origin",
                        "Content-Length",
                        "Sec-WebSocket-Extensions",
                        "Sec-WebSocket-Protocol",
                    )
            val values =
                REQUEST_FIELDS.map { it.value } +
                    listOf("", ":", "[", "]", "[::1]:", "://", "a://", "null", ";", "\"", "8", "ä")
            val targets = listOf("/", "*", "a:b", "://", "a://", "/%", "/?%=%&&=", "http://?", "/#")
            val field = Arb.pair(Arb.element(names.toList()), Arb.element(values))
            checkAll(
                3_000,
                Arb.list(field, 0..4),
                Arb.list(Arb.element(names.toList()), 0..3),
                Arb.element(targets),
            ) {
                    more,
                    without,
                    target,
                ->
                val headers =
                    without.fold(REQUEST_FIELDS) { all, name -> all.with(name, null) } +
                        headersOf(*more.toTypedArray())
                when (val result = server.check(request(headers, target), "peer")) {
                    is ServerHandshakeResult.Upgrade -> ServerHandshake().accept(
                        result.request,
                    ).status shouldBe
                        101

                    is ServerHandshakeResult.NotAnUpgrade ->
                        ("Upgrade" in headers && "Sec-WebSocket-Key" in headers) shouldBe false

                    is ServerHandshakeResult.Refused -> result.response.toBytes().size shouldBe
                        result.response.text().length
                }
            }
        }
    })
