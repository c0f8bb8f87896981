package dev.kobahn.internal.client

import dev.kobahn.CookieJar
import dev.kobahn.HandshakeException
import dev.kobahn.HostResolver
import dev.kobahn.Message
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WebSocketServer
import dev.kobahn.against
import dev.kobahn.protocol.handshake.BasicCredentials
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import java.net.CookieManager
import java.net.InetAddress
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.awaitCancellation

/** Credentials, cookies and redirects of a client. */
class OpeningTest :
    FunSpec({
        test("a redirect is an error that names maxRedirects, unless the option is set") {
            telling().use { server ->
                val failure = shouldThrow<HandshakeException> {
                    webSocketClient().connect(server.url("/to?/end"))
                }
                failure.message shouldEndWith
                    "maxRedirects would let the client follow the redirect to /end"
                failure.redirects.shouldBeEmpty()
                server.ask("/to?/end") shouldContain "/end"
            }
        }

        test("redirects lead on, relative ones too") {
            telling().use { server ->
                server.ask("/to?to?to?/end") shouldContain "/end"
                server.ask("/a/b/to?../to?http://localhost:${server.port}/end") shouldContain "/end"
            }
        }

        test("another server gets no credentials, and nor does the first one after it") {
            telling().use { first ->
                telling().use { second ->
                    val secrets: WebSocketClientOptions.() -> Unit = {
                        headers = headersOf(
                            "X-Kept" to "kept",
                            "Cookie" to "a=1",
                            "Proxy-Authorization" to "Basic YTpi",
                        )
                        bearerAuth { "token" }
                    }
                    first.ask("/to?/end", secrets).let {
                        it shouldContain "Bearer token"
                        it shouldContain "a=1"
                    }
                    for (way in listOf(
                        second.url("/end"),
                        second.url("/to?" + first.url("/end")),
                    )) {
                        val told = first.ask("/to?$way", secrets)
                        told shouldContain "X-Kept: kept"
                        told shouldNotContain "Authorization"
                        told shouldNotContain "Cookie"
                    }
                }
            }
        }

        test("another server gets its own Host, and the first one the Host of the options") {
            telling().use { first ->
                telling().use { second ->
                    val named: WebSocketClientOptions.() -> Unit = {
                        headers = headersOf("Host" to "inner.example")
                    }
                    first.ask("/to?/end", named) shouldContain "Host: inner.example"
                    first.ask("/to?" + second.url("/end"), named) shouldContain
                        "Host: localhost:${second.port}"
                }
            }
        }

        test("a redirect is followed at once, whatever its body is") {
            telling().use { server ->
                for (body in listOf(
                    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                    "Content-Length: 5\r\n\r\nh",
                    "\r\nthe connection stays open",
                )) {
                    against({ peer ->
                        peer.readHead()
                        peer.send("HTTP/1.1 302 Found\r\nLocation: ${server.url("/end")}\r\n$body")
                        peer.readAll()
                    }) { url -> told(url) { openHandshakeTimeout = ZERO } shouldContain "/end" }
                }
            }
        }

        test("a refusal with a chunked body is told at once, with the body") {
            against({ peer ->
                peer.readHead()
                peer.send(
                    "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
                )
                peer.readAll()
            }) { url ->
                shouldThrow<HandshakeException> { told(url) { openHandshakeTimeout = ZERO } }
                    .bodyText shouldBe "no"
            }
        }

        test("a jar gets nothing of servers on Unix sockets, which have no host") {
            val jar = CookieJar.of(CookieManager())
            val socket = WebSocketUrl.parse("ws+unix:/run/a.sock:/")
            val host = WebSocketUrl.parse("ws://localhost:80/")
            jar.save(socket, listOf("a=1; Path=/"))
            jar.load(socket) shouldBe null
            jar.load(host) shouldBe null
            jar.save(host, listOf("b=2; Path=/"))
            jar.load(host) shouldBe "b=2"
            jar.load(socket) shouldBe null
        }

        test("a host that java.net.URI refuses is connected without cookies") {
            telling().use { server ->
                val client = webSocketClient {
                    cookies = CookieJar.of(CookieManager())
                    resolver = HostResolver { listOf(InetAddress.getByName("127.0.0.1")) }
                }
                for (host in listOf("my_service", "-a-.example", "host.123")) {
                    repeat(2) {
                        client.told("ws://$host:${server.port}/set?a=1") shouldNotContain "Cookie:"
                    }
                }
            }
        }

        test("credentials in the URL go to their server only") {
            telling().use { first ->
                telling().use { second ->
                    val url = "ws://ada:pw@localhost:${first.port}"
                    val field = BasicCredentials("ada", "pw").headerValue
                    told("$url/end") shouldContain "Authorization: $field"
                    told("$url/to?/end") shouldContain "Authorization: $field"
                    told("$url/to?" + second.url("/end")) shouldNotContain "Authorization"
                }
            }
        }

        test("redirects in a circle are an error that names them") {
            telling().use { server ->
                val failure = shouldThrow<HandshakeException> { server.ask("/x?/y?/z?secret") }
                    .also { it.status shouldBe 302 }
                failure.message shouldContain "the redirects go in a circle: "
                failure.message shouldContain "/x -> ${server.url("/y")}"
                failure.message!! shouldNotContain "secret"
                failure.redirects shouldHaveSize 3
            }
        }

        test("more redirects than allowed are an error that names them") {
            telling().use { server ->
                val url = "/" + "to?".repeat(4) + "/end"
                server.ask(url) { maxRedirects = 4 } shouldContain "/end"
                val failure =
                    shouldThrow<HandshakeException> { server.ask(url) { maxRedirects = 3 } }
                failure.message shouldContain "more than 3 redirects: "
                failure.redirects shouldHaveSize 4
            }
        }

        test("a redirect that cannot be followed is an error that says why") {
            telling().use { server ->
                val failure = shouldThrow<HandshakeException> { server.ask("/to?ftp://a/") }
                failure.message shouldContain
                    "a redirect that cannot be followed: its scheme is none"
                failure.status shouldBe 302
            }
        }

        test("a refusal behind a redirect has the way to it") {
            telling().use { server ->
                val failure = shouldThrow<HandshakeException> { server.ask("/to?/deny") }
                failure.status shouldBe 403
                failure.redirects.map { it.path } shouldBe listOf("/to", "/deny")
            }
        }

        test("openHandshakeTimeout limits all redirects together") {
            webSocketServer {
                onRequest { request ->
                    if (request.path == "/slow") awaitCancellation()
                    HttpResponse.redirect("/slow")
                }
            }.use { server ->
                val client = webSocketClient {
                    maxRedirects = 1
                    openHandshakeTimeout = 200.milliseconds
                }
                val failure =
                    shouldThrow<HandshakeException> { client.connect(server.url("/?secret")) }
                failure.message shouldContain "no answer to the opening handshake within 200ms"
                failure.message shouldEndWith
                    ", after the redirect ${server.url("/")} -> ${server.url("/slow")}"
                failure.redirects.map { it.path } shouldBe listOf("/", "/slow")
            }
        }

        test("a token is asked for anew for each connection") {
            var count = 0
            telling().use { server ->
                val client = webSocketClient { bearerAuth { "token${++count}" } }
                repeat(2) { client.told(server.url("/")) shouldContain "Bearer token${it + 1}" }
            }
        }

        test("a token that does not come is an error that says so") {
            telling().use { server ->
                val client = webSocketClient {
                    openHandshakeTimeout = 100.milliseconds
                    bearerAuth { awaitCancellation() }
                }
                shouldThrow<HandshakeException> { client.connect(server.url("/")) }
                    .message shouldContain "bearerAuth did not return within 100ms"
            }
        }

        test("two sources of Authorization are an error, and none is preferred silently") {
            against({ it.readAll() }) { url ->
                val client =
                    webSocketClient { headers = headersOf("Authorization" to "Basic YTpi") }
                shouldThrow<IllegalArgumentException> {
                    client.connect(url.replace("ws://", "ws://ada:secret@"))
                }.message!!.let {
                    it shouldContain "Authorization is given twice"
                    it shouldNotContain "secret"
                }
            }
        }

        test("a second Authorization by onConnecting is an error too") {
            telling().use { server ->
                val client = webSocketClient {
                    bearerAuth { "a" }
                    onConnecting { plus(headersOf("Authorization" to "Bearer b")) }
                }
                shouldThrow<IllegalArgumentException> { client.connect(server.url("/")) }
                    .message shouldContain "Authorization is given twice"
            }
        }

        test("the credentials of a URL take precedence over those of the options") {
            telling().use { server ->
                val client = webSocketClient { basicAuth("a", "b") }
                client.told(server.url("/")) shouldContain BasicCredentials("a", "b").headerValue
                client.told("ws://c:d@localhost:${server.port}/") shouldContain
                    BasicCredentials("c", "d").headerValue
            }
        }

        test("a jar keeps the cookies of all answers, and shows each server its own") {
            telling().use { server ->
                val client = webSocketClient {
                    cookies = CookieJar.of(CookieManager())
                    headers = headersOf("Cookie" to "own=0")
                    maxRedirects = 10
                }
                client.told(server.url("/set?a=1")) shouldContain "Cookie: own=0\n"
                client.told(server.url("/")) shouldContain "Cookie: own=0; a=1"
                shouldThrow<HandshakeException> { client.connect(server.url("/deny?b=2")) }
                client.told(server.url("/end")).let {
                    it shouldContain "a=1"
                    it shouldContain "b=2"
                }
                client.told("ws://127.0.0.1:${server.port}/") shouldNotContain "a=1"
            }
        }

        test("with cookies a redirect may lead to the same URL again") {
            webSocketServer {
                onRequest { request ->
                    if (request.cookie("seen") != null) {
                        null
                    } else {
                        HttpResponse.redirect("/").withHeaders(headersOf("Set-Cookie" to "seen=1"))
                    }
                }
                onConnect { send(request.cookie("seen").orEmpty()) }
            }.use { server ->
                val client = webSocketClient {
                    cookies = CookieJar.of(CookieManager())
                    maxRedirects = 1
                }
                client.told(server.url("/")) shouldBe "1"
            }
        }
    })

/**
 * A server that opens a WebSocket and sends the request's path and headers, except: `to?URL` leads
 * to the URL, `/x`, `/y` and `/z` lead to the next of them, `/set?cookie` sets a cookie, and
 * `/deny?cookie` sets it and refuses.
 */
private fun telling() = webSocketServer {
    onRequest { request ->
        val query = request.query
        when (request.path.substringAfterLast('/')) {
            "to" -> HttpResponse.redirect(query!!, status = 302)

            "x" -> HttpResponse.redirect("/y?secret", status = 302)

            "y" -> HttpResponse.redirect("/z?secret", status = 302)

            "z" -> HttpResponse.redirect("/y?secret", status = 302)

            "deny" -> HttpResponse(
                403,
                headers = headersOf("Set-Cookie" to "${query ?: "no=1"}; Path=/"),
            )

            else -> null
        }
    }
    onConnect {
        val cookie = request.query.takeIf { request.path == "/set" }
        if (cookie != null) accept(headers = headersOf("Set-Cookie" to "$cookie; Path=/"))
        send(
            request.path + "\n" + request.headers.joinToString("\n") { "${it.key}: ${it.value}" } +
                "\n",
        )
    }
}

private fun WebSocketServer.url(target: String) =
    WebSocketUrl.parse("ws://localhost:$port$target").toString()

private suspend fun WebSocketServer.ask(
    target: String,
    configure: WebSocketClientOptions.() -> Unit = {},
): String = told(url(target), configure)

private suspend fun told(url: String, configure: WebSocketClientOptions.() -> Unit = {}): String =
    webSocketClient {
        maxRedirects = 10
        configure()
    }.told(url)

private suspend fun dev.kobahn.WebSocketClient.told(url: String): String =
    connect(url) { (incoming.receive() as Message.Text).text }
