package dev.kobahn.internal.client

import dev.kobahn.Message
import dev.kobahn.TransportDetails.ChannelType
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.internal.transport.tls.identity
import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.proxy.TestProxy
import dev.kobahn.proxy.connectProxy
import dev.kobahn.proxy.proxyTls
import dev.kobahn.proxy.readHead
import dev.kobahn.proxy.send
import dev.kobahn.proxy.socksProxy
import dev.kobahn.tls.TlsException
import dev.kobahn.tls.TlsException.Reason
import dev.kobahn.tls.TlsServerOptions.ClientCertificates
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.CountDownLatch
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withTimeout

/** TLS before and behind the tunnel. The names of the targets cannot be looked up. */
class ProxiedTlsTest :
    FunSpec({
        timeout = 60_000

        fun client(proxy: ProxyServer, more: WebSocketClientOptions.() -> Unit = {}) =
            webSocketClient {
                this.proxy = proxy
                tls { trust(Certificates.trusting()) }
                more()
            }

        suspend fun echoes(proxy: ProxyServer, url: String, size: Int = 5) =
            withTimeout(30.seconds) {
                client(proxy).connect(url) {
                    val text = "x".repeat(size)
                    send(text)
                    incoming.receive() shouldBe Message.Text(text)
                    transportDetails.isSecure
                }
            }

        suspend fun server(isSecure: Boolean, test: suspend (Int) -> Unit) = webSocketServer {
            if (isSecure) {
                tls { identity(Certificates.issue("target.invalid").identity()) }
            }
            onConnect { for (message in incoming) send(message) }
        }.use { test(it.port) }

        test("wss goes through an HTTP proxy and through a SOCKS5 proxy") {
            server(isSecure = true) { port ->
                connectProxy(port).use { proxy ->
                    echoes(
                        ProxyServer.http("127.0.0.1", proxy.port),
                        "wss://target.invalid/",
                    ) shouldBe
                        true
                    proxy.requests.single() shouldStartWith "CONNECT target.invalid:443 HTTP/1.1"
                }
                socksProxy(port).use { proxy ->
                    echoes(ProxyServer.socks5("127.0.0.1", proxy.port), "wss://target.invalid/")
                    proxy.requests.single() shouldBe "target.invalid:443"
                }
            }
        }

        test("ws and wss go through an https proxy, large messages too") {
            for (isSecure in listOf(false, true)) {
                server(isSecure) { port ->
                    connectProxy(port, proxyTls(Certificates.issue("localhost"))).use { proxy ->
                        val url = if (isSecure) "wss://target.invalid/" else "ws://target.invalid/"
                        val server = ProxyServer.https("localhost", proxy.port)
                        for (size in listOf(5, 3_000_000)) echoes(server, url, size)
                        proxy.requests.first() shouldStartWith "CONNECT target.invalid:"
                    }
                }
            }
        }

        test("ws through an https proxy is not secure, and the proxy's TLS is not the server's") {
            server(isSecure = false) { port ->
                connectProxy(port, proxyTls(Certificates.issue("localhost"))).use { proxy ->
                    var isSecure: Boolean? = null
                    client(ProxyServer.https("localhost", proxy.port)) {
                        onConnecting { details ->
                            isSecure = details.isSecure
                            null
                        }
                    }.connect("ws://target.invalid/") {
                        transportDetails.isSecure shouldBe false
                        transportDetails.tls shouldBe null
                        transportDetails.channelType shouldBe ChannelType.TCP
                    }
                    isSecure shouldBe false
                }
            }
        }

        test("the client's certificate is for the server, and an https proxy gets none") {
            val proxyTls = proxyTls(Certificates.issue("localhost"), Certificates.authority)
            val offered = CompletableDeferred<Boolean>()
            val atServer = CompletableDeferred<Any?>()
            webSocketServer {
                tls {
                    identity(Certificates.issue("target.invalid").identity())
                    clientCertificates = ClientCertificates.NEED
                    trust(Certificates.trusting())
                }
                onConnect { atServer.complete(transportDetails.tls!!.peerCertificate) }
            }.use { server ->
                TestProxy(proxyTls) { client, _ ->
                    client as SSLSocket
                    client.wantClientAuth = true
                    client.getInputStream().readHead()
                    offered.complete(runCatching { client.session.peerCertificates }.isSuccess)
                    client.send("HTTP/1.1 200 OK\r\n\r\n")
                    relay(client, server.port)
                }.use { proxy ->
                    client(ProxyServer.https("localhost", proxy.port)) {
                        tls { identity(Certificates.client) }
                    }.connect("wss://target.invalid/") { }
                    offered.await() shouldBe false
                    atServer.await() shouldBe Certificates.client.certificates.first()
                }
            }
        }

        test("an https proxy that wants a certificate of the client is told as that") {
            val proxyTls = proxyTls(Certificates.issue("localhost"), Certificates.authority)
            TestProxy(proxyTls) { client, _ ->
                client as SSLSocket
                client.needClientAuth = true
                client.getInputStream().readHead()
            }.use { proxy ->
                val failure = shouldThrow<ProxyException> {
                    client(ProxyServer.https("localhost", proxy.port))
                        .connect("wss://target.invalid/")
                }
                failure.cause.shouldBeInstanceOf<TlsException>().reason shouldBe
                    Reason.CLIENT_CERTIFICATE
                failure.message shouldContain "certificate"
            }
        }

        test("a refusal of an https proxy keeps its status although TLS breaks in its body") {
            val context = proxyTls(Certificates.issue("localhost"))
            TestProxy { client, _ ->
                val tls = context.socketFactory.createSocket(client, null, false) as SSLSocket
                tls.useClientMode = false
                tls.getInputStream().readHead()
                tls.send("HTTP/1.1 503 Later\r\n\r\nbusy")
                client.send("no TLS")
                client.getInputStream().readBytes()
            }.use { proxy ->
                val failure = shouldThrow<ProxyException> {
                    echoes(ProxyServer.https("localhost", proxy.port), "ws://target.invalid/")
                }
                failure.status shouldBe 503
                failure.bodyText shouldBe "busy"
                failure.cause.shouldBeInstanceOf<TlsException>()
            }
        }

        test("serverName is that of the target, not of an https proxy") {
            server(isSecure = true) { port ->
                connectProxy(port, proxyTls(Certificates.issue("localhost"))).use { proxy ->
                    client(ProxyServer.https("localhost", proxy.port)) {
                        tls { serverName = "target.invalid" }
                    }.connect("wss://198.51.100.1/") { }
                    proxy.requests.single() shouldStartWith "CONNECT 198.51.100.1:443 "
                }
            }
        }

        test("an https proxy that is not trusted, or has another name, is a ProxyException") {
            val wrong = mapOf(
                Certificates.issue("localhost", by = Certificates.stranger) to
                    Reason.UNKNOWN_AUTHORITY,
                Certificates.issue("other.example") to Reason.WRONG_HOST,
            )
            for ((bundle, reason) in wrong) {
                connectProxy(1, proxyTls(bundle)).use { proxy ->
                    val server = ProxyServer.https("localhost", proxy.port)
                    val failure =
                        shouldThrow<ProxyException> { echoes(server, "ws://target.invalid/") }
                    failure.message shouldStartWith "$server cannot be reached: "
                    failure.message shouldContain "the proxy's certificate"
                    failure.message shouldNotContain "serverName"
                    failure.cause.shouldBeInstanceOf<TlsException>().reason shouldBe reason
                }
            }
        }

        test("a server behind a proxy that is not trusted is a TlsException") {
            webSocketServer {
                tls { identity(Certificates.server) }
                onConnect { accept() }
            }.use { server ->
                connectProxy(server.port).use { proxy ->
                    shouldThrow<TlsException> {
                        echoes(ProxyServer.http("127.0.0.1", proxy.port), "wss://target.invalid/")
                    }.message shouldContain "target.invalid:443"
                }
            }
        }

        test(
            "a plain proxy that is taken for an https proxy fails connect, and a stalling one too",
        ) {
            TestProxy { client, _ ->
                client.getInputStream().read()
                client.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            }.use { proxy ->
                val failure = shouldThrow<ProxyException> {
                    echoes(ProxyServer.https("localhost", proxy.port), "ws://target.invalid/")
                }
                failure.message shouldContain "cannot be reached: the proxy at localhost:"
                failure.message shouldEndWith "it may be an http proxy"
            }
            TestProxy { client, _ -> client.getInputStream().readBytes() }.use { proxy ->
                shouldThrow<ProxyException> {
                    client(ProxyServer.https("localhost", proxy.port)) {
                        openHandshakeTimeout = 300.milliseconds
                    }.connect("ws://target.invalid/")
                }.message shouldEndWith "the TLS handshake with the proxy was not done within 300ms"
            }
        }

        test("a byte that comes after the 2xx head and before TLS fails connect") {
            val opened = CountDownLatch(1)
            val sent = CountDownLatch(1)
            TestProxy { client, _ ->
                client.getInputStream().readHead()
                client.send("HTTP/1.1 200 OK\r\n\r\n")
                opened.await()
                client.send("!")
                sent.countDown()
                client.getInputStream().readBytes()
            }.use { proxy ->
                val client = webSocketClient {
                    this.proxy = ProxyServer.http("localhost", proxy.port)
                    tls {
                        sslContext {
                            opened.countDown()
                            sent.await()
                            SSLContext.getDefault()
                        }
                    }
                }
                shouldThrow<ProxyException> { client.connect("wss://target.invalid/") }
                    .message shouldContain "opens no tunnel to target.invalid:443: data"
            }
        }

        test("a byte between the 2xx head and TLS fails connect") {
            TestProxy { client, _ ->
                client.getInputStream().readHead()
                client.send("HTTP/1.1 200 OK\r\n\r\n!")
                client.getInputStream().readBytes()
            }.use { proxy ->
                shouldThrow<ProxyException> {
                    echoes(ProxyServer.http("localhost", proxy.port), "wss://target.invalid/")
                }.message shouldContain "data follows the answer 200"
            }
        }
    })
