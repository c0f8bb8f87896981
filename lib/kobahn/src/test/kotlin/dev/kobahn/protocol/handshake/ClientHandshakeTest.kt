package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.extension.AnyParameters
import dev.kobahn.protocol.extension.ExtensionHeader
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf

private fun client(
    asked: ConnectingRequest = ConnectingRequest("server.example.com"),
    extensions: List<ExtensionHeader> = emptyList(),
    version: Int = 13,
    secure: Boolean = false,
) = ClientHandshake(asked, SAMPLE_BYTES, secure, extensions.map { AnyParameters(it) }, version)

private fun response(
    headers: Headers = RESPONSE_FIELDS,
    status: Int = 101,
    version: String = "HTTP/1.1",
) = ResponseHead(version, status, HttpStatus.reasonPhrase(status), headers)

private fun ClientHandshake.opened(response: ResponseHead): ConnectionResponse =
    check(response, "peer").shouldBeInstanceOf<ClientHandshakeResult.Opened>().response

private fun ClientHandshake.failed(response: ResponseHead): ClientHandshakeResult.Failed =
    check(response, "peer").shouldBeInstanceOf<ClientHandshakeResult.Failed>()

class ClientHandshakeTest :
    FunSpec({
        test("the request has its fields in order") {
            val asked =
                ConnectingRequest(
                    host = "example.com",
                    port = 8080,
                    resource = "/chat?a=b",
                    headers = headersOf(mapOf("X-A" to listOf("1", "2"))),
                    userAgent = "Kobahn",
                    origin = "http://example.com",
                    subprotocols = listOf("a", "b"),
                )
            val handshake = client(asked, listOf(ExtensionHeader("x"), ExtensionHeader("y")))
            String(handshake.request.toBytes()) shouldBe
                "GET /chat?a=b HTTP/1.1\r\nUser-Agent: Kobahn\r\nHost: example.com:8080\r\n" +
                "Upgrade: websocket\r\nConnection: Upgrade\r\nPragma: no-cache\r\n" +
                "Cache-Control: no-cache\r\nX-A: 1\r\nX-A: 2\r\n" +
                "Sec-WebSocket-Key: $SAMPLE_KEY\r\n" +
                "Origin: http://example.com\r\nSec-WebSocket-Protocol: a,b\r\n" +
                "Sec-WebSocket-Extensions: x, y\r\nSec-WebSocket-Version: 13\r\n\r\n"
        }

        test("values that are not set are not sent") {
            client(ConnectingRequest(userAgent = "")).request.headers.names.shouldContainExactly(
                "Host",
                "Upgrade",
                "Connection",
                "Pragma",
                "Cache-Control",
                "Sec-WebSocket-Key",
                "Sec-WebSocket-Version",
            )
        }

        context(
            "Host has the port only if it is not the scheme's own, and an IPv6 address in brackets",
        ) {
            vectors(
                Triple(ConnectingRequest("a", 80), false, "a"),
                Triple(ConnectingRequest("a", 443), true, "a"),
                Triple(ConnectingRequest("a", 443), false, "a:443"),
                Triple(ConnectingRequest("a", 80), true, "a:80"),
                Triple(ConnectingRequest("::1", 80), false, "[::1]"),
                Triple(ConnectingRequest("[::1]", 81), false, "[::1]:81"),
            ) { (asked, secure, host) ->
                client(asked, secure = secure).request.headers["Host"] shouldBe
                    host
            }
        }

        test("fields of the program replace the default ones") {
            val headers = headersOf(
                "host" to "h",
                "user-agent" to "u",
                "Cache-Control" to "max-age=0",
                "Pragma" to "x",
            )
            val sent = client(
                ConnectingRequest(headers = headers, userAgent = "Kobahn"),
            ).request.headers
            for (name in headers.names) sent.getAll(name).shouldContainExactly(headers[name])
        }

        context("the request has the version of the handshake") {
            vectors(8, 13) { version ->
                val handshake = client(ConnectingRequest(origin = "http://a"), version = version)
                val headers = handshake.request.headers
                headers["Sec-WebSocket-Version"] shouldBe "$version"
                headers["Origin"] shouldBe "http://a"
                handshake.opened(response()).version shouldBe version
            }
        }

        test("a response that fits opens the WebSocket") {
            val asked = ConnectingRequest(subprotocols = listOf("a", "b"))
            val headers =
                RESPONSE_FIELDS +
                    headersOf(
                        "Sec-WebSocket-Protocol" to "b",
                        "Sec-WebSocket-Extensions" to "x; a=1",
                    )
            val response = client(asked, listOf(ExtensionHeader("x"))).opened(response(headers))
            response.peer shouldBe "peer"
            response.status shouldBe 101
            response.version shouldBe 13
            response.subprotocol shouldBe "b"
            response.extensions.map { it.toString() }.shouldContainExactly("x; a=1")
            response.toString() shouldBe
                """{"peer": "peer", "headers": """ +
                """{"upgrade": "websocket", "connection": "Upgrade", """ +
                """"sec-websocket-accept": "$SAMPLE_ACCEPT", "sec-websocket-protocol": "b", """ +
                """"sec-websocket-extensions": "x; a=1"}, """ +
                """"status": 101, "version": 13, "protocol": "b", """ +
                """"extensions": [["x", [["a", "1"]]]]}"""
        }

        context("variations that a server may make") {
            rules(
                "Upgrade in any case" to RESPONSE_FIELDS.with("Upgrade", "WebSocket"),
                "Connection as a list" to RESPONSE_FIELDS.with("Connection", "keep-alive, upgrade"),
                "no subprotocol" to RESPONSE_FIELDS + ("Sec-WebSocket-Protocol" to ""),
                "an empty list of extensions is none" to
                    RESPONSE_FIELDS + ("Sec-WebSocket-Extensions" to ""),
            ) { (_, headers) -> client().opened(response(headers)).subprotocol.shouldBeNull() }
        }

        context("every check fails the handshake") {
            rules(
                Triple("HTTP/1.1 only", response(version = "HTTP/1.0"), "HTTP/1.1"),
                Triple("status 101 only", response(status = 200), "200 OK"),
                Triple("a refusal", response(status = 403), "403 Forbidden"),
                Triple("a redirect", response(status = 302), "302 Found"),
                Triple(
                    "Upgrade is missing",
                    response(RESPONSE_FIELDS.with("Upgrade", null)),
                    "Upgrade",
                ),
                Triple(
                    "Upgrade is a list",
                    response(RESPONSE_FIELDS.with("Upgrade", "websocket, h2c")),
                    "Upgrade",
                ),
                Triple(
                    "Upgrade occurs twice",
                    response(RESPONSE_FIELDS + ("Upgrade" to "websocket")),
                    "Upgrade",
                ),
                Triple(
                    "Connection is missing",
                    response(RESPONSE_FIELDS.with("Connection", null)),
                    "Connection",
                ),
                Triple(
                    "Connection is other",
                    response(RESPONSE_FIELDS.with("Connection", "close")),
                    "Connection",
                ),
                Triple(
                    "accept is missing",
                    response(RESPONSE_FIELDS.with("Sec-WebSocket-Accept", null)),
                    "exactly once",
                ),
                Triple(
                    "accept occurs twice",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Accept" to SAMPLE_ACCEPT)),
                    "exactly once",
                ),
                Triple(
                    "accept in another case",
                    response(
                        RESPONSE_FIELDS.with("Sec-WebSocket-Accept", SAMPLE_ACCEPT.lowercase()),
                    ),
                    "key",
                ),
                Triple(
                    "an extension not offered",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Extensions" to "z")),
                    "not offered",
                ),
                Triple(
                    "an extension in another case",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Extensions" to "X")),
                    "not offered",
                ),
                Triple(
                    "an extension twice",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Extensions" to "x, x")),
                    "twice",
                ),
                Triple(
                    "two fields of extensions",
                    response(
                        RESPONSE_FIELDS +
                            headersOf(
                                "Sec-WebSocket-Extensions" to "x",
                                "Sec-WebSocket-Extensions" to "y",
                            ),
                    ),
                    "more than once",
                ),
                Triple(
                    "broken extensions",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Extensions" to "x;")),
                    "malformed",
                ),
                Triple(
                    "a subprotocol not offered",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Protocol" to "c")),
                    "not offered",
                ),
                Triple(
                    "several subprotocols",
                    response(RESPONSE_FIELDS + ("Sec-WebSocket-Protocol" to "a, b")),
                    "not offered",
                ),
                Triple(
                    "two fields of subprotocols",
                    response(
                        RESPONSE_FIELDS +
                            headersOf(
                                "Sec-WebSocket-Protocol" to "a",
                                "Sec-WebSocket-Protocol" to "a",
                            ),
                    ),
                    "more than once",
                ),
            ) { (_, head, reason) ->
                val asked = ConnectingRequest(subprotocols = listOf("a", "b"))
                val failed = client(
                    asked,
                    listOf(ExtensionHeader("x"), ExtensionHeader("y")),
                ).failed(head)
                failed.reason shouldContain reason
                failed.response shouldBe head
            }
        }

        test("nothing may be chosen when nothing was offered") {
            client().failed(
                response(RESPONSE_FIELDS + ("Sec-WebSocket-Extensions" to "permessage-deflate")),
            )
                .reason shouldContain "not offered"
            client().failed(response(RESPONSE_FIELDS + ("Sec-WebSocket-Protocol" to "chat")))
                .reason shouldContain "not offered"
        }

        context("an interim response is passed over") {
            vectors(100, 102, 103, 199) { status ->
                client().check(response(Headers.EMPTY, status), "peer") shouldBe
                    ClientHandshakeResult.Interim
            }
        }

        context("a request that could not be valid is an error") {
            mapOf<String, () -> Any>(
                "an empty host" to { ConnectingRequest("") },
                "a host with a blank" to { ConnectingRequest("a b") },
                "a host with a line break" to { ConnectingRequest("a\r\nX: y") },
                "port 0" to { ConnectingRequest(port = 0) },
                "port 65536" to { ConnectingRequest(port = 65536) },
                "no resource" to { ConnectingRequest(resource = "") },
                "a resource without a slash" to { ConnectingRequest(resource = "a") },
                "a resource with a blank" to { ConnectingRequest(resource = "/a b") },
                "a resource with a line break" to { ConnectingRequest(resource = "/\r\nX:") },
                "a fragment" to { ConnectingRequest(resource = "/a#b") },
                "a subprotocol that is no token" to {
                    ConnectingRequest(subprotocols = listOf("a b"))
                },
                "a subprotocol twice" to { ConnectingRequest(subprotocols = listOf("a", "a")) },
                "a key" to { ConnectingRequest(headers = headersOf("Sec-WebSocket-Key" to "x")) },
                "a connection" to
                    { ConnectingRequest(headers = headersOf("Connection" to "close")) },
                "a body" to { ConnectingRequest(headers = headersOf("Content-Length" to "5")) },
                "two origins" to
                    { ConnectingRequest(headers = headersOf("Origin" to "a"), origin = "b") },
                "a user agent with a line break" to
                    { client(ConnectingRequest(userAgent = "a\r\nb: c")) },
                "an origin with a line break" to {
                    client(ConnectingRequest(origin = "a\r\nb: c"))
                },
                "version 7" to { client(version = 7) },
                "version 18" to { client(version = 18) },
                "a key of 15 bytes" to { ClientHandshake(ConnectingRequest(), ByteArray(15)) },
            ).forEach { (name, make) ->
                test(name) { shouldThrow<IllegalArgumentException> { make() } }
            }
        }

        test("a connecting request shows itself with all its properties") {
            ConnectingRequest(
                headers = headersOf("A" to "b"),
                subprotocols = listOf("p"),
            ).toString() shouldBe
                """{"host": "localhost", "port": 80, "resource": "/", "headers": {"a": "b"}, """ +
                """"useragent": null, "origin": null, "protocols": ["p"]}"""
        }

        test("the client accepts the server's response") {
            val handshake =
                client(ConnectingRequest(subprotocols = listOf("a")), listOf(ExtensionHeader("x")))
            val head = RequestHeadParser().headOf(String(handshake.request.toBytes()))
            val server = ServerHandshake()
            val upgrade = server.check(
                head,
                "client",
            ).shouldBeInstanceOf<ServerHandshakeResult.Upgrade>()
            val accepted = server.accept(upgrade.request, "a", upgrade.request.extensions)
            val answer = ResponseHeadParser().headOf(String(accepted.toBytes()))
            handshake.opened(answer).subprotocol shouldBe "a"
        }
    })
