package dev.kobahn.internal.client

import dev.kobahn.HostResolver
import dev.kobahn.Message
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.WireLog
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.protocol.toHex
import dev.kobahn.proxy.ProxyChoice
import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.proxy.TestProxy
import dev.kobahn.proxy.connectProxy
import dev.kobahn.proxy.readHead
import dev.kobahn.proxy.send
import dev.kobahn.proxy.socksProxy
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** A client and real proxies on loopback. No name of a target here can be looked up. */
class ProxiedConnectTest :
    FunSpec({
        timeout = 60_000

        suspend fun echo(test: suspend (port: Int, headers: CompletableDeferred<String>) -> Unit) {
            val headers = CompletableDeferred<String>()
            webSocketServer {
                onConnect {
                    headers.complete(request.headers.toString())
                    for (message in incoming) send(message)
                }
            }.use { test(it.port, headers) }
        }

        suspend fun WebSocketClient.echoes(url: String) = withTimeout(20.seconds) {
            connect(url) {
                send("hello")
                incoming.receive() shouldBe Message.Text("hello")
            }
        }

        fun through(proxy: ProxyChoice, more: WebSocketClientOptions.() -> Unit = {}) =
            webSocketClient {
                this.proxy = proxy
                more()
            }

        fun http(proxy: TestProxy) = ProxyServer.http("127.0.0.1", proxy.port)

        fun socks(proxy: TestProxy) = ProxyServer.socks5("127.0.0.1", proxy.port)

        test("ws goes through a tunnel, and the proxy looks the name up") {
            echo { port, _ ->
                connectProxy(port).use { proxy ->
                    through(http(proxy)).echoes("ws://target.invalid:8080/chat")
                    proxy.requests.single() shouldBe
                        "CONNECT target.invalid:8080 HTTP/1.1\r\nHost: target.invalid:8080\r\n" +
                        "User-Agent: Kobahn\r\n\r\n"
                }
            }
        }

        test("an IPv6 literal is in brackets, without its zone") {
            echo { port, _ ->
                connectProxy(port).use { proxy ->
                    through(http(proxy)).echoes("ws://[2001:db8::1]/")
                    proxy.requests.single() shouldStartWith "CONNECT [2001:db8::1]:80 HTTP/1.1\r\n"
                }
                socksProxy(port).use { proxy ->
                    through(socks(proxy)).echoes("ws://[2001:db8::1]/")
                    proxy.requests.single() shouldEndWith ":1:80"
                }
            }
        }

        test("a percent sign in a name is no zone: the proxy gets the whole name") {
            echo { port, _ ->
                val url = "ws://inner.invalid%2etrusted.invalid/"
                connectProxy(port).use { proxy ->
                    through(http(proxy)).echoes(url)
                    proxy.requests.single() shouldStartWith
                        "CONNECT inner.invalid%2etrusted.invalid:80 HTTP/1.1\r\n"
                }
                socksProxy(port).use { proxy ->
                    through(socks(proxy)).echoes(url)
                    proxy.requests.single() shouldBe "inner.invalid%2etrusted.invalid:80"
                }
            }
        }

        test("a name that is too long for SOCKS5 fails before the proxy is asked") {
            socksProxy(1).use { proxy ->
                val failure = shouldThrow<ProxyException> {
                    through(socks(proxy)).echoes("ws://${"a.".repeat(128)}invalid/")
                }
                failure.message shouldContain "255 bytes"
                proxy.connections shouldBe 0
            }
        }

        test("credentials and fields for the proxy never reach the server") {
            echo { port, headers ->
                connectProxy(port).use { proxy ->
                    val server = http(proxy).withCredentials("user", "secret")
                        .withHeaders(headersOf("X-Team" to "7"))
                    through(server) { userAgent = null }.echoes("ws://target.invalid/")
                    proxy.requests.single() shouldContain "\r\nProxy-Authorization: Basic dXNlc"
                    proxy.requests.single() shouldContain "\r\nX-Team: 7\r\n"
                    headers.await() shouldNotContain "Proxy"
                    headers.await() shouldNotContain "X-Team"
                }
            }
        }

        test("a log of all bytes holds no credentials for the proxy") {
            echo { port, _ ->
                connectProxy(port).use { proxy ->
                    val lines = StringBuffer()
                    through(http(proxy).withCredentials("user", "secret")) {
                        logBytes = true
                        wireLog = WireLog { lines.append(it.toString()).append('\n') }
                    }.echoes("ws://target.invalid/")
                    lines.toString() shouldContain "GET ".encodeToByteArray().toHex()
                    lines.toString() shouldNotContain "CONNECT ".encodeToByteArray().toHex()
                }
            }
        }

        test("a name goes through SOCKS5 as a name, with and without a password") {
            echo { port, _ ->
                socksProxy(port).use { proxy ->
                    through(socks(proxy)).echoes("ws://target.invalid:81/")
                    proxy.requests shouldContainExactly listOf("target.invalid:81")
                }
                socksProxy(port, "user:secret").use { proxy ->
                    through(socks(proxy).withCredentials("user", "secret"))
                        .echoes("ws://192.0.2.7:81/")
                    proxy.requests shouldContainExactly listOf("192.0.2.7:81")
                    shouldThrow<ProxyException> {
                        through(socks(proxy).withCredentials("user", "wrong"))
                            .echoes("ws://target.invalid:81/")
                    }.message shouldContain "refused user and password"
                }
            }
        }

        test("credentials on request follow a 407 on the same connection, if the proxy keeps it") {
            echo { port, _ ->
                for (fields in listOf("", "Connection: close\r\n")) {
                    TestProxy { client, number ->
                        requests += client.getInputStream().readHead()
                        if (requests.size == 1) {
                            client.send(
                                "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" +
                                    "Content-Length: 3\r\n${fields}\r\nwho",
                            )
                            if (fields.isNotEmpty()) return@TestProxy
                            requests += client.getInputStream().readHead()
                        }
                        number shouldBe if (fields.isEmpty()) 0 else 1
                        client.send("HTTP/1.1 200 OK\r\n\r\n")
                        relay(client, port)
                    }.use { proxy ->
                        through(http(proxy).withCredentialsOnRequest("u", "p"))
                            .echoes("ws://target.invalid/")
                        proxy.requests.map { "Proxy-Authorization: Basic dTpw" in it } shouldBe
                            listOf(false, true)
                    }
                }
            }
        }

        test("a proxy with a dead address is asked a second time, with credentials") {
            echo { port, _ ->
                TestProxy { client, number ->
                    requests += client.getInputStream().readHead()
                    if (number == 0) {
                        client.send(
                            "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" +
                                "Connection: close\r\n\r\n",
                        )
                    } else {
                        client.send("HTTP/1.1 200 OK\r\n\r\n")
                        relay(client, port)
                    }
                }.use { proxy ->
                    val named = ProxyServer.http("proxy.example", proxy.port)
                    through(named.withCredentialsOnRequest("u", "p")) {
                        // The proxy listens on the second address only.
                        resolver = HostResolver {
                            listOf("127.0.0.2", "127.0.0.1").map(InetAddress::getByName)
                        }
                    }.echoes("ws://target.invalid/")
                    proxy.connections shouldBe 2
                }
            }
        }

        test("credentials on request follow on a new connection if the proxy ends the first") {
            echo { port, _ ->
                for (body in listOf("who", "w")) {
                    TestProxy { client, number ->
                        requests += client.getInputStream().readHead()
                        if (number == 0) {
                            return@TestProxy client.send(
                                "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" +
                                    "Content-Length: 3\r\n\r\n$body",
                            )
                        }
                        client.send("HTTP/1.1 200 OK\r\n\r\n")
                        relay(client, port)
                    }.use { proxy ->
                        through(http(proxy).withCredentialsOnRequest("u", "p"))
                            .echoes("ws://target.invalid/")
                        proxy.requests.map { "Proxy-Authorization: Basic dTpw" in it } shouldBe
                            listOf(false, true)
                    }
                }
            }
        }

        test("a lookup that takes too long is told as one, even after a 407") {
            TestProxy { client, _ ->
                client.getInputStream().readHead()
                client.send(
                    "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" +
                        "Content-Length: 0\r\nConnection: close\r\n\r\n",
                )
            }.use { proxy ->
                var lookups = 0
                val server = ProxyServer.http("proxy.invalid", proxy.port)
                val failure = shouldThrow<ProxyException> {
                    through(server.withCredentialsOnRequest("u", "p")) {
                        openHandshakeTimeout = 500.milliseconds
                        resolver = HostResolver {
                            if (lookups++ > 0) awaitCancellation()
                            listOf(InetAddress.getByName("127.0.0.1"))
                        }
                    }.connect("ws://target.invalid/")
                }
                lookups shouldBe 2
                failure.message shouldContain "was not looked up"
                failure.status shouldBe null
            }
        }

        suspend fun failure(
            limit: Int = 20_000,
            kind: (TestProxy) -> ProxyServer = ::http,
            serve: TestProxy.(Socket, Int) -> Unit,
        ): ProxyException = TestProxy(serve = serve).use { proxy ->
            val client = through(kind(proxy)) { openHandshakeTimeout = limit.milliseconds }
            val begin = TimeSource.Monotonic.markNow()
            shouldThrow<ProxyException> { client.connect("ws://target.invalid:81/") }.also {
                begin.elapsedNow().inWholeMilliseconds shouldBeLessThan limit + 5000L
                it.message shouldContain "target.invalid:81"
                it.message shouldContain "${kind(proxy)}"
            }
        }

        test("a refusal has the proxy's status, fields and body") {
            val refused = failure { client, _ ->
                client.getInputStream().readHead()
                client.send("HTTP/1.1 403 No\r\nX-Why: rules\r\nContent-Length: 5\r\n\r\nsorry")
            }
            refused.status shouldBe 403
            refused.headers["X-Why"] shouldBe "rules"
            refused.bodyText shouldBe "sorry"
            refused.message shouldContain "opens no tunnel to target.invalid:81: answered 403 No"
        }

        test("a SOCKS5 refusal has the code of the reply") {
            val refused = failure(kind = ::socks) { client, _ ->
                client.send(byteArrayOf(5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0))
                client.getInputStream().readBytes()
            }
            refused.socksReply shouldBe 4
            refused.message shouldContain "does not know its name (SOCKS5 reply 4)"
        }

        test("a proxy that closes without an answer fails connect") {
            failure { client, _ ->
                client.getInputStream().readHead()
            }.message shouldContain "without an answer"
            failure(kind = ::socks) { _, _ -> }.message shouldContain "without an answer"
        }

        test("a proxy that stalls fails connect when openHandshakeTimeout is over") {
            val limit = 300
            failure(limit) { client, _ ->
                client.getInputStream().readBytes()
            }.message shouldEndWith "no tunnel through the proxy within 300ms"
            val stalled = failure(limit) { client, _ ->
                client.send("HTTP/1.1 503 Later\r\n\r\nbusy")
                client.getInputStream().readBytes()
            }
            stalled.status shouldBe 503
        }

        test("a proxy that talks garbage fails connect") {
            failure { client, _ ->
                client.send("SSH-2.0-OpenSSH\r\n")
                client.getInputStream().readBytes()
            }.message shouldContain "not HTTP"
            failure(kind = ::socks) { client, _ ->
                client.send("HTTP/1.1 400 Bad Request\r\n\r\n")
                client.getInputStream().readBytes()
            }.message shouldContain "is it a SOCKS5 proxy?"
        }

        test("a byte behind the 2xx head fails connect") {
            failure { client, _ ->
                client.getInputStream().readHead()
                client.send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Too early\r\n\r\n")
                client.getInputStream().readBytes()
            }.message shouldContain "data follows the answer 200"
        }

        test("a byte that comes between the 2xx head and the request fails connect") {
            val opened = CompletableDeferred<Unit>()
            val sent = CompletableDeferred<Unit>()
            TestProxy { client, _ ->
                client.getInputStream().readHead()
                client.send("HTTP/1.1 200 OK\r\n\r\n")
                runBlocking { opened.await() }
                client.send("!")
                sent.complete(Unit)
                client.getInputStream().readBytes()
            }.use { proxy ->
                val client = through(http(proxy)) {
                    onConnecting {
                        opened.complete(Unit)
                        sent.await()
                        null
                    }
                }
                val failure = shouldThrow<ProxyException> { client.connect("ws://target.invalid/") }
                failure.message shouldContain "opens no tunnel to target.invalid:80: data"
            }
        }

        test("a proxy that cannot be reached is named") {
            val port = ServerSocket(0).use { it.localPort }
            shouldThrow<ProxyException> {
                through(ProxyServer.http("127.0.0.1", port)).connect("ws://target.invalid/")
            }.message shouldContain "http://127.0.0.1:$port cannot be reached: "
            shouldThrow<ProxyException> {
                through(ProxyServer.socks5("proxy.invalid", 1)).connect("ws://target.invalid/")
            }.message shouldContain "socks5://proxy.invalid:1 cannot be reached: "
        }

        test("each connection asks for its proxy; null is a direct connection") {
            echo { port, _ ->
                connectProxy(port).use { proxy ->
                    val client = through(
                        ProxyChoice { url -> http(proxy).takeIf { url.host == "target.invalid" } },
                    )
                    client.echoes("ws://localhost:$port/")
                    proxy.requests.shouldBeEmpty()
                    client.echoes("ws://target.invalid/")
                    proxy.connections shouldBe 1
                }
            }
        }

        test("openHandshakeTimeout includes the choice, and its exception fails connect") {
            val slow = through(ProxyChoice { awaitCancellation() }) {
                openHandshakeTimeout =
                    100.milliseconds
            }
            shouldThrow<IOException> { slow.connect("ws://target.invalid/") }
                .message shouldContain "the choice of a proxy did not return within 100ms"
            shouldThrow<IllegalStateException> {
                through(ProxyChoice { error("no idea") }).connect("ws://target.invalid/")
            }.message shouldBe "no idea"
        }
    })
